import type { TokenManagerError } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { AccessToken } from '../protocol/access-token.ts'
import { insufficient } from '../requests/authorized-fetch.ts'
import { type PresentSession, type Requirements, type Step, stepFrom } from '../session/step-up.ts'

/** What `stepUp()` makes: the option of `signIn()` of that name. */
export interface StepUp extends Requirements {
  /** For the manager. */
  start(
    grantOf: (token: AccessToken) => string | undefined,
    live: PresentSession | undefined,
    now: EpochMs,
  ): Step | 'there'
}

/**
 * Asks for what an API wants beyond the present sign-in: `signIn({ stepUp: stepUp(error) })`. The `acrValues`, `maxAge` and `scope` of the
 * error are asked for, beside the scope that the session has, and checked on return. The session stays as it is until the sign-in has
 * brought them for the same person; another person ends it. Nothing happens when that was done since. `signIn()` rejects with
 * `step_up_unsatisfied` when another sign-in cannot help: it has just brought, or has just failed to bring, what the API asks for again.
 * @param error an `ERR_STEP_UP_REQUIRED` (RFC 9470, RFC 6750 §3.1)
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
