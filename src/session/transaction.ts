import { TokenManagerError } from '../errors.ts'
import type { EpochMs, Store } from '../ports.ts'
import type { PendingAuthorization } from '../protocol/authorization-code.ts'
import { storeFailed } from './outcome.ts'
import type { Session } from './session.ts'

/** A sign-in on its way: what has to be remembered until the person comes back. */
export interface Transaction extends PendingAuthorization {
  readonly returnTo?: string | undefined
  /** The person who may come back: a silent sign-in must not change the user (OpenID Connect Core §12.2). */
  readonly onlySubject?: string | undefined
}

/** How long a person may take. */
const LIFETIME = 10 * 60_000
const LIMIT = 16

/** Remembers `transaction` until it is taken; beyond 16 at once the oldest is forgotten. */
export async function keepTransaction(session: Session, transaction: Transaction): Promise<void> {
  await change(session, (pending, now) => [...pending.filter((one) => isAlive(one, now)), transaction].slice(-LIMIT))
}

/**
 * Takes the transaction of `state` out of the store, so that it serves once (RFC 9700 §2.1).
 * @throws TokenManagerError `ERR_AUTHORIZATION_REJECTED` if there is none (unknown or used) or it is older than ten minutes
 */
export async function takeTransaction(session: Session, state: string): Promise<Transaction> {
  let taken: Transaction | undefined
  await change(session, (pending) => {
    taken = pending.find((one) => one.state === state)
    return taken && pending.filter((one) => one !== taken)
  })
  if (!taken) throw rejected('state_mismatch', 'No sign-in on its way here has this state, or it was used')
  if (!isAlive(taken, session.platform.clock.now()))
    throw rejected('transaction_expired', 'The sign-in took longer than ten minutes')
  return taken
}

async function change(
  { platform, name }: Session,
  compute: (pending: readonly Transaction[], now: EpochMs) => readonly Transaction[] | undefined,
): Promise<void> {
  const store = platform.store as Store<readonly Transaction[]>
  const key = `${name}.pending`
  try {
    for (;;) {
      const stored = await store.get(key)
      const pending = Array.isArray(stored?.value) ? stored.value.filter(Boolean) : []
      const next = compute(pending, platform.clock.now())
      if (!next || (await store.swap(key, stored?.tag, next.length ? next : undefined))) return
    }
  } catch (cause) {
    throw storeFailed(cause)
  }
}

function isAlive({ createdAt }: Transaction, now: EpochMs): boolean {
  return Math.abs(now - createdAt) < LIFETIME
}

function rejected(reason: 'state_mismatch' | 'transaction_expired', message: string): TokenManagerError {
  return new TokenManagerError('ERR_AUTHORIZATION_REJECTED', reason, message)
}
