import type { TokenManagerError } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { AccessToken } from '../protocol/access-token.ts'
import { insufficient } from '../requests/authorized-fetch.ts'
import { type PresentSession, type Requirements, type Step, stepFrom } from '../session/step-up.ts'

/** What `stepUp()` makes: the value of the option `stepUp` of `signIn()`. */
export interface StepUp extends Requirements {
  /** Called by the manager. */
  start(
    grantOf: (token: AccessToken) => string | undefined,
    live: PresentSession | undefined,
    now: EpochMs,
  ): Step | 'there'
}

/**
 * Signs the person in again for what an API asks for beyond the present sign-in: `signIn({ stepUp: stepUp(error) })`.
 *
 * The sign-in asks for the `acrValues`, `maxAge` and `scope` of the error, and for the scope that the session has. The answer is checked. The
 * session stays as it is until the same person comes back with all that. If another person comes back, the session ends. If the session
 * already has what the API asks for, nothing happens. `signIn()` rejects with `step_up_unsatisfied` if another sign-in would not help: the
 * last one has brought what the API asks for again, or has just failed to bring it.
 * @param error an error with the code `ERR_STEP_UP_REQUIRED` (RFC 9470, RFC 6750 §3.1)
 */
export function stepUp(error: TokenManagerError): StepUp {
  const { acrValues, maxAge, scope } = error
  const refused = insufficient.get(error)
  return {
    acrValues,
    maxAge,
    scope,
    start: (grantOf, live, now) =>
      stepFrom(live, { acrValues, maxAge, scope, grantId: refused && grantOf(refused) }, now),
  }
}
