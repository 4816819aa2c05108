import { deniableIssuers } from './deniable-issuers.ts'
import type { DeniableIssuer, DeniableToken, Denial, DenylistEntry } from './denial.ts'
import { isDenylistEntry } from './denylist-entry.ts'
import { invalidOption } from './invalid-option.ts'
import { type IssuerDenials, issuerDenials } from './issuer-denials.ts'
import { patientClock } from './patient-clock.ts'

/** Stores denials, so that every process gets them. */
export interface DenylistStore {
  /** Adds denials. It resolves when they are stored, and on their way to all processes. */
  append(entries: readonly DenylistEntry[]): Promise<void>
  /**
   * Follows the store from its beginning: `onEntries` gets all entries, and then each new one, without any check. `onCurrent` is called each
   * time that nothing was missed up to `at` (epoch milliseconds by the clock of this process). It reconnects by itself. Returns a function that ends this.
   */
  follow(listener: {
    readonly onEntries: (entries: readonly unknown[]) => void
    readonly onCurrent: (at: number) => void
  }): () => void
}

/** Options of {@link createDenylist}. Milliseconds. */
export interface DenylistOptions {
  /** Shares denials with other processes. Default: they are in this process only. */
  readonly store?: DenylistStore
  /**
   * The longest lifetime of an access token. Denials of sign-ins, people and clients are kept for so long. A guard refuses tokens that live
   * longer, because they would live longer than their denial. Default 24 h.
   */
  readonly maxTokenLifetime?: number
  /** The guard's `leeway`: entries are kept for so much longer. Default 60 000. */
  readonly leeway?: number
  /** How long ago this process may have heard from the store. Default 10 000. */
  readonly maxStaleness?: number
  /**
   * What happens after `maxStaleness`. `'deny'` (default): 503 until it is up to date. `'introspect'`: asks the issuer about each token (it needs
   * `introspection`). `'allow'`: goes on with what it knows; decisions say `degraded`.
   */
  readonly whenStale?: 'deny' | 'introspect' | 'allow'
  /**
   * Is called when entries of the store were skipped because this process cannot read them, for example from a newer version. It then does not
   * know these denials. An error that it throws is ignored. Default: `status().skipped` counts them.
   */
  readonly onSkipped?: (count: number) => void
  /** Wall clock, epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number
}

/** Refuses tokens, sign-ins, people and clients from now on. */
export interface Denylist {
  /**
   * Denies at once in this process, and in all others when the store has it. If the store fails, it rejects, but in this process the denial
   * counts. It rejects with `ERR_INVALID_OPTION`, and denies nothing, if the denial could not reach any token: a time in seconds; an issuer that
   * is a template, or differs from the guard's by a slash; a token by its name, or a sign-in without `owner`, if the issuer's tokens have no
   * such name.
   */
  deny(...denials: readonly Denial[]): Promise<void>
  /** Why the token is refused, or `undefined`. In memory only. */
  check(token: DeniableToken): 'revoked' | 'session_ended' | undefined
  /**
   * A claim that the token lacks, and that a denial of its issuer names. Then nobody can say whether the token is denied, and a guard refuses
   * it. `undefined` if there is no such claim.
   */
  cannotTell(token: DeniableToken): 'jti' | 'sid' | 'sub' | 'client_id' | undefined
  /** Called by guards with what the tokens of an issuer contain. */
  describeIssuer(issuer: DeniableIssuer): void
  /** Calls the listener when there are new denials, of this process or of the store. Returns a function that ends this. */
  subscribe(listener: () => void): () => void
  /** The option `whenStale`, if this process has not heard from the store for longer than `maxStaleness`. `undefined` otherwise. */
  readonly stale: NonNullable<DenylistOptions['whenStale']> | undefined
  /** The option `maxTokenLifetime`, in milliseconds. */
  readonly maxTokenLifetime: number
  /** The option `whenStale`. */
  readonly whenStale: NonNullable<DenylistOptions['whenStale']>
  /** How many entries there are, and how old they are. */
  status(): DenylistStatus
  /** Resolves when everything in the store has been read. */
  ready(): Promise<void>
  /** Stops following the store. */
  close(): void
}

/** The state of a denylist. */
export interface DenylistStatus {
  /** How many entries are in memory. */
  readonly entries: number
  /**
   * How long ago this process last heard from the store, in milliseconds. 0 if there is no store. `Infinity` if it has heard nothing yet, or
   * nothing since the clock was set back.
   */
  readonly staleness: number
  /** How many entries of the store this process could not read, since it started. */
  readonly skipped: number
}

/** How many entries are checked, and removed if they have expired, for each entry that is added. So no timer is needed. */
const SWEEP = 4

/**
 * Creates a denylist. This process has a copy in memory, so a check asks nobody. An entry is kept until the last token that it can reach has
 * expired. Tokens are named by (`iss`, `jti`), never by a hash of their text: one ECDSA signature has several spellings.
 * @throws TokenManagerError `ERR_INVALID_OPTION`
 */
export function createDenylist(options: DenylistOptions = {}): Denylist {
  const { store, maxTokenLifetime, leeway, maxStaleness, whenStale, now, onSkipped } = checked(options)
  const byIssuer = new Map<string, IssuerDenials>()
  const deniable = deniableIssuers(now)
  const removalTime = patientClock(now)
  let currentAt = Number.NEGATIVE_INFINITY

  let becomeReady = () => {}
  const isReady = new Promise<void>((resolve) => {
    becomeReady = resolve
  })

  let sweeping: Iterator<() => void> | undefined
  let skipped = 0
  const listeners = new Set<() => void>()

  const stop = store?.follow({
    onEntries(entries) {
      const fitting = entries.filter(isDenylistEntry)
      for (const entry of fitting) add(entry)
      if (fitting.length > 0) tellDenied()
      tellSkipped(entries.length - fitting.length)
    },
    onCurrent(at) {
      currentAt = Math.min(at, now())
      becomeReady()
    },
  })
  if (!store) becomeReady()

  return {
    async deny(...denials) {
      for (const denial of denials) deniable.check(denial)
      const entries = denials.map((denial) => ({ denial, until: endOf(denial) }))
      for (const entry of entries) add(entry)
      tellDenied()
      await store?.append(entries)
    },
    check: (token) => byIssuer.get(token.iss)?.check(token),
    cannotTell: (token) => byIssuer.get(token.iss)?.cannotTell(token),
    describeIssuer: deniable.describe,
    subscribe(listener) {
      const own = () => listener()
      listeners.add(own)
      return () => void listeners.delete(own)
    },
    maxTokenLifetime,
    whenStale,
    get stale() {
      return staleness() > maxStaleness ? whenStale : undefined
    },
    status() {
      let entries = 0
      for (const denials of byIssuer.values()) entries += denials.size
      return { entries, staleness: staleness(), skipped }
    },
    ready: () => isReady,
    close: () => stop?.(),
  }

  /** How long ago the store was heard from. If the clock was set back since, nobody knows. */
  function staleness(): number {
    if (!store) return 0

    const passed = now() - currentAt
    return passed < 0 ? Number.POSITIVE_INFINITY : passed
  }

  /** The time when all tokens that the denial matches have expired. */
  function endOf(denial: Denial): number {
    const lastToken = 'jti' in denial ? denial.expiresAt : now() + maxTokenLifetime
    return lastToken + leeway
  }

  function add({ denial, until }: DenylistEntry): void {
    if (until <= removalTime()) return

    const denials = byIssuer.get(denial.issuer) ?? issuerDenials(now, removalTime)
    byIssuer.set(denial.issuer, denials)
    denials.add(denial, until)
    sweep()
  }

  function tellDenied(): void {
    for (const listener of [...listeners]) {
      try {
        listener()
      } catch {
        // An error in a listener must not keep a token from being denied.
      }
    }
  }

  function tellSkipped(count: number): void {
    if (count === 0) return

    skipped += count
    try {
      onSkipped?.(count)
    } catch {
      // An error in a listener must not keep a token from being denied.
    }
  }

  function sweep(): void {
    for (let step = 0; step < SWEEP; step++) {
      sweeping ??= everyEntry()
      const { done, value } = sweeping.next()
      if (done) sweeping = undefined
      else value()
    }
  }

  function* everyEntry(): Generator<() => void> {
    for (const denials of byIssuer.values()) yield* denials.expiring()
  }
}

function checked(options: DenylistOptions) {
  const { store, maxTokenLifetime = 86_400_000, leeway = 60_000, maxStaleness = 10_000, whenStale = 'deny' } = options
  const { now = Date.now, onSkipped } = options

  const hasLifetime = maxTokenLifetime > 0 && Number.isFinite(maxTokenLifetime)
  if (!hasLifetime) throw invalidOption('maxTokenLifetime has to be milliseconds above 0')
  const hasLeeway = leeway >= 0 && Number.isFinite(leeway)
  if (!hasLeeway) throw invalidOption('leeway has to be milliseconds, 0 or more')
  if (!(maxStaleness > 0)) throw invalidOption('maxStaleness has to be milliseconds above 0')
  if (!['deny', 'introspect', 'allow'].includes(whenStale))
    throw invalidOption('whenStale has to be deny, introspect or allow')
  return { store, maxTokenLifetime, leeway, maxStaleness, whenStale, now, onSkipped }
}
