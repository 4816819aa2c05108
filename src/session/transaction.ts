import { TokenManagerError } from '../errors.ts'
import type { EpochMs, Store } from '../ports.ts'
import type { PendingAuthorization } from '../protocol/authorization-code.ts'
import { storeFailed } from './outcome.ts'
import { fits } from './record.ts'
import { lacking } from './scope.ts'
import type { Session } from './session.ts'
import { unsatisfied } from './step-up.ts'

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

/** What is left of a step-up that came back. */
type Tried = Pick<Transaction, 'stepUp' | 'createdAt'> & { readonly state?: undefined }

/** How long a person may take. */
const LIFETIME = 10 * 60_000
const LIMIT = 16
/** A step-up that came back in vain is not tried again at once: where nobody has to click, that would go round in circles. */
const PAUSE = 30_000

/**
 * Remembers `transaction` until it is taken; beyond 16 at once the oldest is forgotten.
 * @throws TokenManagerError `step_up_unsatisfied` if the same step-up came back just now and the session is still from before it
 */
export async function keepTransaction(session: Session, transaction: Transaction): Promise<void> {
  const { live } = session
  let tried = false
  // A scope that no answer has named was not brought, as far as anybody knows.
  const hasBrought = (since: EpochMs) =>
    live?.claims && live.signedInAt >= since && !lacking(transaction.stepUpScope, live.scope)
  await change(session, (pending, now) => {
    tried = pending.some(
      ({ state, stepUp, createdAt }) =>
        !state && stepUp === transaction.stepUp && now - createdAt < PAUSE && !hasBrought(createdAt),
    )
    return tried ? undefined : [...pending.filter((one) => isAlive(one, now)), transaction].slice(-LIMIT)
  })
  if (tried) throw unsatisfied()
}

/**
 * Takes the transaction of `state` out of the store, so that it serves once (RFC 9700 §2.1).
 * @param cancelled the person said no, and may try again at once
 * @throws TokenManagerError `ERR_AUTHORIZATION_REJECTED` if there is none (unknown or used) or it is older than ten minutes
 */
export async function takeTransaction(session: Session, state: string, cancelled: boolean): Promise<Transaction> {
  let taken: Transaction | undefined
  await change(session, (pending, createdAt) => {
    taken = pending.find((one): one is Transaction => one.state === state)
    const others = pending.filter((one) => one !== taken)
    const { stepUp } = taken ?? {}
    return taken && (stepUp && !cancelled ? [...others, { stepUp, createdAt }] : others)
  })
  if (!taken) throw rejected('state_mismatch', 'No sign-in on its way here has this state, or it was used')
  if (!isAlive(taken, session.platform.clock.now()))
    throw rejected('transaction_expired', 'The sign-in took longer than ten minutes')
  return taken
}

/** Under which name the sign-ins lie that are on their way to the session called `name`. */
export function pendingName(name: string): string {
  return `${name}.pending`
}

async function change(
  { platform, name }: Session,
  compute: (pending: readonly (Transaction | Tried)[], now: EpochMs) => readonly (Transaction | Tried)[] | undefined,
): Promise<void> {
  const store = platform.store as Store<readonly (Transaction | Tried)[]>
  const key = pendingName(name)
  try {
    for (;;) {
      const stored = await store.get(key)
      const pending = Array.isArray(stored?.value) ? stored.value.filter(isPending) : []
      const next = compute(pending, platform.clock.now())
      if (!next || (await store.swap(key, stored?.tag, next.length ? next : undefined))) return
    }
  } catch (cause) {
    throw storeFailed(cause)
  }
}

const TRIED = { createdAt: 'n', stepUp: 's?' }
const TRANSACTION = {
  ...TRIED,
  state: 's',
  codeVerifier: 's',
  redirectUri: 's',
  issuer: 's',
  scope: 's',
  nonce: 's?',
  resource: 's?',
  maxAge: 'n?',
  returnTo: 's?',
  onlySubject: 's?',
  stepUpScope: 's?',
  tokenScope: 's?',
  acrValues: 'o?',
  dpopKey: 'o?',
}

/** What lies in the store may be somebody else's. */
function isPending(one: Transaction | Tried | null): boolean {
  return fits(one, one?.state === undefined ? TRIED : TRANSACTION)
}

function isAlive({ createdAt }: Transaction | Tried, now: EpochMs): boolean {
  return Math.abs(now - createdAt) < LIFETIME
}

function rejected(reason: 'state_mismatch' | 'transaction_expired', message: string): TokenManagerError {
  return new TokenManagerError('ERR_AUTHORIZATION_REJECTED', reason, message)
}
