import { programRuns } from './program-runs.ts'
import { type Random, random } from './random.ts'

/** How the simulated authorization server behaves. */
export interface Personality {
  /** `strict`: a used refresh token ends its family. `grace`: it brings the same pair again for a while. `none`, `same`: no rotation. */
  readonly rotation: 'strict' | 'grace' | 'none' | 'same'
  /** What it says to a dead refresh token. */
  readonly refusal: 'invalid_grant' | 'as_text' | 'empty' | 'invalid_request' | 'html' | 'forbidden'
  /** What `expires_in` says of a token that lives for `lifetime`. */
  readonly expiresIn: 'number' | 'text' | 'zero' | 'negative' | 'absent' | 'huge'
  /** Lifetime of access tokens, ms. */
  readonly lifetime: number
  /** `Bearer` or otherwise. */
  readonly tokenType: 'Bearer' | 'bearer'
  /** How its revocation endpoint answers. */
  readonly revocation: 'works' | 'absent' | 'refuses' | 'fails'
  /** Whether ID tokens come with tokens. */
  readonly idTokens: boolean
  /** Probability that an answer rotates and is otherwise malformed. */
  readonly malformed: number
  /** Probability that a refresh answers for another person. */
  readonly otherPerson: number
}

/** What goes wrong all the time, each as a probability or as milliseconds at most. */
export interface Noise {
  readonly storeDelay: number
  readonly storeFails: number
  readonly lockDelay: number
  readonly channelDelay: number
  readonly channelLoses: number
  readonly channelRepeats: number
  readonly networkDelay: number
  readonly requestLost: number
  readonly answerLost: number
  readonly timersLate: number
  /** Share by which the tabs' monotonic clocks differ. */
  readonly drift: number
  /** By how much the tabs' wall clocks differ, as those of several hosts do, ms. */
  readonly skew: number
  /** Probability that a listener throws. */
  readonly listenersThrow: number
}

/** One history: everything that is decided before it begins. */
export interface Plan {
  readonly seed: number
  readonly tabs: number
  /** `never`: granted to nobody. `refused`: asking for it fails. */
  readonly lock: 'shared' | 'process' | 'never' | 'refused'
  readonly server: Personality
  readonly noise: Noise
  /** Whether the storage tells which of the processes that use it are over. */
  readonly processes: boolean
  /** Whether the storage tells those who wait of changes. */
  readonly watched: boolean
  /** Contexts that live for one call, one after the other; `rare`: further apart than any back-off. */
  readonly programs?: 'rare' | 'frequent'
  readonly options: {
    readonly requestTimeout: number
    readonly confirmInterval: number
    readonly idleTimeout?: number
    readonly maxAge?: number
    readonly interval?: number
    readonly revokeReplaced: boolean
  }
  readonly moves: readonly Move[]
  /** When the faults end, ms. */
  readonly ends: number
}

/** What happens at a certain time. A move of a tab that is not open does nothing. */
export type Move = {
  readonly at: number
} /** `after`: once the tab has taken so many steps more, wherever it stands then. */ & (
  | { readonly do: TabMove; readonly tab: number; readonly after?: number }
  | { readonly do: 'sleep' | 'set the clock by'; readonly ms: number }
  | { readonly do: 'store fails'; readonly what: 'reads' | 'writes' | 'both'; readonly ms: number }
  | { readonly do: 'server fails'; readonly how: ServerFault; readonly ms: number }
  | { readonly do: WorldMove }
)

export type TabMove =
  | (
      | 'open'
      | 'close'
      | 'crash'
      | 'freeze'
      | 'thaw'
      | 'hang'
      | 'hide'
      | 'show'
      | 'go offline'
      | 'come online'
      | 'dispose'
    )
  | ('getAccessToken' | 'getAccessToken narrow' | 'getAccessToken resource' | 'getAccessToken abandoned')
  | ('fetch' | 'post' | 'refresh' | 'signOut' | 'adopt' | 'adopt other' | 'run once')

export type WorldMove = 'clear storage' | 'steal lock' | 'revoke grant' | 'reject access tokens'

/** Answers or silences of a server that fails. */
export type ServerFault = '503' | '503 with date' | '429' | '500' | '400' | 'redirect' | 'silence' | 'unreachable'

const tabMoves: readonly (readonly [TabMove, number])[] = [
  ...([
    ['getAccessToken', 30],
    ['fetch', 12],
    ['post', 2],
    ['refresh', 4],
    ['getAccessToken narrow', 3],
    ['getAccessToken resource', 2],
    ['getAccessToken abandoned', 2],
  ] as const),
  ...([
    ['signOut', 3],
    ['adopt', 3],
    ['adopt other', 1],
    ['dispose', 1],
  ] as const),
]
const lifeMoves: readonly (readonly [TabMove, number])[] = [
  ...([
    ['hide', 3],
    ['show', 4],
    ['go offline', 2],
    ['come online', 3],
    ['close', 2],
    ['crash', 4],
  ] as const),
  ...([
    ['open', 6],
    ['freeze', 3],
    ['hang', 3],
    ['thaw', 6],
  ] as const),
]
const sudden: readonly TabMove[] = ['crash', 'close', 'freeze', 'hang', 'signOut', 'dispose', 'hide']
const serverFaults: readonly ServerFault[] = [
  '503',
  '503 with date',
  '429',
  '500',
  '400',
  'redirect',
  'silence',
  'unreachable',
]

/** The share of histories with programs in place of tabs. */
const PROGRAMS = 0.03

/** The history of `seed`. Each has faults of some kinds only: what is wrong shows best when little else is. */
export function plan(seed: number): Plan {
  const dice = random(seed)
  const lifetime = dice.pick([20_000, 60_000, 60_000, 300_000])
  const server: Personality = {
    lifetime,
    rotation: dice.pick(['strict', 'strict', 'strict', 'grace', 'none', 'same'] as const),
    refusal:
      sometimes(dice, 0.3, ['as_text', 'empty', 'invalid_request', 'html', 'forbidden'] as const) ?? 'invalid_grant',
    expiresIn: sometimes(dice, 0.15, ['text', 'zero', 'negative', 'absent', 'huge'] as const) ?? 'number',
    tokenType: dice.chance(0.1) ? 'bearer' : 'Bearer',
    revocation: sometimes(dice, 0.3, ['absent', 'refuses', 'fails'] as const) ?? 'works',
    idTokens: dice.chance(0.2),
    malformed: sometimes(dice, 0.05, [0.1]) ?? 0,
    otherPerson: sometimes(dice, 0.03, [0.1]) ?? 0,
  }
  const noise: Noise = {
    storeDelay: sometimes(dice, 0.7, [2, 20, 20, 300]) ?? 0,
    storeFails: sometimes(dice, 0.12, [0.02, 0.2]) ?? 0,
    lockDelay: sometimes(dice, 0.3, [5, 500, 5_000]) ?? 0,
    channelDelay: sometimes(dice, 0.5, [10, 500, 4_000]) ?? 0,
    channelLoses: sometimes(dice, 0.3, [0.2, 1]) ?? 0,
    channelRepeats: sometimes(dice, 0.15, [0.3]) ?? 0,
    networkDelay: sometimes(dice, 0.9, [5, 50, 300, 300, 3_000, 9_000]) ?? 0,
    requestLost: sometimes(dice, 0.15, [0.05, 0.3]) ?? 0,
    answerLost: sometimes(dice, 0.2, [0.05, 0.3]) ?? 0,
    timersLate: sometimes(dice, 0.25, [20, 400]) ?? 0,
    drift: sometimes(dice, 0.15, [0.001]) ?? 0,
    skew: sometimes(dice, 0.06, [500, 5_000]) ?? 0,
    listenersThrow: sometimes(dice, 0.1, [0.5]) ?? 0,
  }
  const tabs = dice.pick([1, 2, 2, 3, 3, 4, 5])
  const ends = lifetime * dice.pick([1.5, 3, 3, 5])
  const limit = sometimes(dice, 0.08, [{ idleTimeout: lifetime * 0.7 }, { maxAge: lifetime * 2.2 }]) ?? {}
  const made: Plan = {
    seed,
    tabs,
    server,
    noise,
    ends,
    processes: false,
    watched: dice.fork('watched').chance(0.4),
    lock: dice.pick([...Array(9).fill('shared'), 'process', 'process', 'never', 'never', 'refused']),
    options: {
      requestTimeout: dice.pick([10_000, 10_000, 4_000]),
      confirmInterval: dice.pick([5_000, 5_000, 1_000, 0]),
      ...limit,
      ...sometimes(dice, 0.1, [{ interval: lifetime * 0.3 }]),
      revokeReplaced: seed % 2 === 0,
    },
    moves: moves(dice, tabs, lifetime, ends),
  }
  const kinds = dice.fork('programs')
  if (kinds.chance(PROGRAMS)) return programRuns(made, kinds)
  return { ...made, processes: made.lock === 'process' && kinds.chance(0.5) }
}

function moves(dice: Random, tabs: number, lifetime: number, ends: number): Move[] {
  const list: Move[] = []
  // Much happens at once, and mostly when a token is about to expire.
  const moments = Array.from({ length: dice.between(2, 7) }, () =>
    dice.chance(0.6) ? lifetime * (dice.between(1, 5) - 0.3 * dice.next()) : ends * dice.next(),
  )
  const time = () => {
    const near = dice.pick(moments) + dice.next() * dice.pick([0, 5, 400, 3_000, 20_000])
    return Math.max(0, Math.round(Math.min(near, ends)))
  }
  for (let tab = 0; tab < tabs; tab++) list.push({ at: tab * dice.pick([0, 100]), do: 'open', tab })
  list.push({ at: 500, do: 'adopt', tab: 0 })
  const kinds = dice.pick([tabMoves, [...tabMoves, ...lifeMoves], [...tabMoves, ...lifeMoves]])
  for (let count = dice.between(4, 40); count > 0; count--)
    list.push({ at: time(), do: weighted(dice, kinds), tab: dice.between(0, tabs - 1) })
  // Wherever something is awaited, something can end.
  if (kinds !== tabMoves)
    for (let count = dice.between(0, 4); count > 0; count--) {
      const tab = dice.between(0, tabs - 1)
      const at = time()
      list.push({ at, do: dice.pick(sudden), tab, after: dice.between(0, 25) })
      if (dice.chance(0.5)) list.push({ at: at + dice.between(500, 40_000), do: 'thaw', tab })
    }
  const some = (probability: number, make: () => Move) => {
    if (dice.chance(probability)) for (let count = dice.between(1, 2); count > 0; count--) list.push(make())
  }
  const length = () => dice.pick([1_000, 8_000, 30_000, 90_000]) * (0.5 + dice.next())
  some(0.1, () => ({ at: time(), do: 'sleep', ms: length() }))
  some(0.08, () => ({
    at: time(),
    do: 'set the clock by',
    ms: dice.pick([-1, 1]) * dice.pick([5_000, 60_000, 86_400_000]),
  }))
  some(0.12, () => ({ at: time(), do: 'store fails', what: dice.pick(['reads', 'writes', 'both']), ms: length() }))
  some(0.2, () => ({ at: time(), do: 'server fails', how: dice.pick(serverFaults), ms: length() }))
  some(0.06, () => ({ at: time(), do: 'clear storage' }))
  some(0.06, () => ({ at: time(), do: 'steal lock' }))
  some(0.08, () => ({ at: time(), do: 'revoke grant' }))
  some(0.1, () => ({ at: time(), do: 'reject access tokens' }))
  return list.sort((a, b) => a.at - b.at)
}

function sometimes<T>(dice: Random, probability: number, list: readonly T[]): T | undefined {
  const one = dice.pick(list)
  return dice.chance(probability) ? one : undefined
}

function weighted<T>(dice: Random, list: readonly (readonly [T, number])[]): T {
  let left = dice.next() * list.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [value, weight] of list) {
    left -= weight
    if (left < 0) return value
  }
  return (list[0] as readonly [T, number])[0]
}
