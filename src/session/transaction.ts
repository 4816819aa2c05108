import { TokenManagerError } from '../errors.ts'
import type { EpochMs, Store } from '../ports.ts'
import type { PendingAuthorization } from '../protocol/authorization-code.ts'
import { storeFailed } from './outcome.ts'
import { fits, type Shape } from './record.ts'
import type { Session } from './session.ts'
import type { Step, TriedStep } from './step-up.ts'

/** A sign-in on its way: what has to be remembered until the person comes back. */
export interface Transaction extends PendingAuthorization {
  readonly returnTo?: string | undefined
  /** The person who may come back: a silent sign-in must not change the user (OpenID Connect Core §12.2). */
  readonly onlySubject?: string | undefined
  /** What an API asked for, as text, when the sign-in is to bring just that (RFC 9470). */
  readonly stepUp?: string | undefined
  /** The scope it is to bring. */
  readonly stepUpScope?: string | undefined
}

/** What is left of a sign-in that came back. */
interface Returned extends TriedStep {
  readonly state?: undefined
  /** Why it was in vain: the server's word for it, or ours. */
  readonly inVain?: string
}

type Pending = Transaction | Returned

/** How long a person may take, ms. */
export const SIGN_IN_LIFETIME = 10 * 60_000
const LIMIT = 16
/** A failed sign-in is not repeated at once: a page that needs no click would never stop. */
const PAUSE = 30_000

/**
 * Remembers `transaction` until it is taken; beyond 16 at once the oldest is forgotten.
 * @throws TokenManagerError what `refusalOfStep` makes of those that came back; `sign_in_loop` if three sign-ins failed
 *   within 30 s
 */
export async function keepTransaction(
  session: Session,
  transaction: Transaction,
  refusalOfStep?: Step['refusal'],
): Promise<void> {
  const refusal = ({ pending, now }: Found) => {
    const returned = pending.filter((one): one is Returned => !one.state && isAlive(one, now))
    return refusalOfStep?.(returned) ?? loopError(returned, session.live?.signedInAt)
  }
  const found = await change(session, (seen) => (refusal(seen) ? undefined : joined(seen, transaction)))
  const refused = refusal(found)
  if (refused) throw refused
}

/** Where every sign-in comes back in vain, and the page begins the next one by itself. */
function loopError(returned: readonly Returned[], since = 0): TokenManagerError | undefined {
  const inVain = returned.filter((one) => one.inVain && one.createdAt > since)
  const [first] = inVain
  if (!first || inVain.length < 3) return undefined
  const error = inVain.at(-1)?.inVain
  const what = `Three sign-ins failed, the last with ${error}`
  const retryAt = first.createdAt + PAUSE
  return new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'sign_in_loop', what, { error, retryAt })
}

/** Remembers for half a minute that a sign-in came back with `error`. */
export async function noteInVain(session: Session, { error, reason }: TokenManagerError): Promise<void> {
  await change(session, (found) => joined(found, { inVain: error ?? reason, createdAt: found.now }))
}

/**
 * Takes the transaction of `state` out of the store, so that it serves once (RFC 9700 §2.1).
 * @param cancelled the person said no, and may try again at once
 * @throws TokenManagerError `ERR_AUTHORIZATION_REJECTED` if there is none (unknown or used) or it is older than ten minutes
 */
export async function takeTransaction(session: Session, state: string, cancelled: boolean): Promise<Transaction> {
  const find = ({ pending }: Found) => pending.find((one): one is Transaction => one.state === state)
  const found = await change(session, (seen) => {
    const taken = find(seen)
    const others = seen.pending.filter((one) => one !== taken)
    const tried = taken?.stepUp !== undefined && !cancelled ? [{ stepUp: taken.stepUp, createdAt: seen.now }] : []
    return taken && [...others, ...tried]
  })
  const taken = find(found)
  if (!taken) throw rejected('state_mismatch', 'No sign-in waits for this state, or it was used before')
  if (!isAlive(taken, session.platform.clock.now()))
    throw rejected('transaction_expired', 'The sign-in took longer than ten minutes')
  return taken
}

/** Under which name the sign-ins lie that are on their way to the session called `name`. */
export function pendingName(name: string): string {
  return `${name}.pending`
}

/** Whether sign-ins lie under this name. */
export function isPendingName(name: string): boolean {
  return name.endsWith('.pending')
}

/** Whether nothing of what lies under such a name counts any more. */
export function isOver(stored: unknown, now: EpochMs): boolean {
  const isAnyAlive = Array.isArray(stored) && stored.some((one) => isPending(one) && isAlive(one, now))
  return !isAnyAlive
}

/** What was found, and when, wall clock. */
interface Found {
  readonly pending: readonly Pending[]
  readonly now: EpochMs
}

/** What is there and still counts, and `one` more. */
function joined({ pending, now }: Found, one: Pending): readonly Pending[] {
  return [...pending.filter((each) => isAlive(each, now)), one].slice(-LIMIT)
}

/** Writes what `compute` makes of what is there; `undefined` leaves it. @returns what it was made of */
async function change(
  { platform, name }: Session,
  compute: (found: Found) => readonly Pending[] | undefined,
): Promise<Found> {
  const store = platform.store as Store<readonly Pending[]>
  const key = pendingName(name)
  try {
    for (;;) {
      const stored = await store.get(key)
      const pending = Array.isArray(stored?.value) ? stored.value.filter(isPending) : []
      const found = { pending, now: platform.clock.now() }
      const next = compute(found)
      if (!next || (await store.swap(key, stored?.tag, next.length ? next : undefined))) return found
    }
  } catch (cause) {
    throw storeFailed(cause)
  }
}

const RETURNED: Shape = { number: 'createdAt', string: 'stepUp? inVain?' }
const TRANSACTION: Shape = {
  number: 'createdAt maxAge?',
  string:
    'state codeVerifier redirectUri issuer scope nonce? resource? returnTo? onlySubject? stepUp? stepUpScope? tokenScope?',
  object: 'acrValues? dpopKey?',
}

/** What lies in the store may be somebody else's. */
function isPending(one: Pending | null): boolean {
  return fits(one, one?.state === undefined ? RETURNED : TRANSACTION)
}

function isAlive(one: Pending, now: EpochMs): boolean {
  return Math.abs(now - one.createdAt) < (one.state ? SIGN_IN_LIFETIME : PAUSE)
}

function rejected(reason: 'state_mismatch' | 'transaction_expired', sentence: string): TokenManagerError {
  return new TokenManagerError('ERR_AUTHORIZATION_REJECTED', reason, sentence)
}
