import { TokenManagerError } from '../errors.ts'
import type { EpochMs, Store } from '../ports.ts'
import type { PendingAuthorization } from '../protocol/authorization-code.ts'
import { isDevelopment } from '../protocol/development.ts'
import { rejected } from '../protocol/failure.ts'
import { storeFailed } from './outcome.ts'
import type { Session } from './session.ts'
import type { Step, TriedStep } from './step-up.ts'
import { isShapedAsPending } from './stored-shape.ts'

/** A sign-in that has begun: what is stored until the person comes back. */
export interface Transaction extends PendingAuthorization {
  readonly returnTo?: string | undefined
  /** The only person who may come back. A silent sign-in must not change the user (OpenID Connect Core §12.2). Absent: anybody may. */
  readonly onlySubject?: string | undefined
  /** For a step-up: what the API asked for, as text (RFC 9470). */
  readonly stepUp?: string | undefined
  /** For a step-up: the scope that it has to bring. */
  readonly stepUpScope?: string | undefined
}

/** What is stored of a sign-in after the person has come back. */
interface Returned extends TriedStep {
  readonly state?: undefined
  /** Why the sign-in failed: the server's error, or the reason of this library's error. Absent if it did not fail. */
  readonly inVain?: string
}

type Pending = Transaction | Returned

/** How long a person may take to sign in, in milliseconds. */
export const SIGN_IN_LIFETIME = 60 * 60_000
const LIMIT = 16
/** How long failed sign-ins are remembered, in milliseconds. Otherwise a page that signs in without a click would try again for ever. */
const PAUSE = 30_000

/**
 * Stores `transaction` until it is taken. At most 16 are stored; after that the oldest is removed.
 * @throws TokenManagerError the error that `refusalOfStep` makes of the sign-ins that came back; `sign_in_loop` if three sign-ins failed
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

/** The error if three sign-ins have failed in a short time. Probably the page begins them by itself. */
function loopError(returned: readonly Returned[], since = 0): TokenManagerError | undefined {
  const inVain = returned.filter((one) => one.inVain && one.createdAt > since)
  const [first] = inVain
  if (!first || inVain.length < 3) return undefined

  const error = inVain.at(-1)?.inVain
  const what = `Three sign-ins failed, the last with ${error}`
  const retryAt = first.createdAt + PAUSE
  return new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'sign_in_loop', what, { error, retryAt })
}

/** Notes for half a minute that a sign-in failed with `error`. If that will pass, `transaction` is stored again: the same answer can be used. */
export async function noteInVain(
  session: Session,
  error: TokenManagerError,
  transaction: Transaction | undefined,
): Promise<void> {
  const again = transaction && error.code === 'ERR_TEMPORARILY_UNAVAILABLE' ? [transaction] : []
  await change(session, (found) =>
    joined(found, { inVain: error.error ?? error.reason, createdAt: found.now }, ...again),
  )
}

/**
 * Takes the transaction with `state` out of the store, so that it can be used only once (RFC 9700 §2.1).
 * @param cancelled whether the person has refused. Then they may try again at once
 * @throws TokenManagerError `ERR_AUTHORIZATION_REJECTED` if there is none (unknown or used)
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

  return taken
}

/** @throws TokenManagerError `transaction_expired` if `transaction` is older than an hour */
export function checkAge(transaction: Transaction, now: EpochMs): void {
  if (!isAlive(transaction, now)) throw rejected('transaction_expired', 'The sign-in took longer than an hour')
}

/** The key in the store for the sign-ins that have begun for the session called `name`. */
export function pendingName(name: string): string {
  return `${name}.pending`
}

/** Whether `name` is such a key. */
export function isPendingName(name: string): boolean {
  return name.endsWith('.pending')
}

/** Whether all sign-ins under such a key have expired. */
export function isOver(stored: unknown, now: EpochMs): boolean {
  const isAnyAlive = Array.isArray(stored) && stored.some((one) => isPending(one) && isAlive(one, now))
  return !isAnyAlive
}

/** The stored sign-ins, and when they were read, on the wall clock. */
interface Found {
  readonly pending: readonly Pending[]
  readonly now: EpochMs
}

/** The stored sign-ins that have not expired, and `more`. */
function joined({ pending, now }: Found, ...more: Pending[]): readonly Pending[] {
  return [...pending.filter((each) => isAlive(each, now)), ...more].slice(-LIMIT)
}

/**
 * Reads the stored sign-ins and writes what `compute` makes of them. If that is `undefined`, nothing is written.
 * @returns what was read
 */
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

/** Whether `one` has the form of a stored sign-in. Another program may have written to a store that is not sealed. */
function isPending(one: Pending | null): boolean {
  return !isDevelopment || isShapedAsPending(one)
}

function isAlive(one: Pending, now: EpochMs): boolean {
  return Math.abs(now - one.createdAt) < (one.state ? SIGN_IN_LIFETIME : PAUSE)
}
