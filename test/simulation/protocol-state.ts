/** What the model of a refresh (`protocol-model.ts`) moves, and the laws that hold of it. */

/** For how long a request may be under way, and a lease may live, in ticks. */
export const REQUEST = 1
export const LEASE = 2
/** No refresh begins from this generation on. */
export const LAST = 2

/** What keeps the protocol safe; leave out one, and some law breaks. */
export const clauses = [
  'a claim needs the generation the refresh began from',
  'a claim waits while a lease lives',
  'a lease dies by time',
  'a lock proves only that a lease taken under it is dead',
  'only a process that is over leaves a dead lease',
  'who lost the lock takes the lease back',
  'who slept takes no lease back',
  'a lease is taken back whatever the generation',
  'not had in time, a lock is done without',
  'a claim has an identity of its own',
  'taking over leaves doubt',
  'taking over waits and reads again',
  'an old claim sends nothing',
  'the age counts from before the swap',
  'a request ends before its lease',
  'a retry needs the lease still to be ours',
  'a retry raises the beat',
  'a retry leaves doubt',
  'giving up leaves doubt',
  'a commit needs the grant',
  'a commit needs the generation',
  'a commit does not need the lease',
  'a commit sees a sign-out',
  'a commit after a sign-out fills the outbox',
  'a commit leaves the lease of another',
  'only a refresh begun after the last lost request clears the doubt',
  'a refusal counts for its own generation only',
  'a refusal in doubt does not sign out',
  'a refusal in doubt keeps the generation',
  'a refusal leaves the lease of another',
  'leaving releases the lease',
] as const
export type Clause = (typeof clauses)[number]

export const phases = [
  'idle', // wants nothing, or has what it wanted
  'looking', // has the lock or goes on without, and waits for the lease
  'waiting', // took over a dead lease
  'ready', // claimed, and may send
  'sent',
  'granted', // has a new token in hand, not yet stored
  'refused', // has an invalid_grant in hand, or, in doubt, another refusal of the token
  'lost', // its request brought no answer
  'hung',
  'crashed',
] as const

export interface Context {
  phase: (typeof phases)[number]
  lock: boolean
  /** Whether its lock was stolen, and it has not yet heard of it; it does before time passes. */
  robbed: boolean
  /** Whether the record's lease is its own. */
  owns: boolean
  /** The generation its refresh began from. */
  from: number
  /** The token it claimed, and the one it was given. */
  token: number
  given: number
  /** Ticks since its claim, and since its request left. */
  age: number
  out: number
  retried: boolean
  /** Whether it sent when every earlier request had ended. */
  clears: boolean
}

export interface State {
  grant: number
  generation: number
  /** -1: none is kept. */
  token: number
  lease: 'none' | 'plain' | 'locked'
  /** Whether the lease was taken over from another context, which has not taken it back. */
  takenOver: boolean
  /** For how long the lease looks as it does: all see it at once, for who sees it later waits longer. */
  still: number
  /** Ticks since doubt was last cast; -1: none. */
  doubt: number
  ended: '' | 'signed_out' | 'rejected'
  /** The newest token in the outbox. */
  outbox: number
  /** The newest token the server issued, and who ended its family: itself, or contexts that sent a token twice. */
  issued: number
  family: 'alive' | 'revoked' | 'reused'
  strict: boolean
  /** Requests whose senders no longer wait: token and ticks. */
  strays: { token: number; out: number }[]
  contexts: Context[]
  /** Faults that may still happen. */
  faults: number
  /** For the laws: the newest token that was handed to a context, and the newest stored by one that had not slept. */
  handed: number
  stored: number
  /** The law that the last step broke. */
  broken: string
}

export const idle: Context = {
  phase: 'idle',
  lock: false,
  robbed: false,
  owns: false,
  from: 0,
  token: -1,
  given: -1,
  age: 0,
  out: 0,
  retried: false,
  clears: false,
}

export function start(faults: number, contexts: number, strict: boolean): State {
  return {
    grant: 0,
    generation: 0,
    token: 0,
    lease: 'none',
    takenOver: false,
    still: 0,
    doubt: -1,
    ended: '',
    outbox: -1,
    issued: 0,
    family: 'alive',
    strict,
    strays: [],
    contexts: Array(contexts).fill(idle),
    faults,
    handed: -1,
    stored: -1,
    broken: '',
  }
}

/** The record's lease is now of this `kind`, and `owner`'s. */
export function lease(state: State, owner: Context | undefined, kind: State['lease']): void {
  state.lease = kind
  state.takenOver = false
  state.still = 0
  for (const context of state.contexts) context.owns = context === owner
}

/** The refresh token in the record may be spent. */
export function castDoubt(state: State): void {
  state.doubt = 0
  for (const context of state.contexts) context.clears = false
}

/** The server is sent `token`. Whether it answers with new ones. */
export function process(state: State, token: number): boolean {
  if (token < state.issued && state.family === 'alive' && state.strict) state.family = 'reused'
  if (state.family === 'alive') Object.assign(state, { issued: state.issued + 1, handed: -1 })
  return state.family === 'alive'
}

/** The law that going from `before` to `after` breaks. */
export function brokenLaw(before: State, after: State): string {
  const { grant, contexts, handed, outbox, token } = after
  if (after.broken) return after.broken
  if (after.lease !== 'none' && !contexts.some(({ owns }) => owns)) return 'a lease has an owner'
  if (grant === before.grant) {
    if (before.ended && !after.ended) return 'what was signed out stays signed out'
    if (after.generation < before.generation || (token >= 0 && token < before.token)) return 'generations only grow'
  }
  const kept = token === handed || outbox >= handed || contexts.some((c) => c.phase === 'granted' && c.given === handed)
  return after.strict && handed === after.issued && !kept ? 'the newest token is stored or held' : ''
}

/** Whether all who can still run have what they wanted, or know that there is nothing to have. */
export function isSettled({ contexts, ended, grant, token, generation }: State): boolean {
  const alive = contexts.filter(({ phase }) => phase !== 'hung' && phase !== 'crashed')
  if (alive.some(({ phase }) => phase !== 'idle')) return false
  return alive.length === 0 || ended !== '' || grant !== 0 || token < 0 || generation === LAST
}
