import { TokenManagerError } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { IdTokenClaims } from '../protocol/id-token.ts'
import { lacking, union } from './scope.ts'

/** What an authorization request may ask for beyond the everyday sign-in. */
export interface Requirements {
  /** One of these authentication context classes. */
  readonly acrValues?: readonly string[] | undefined
  /** How long ago the person may have authenticated, ms. */
  readonly maxAge?: number | undefined
  /** Scope, space-separated. */
  readonly scope?: string | undefined
}

/** What an API asked for, and the grant it refused: absent where that is not known. */
export interface Challenge extends Requirements {
  readonly grantId?: string | undefined
}

/** As much of a session as a step-up looks at. */
export interface PresentSession {
  readonly grantId: string
  readonly scope: string
  readonly requestedScope?: string | undefined
  readonly claims?: IdTokenClaims | undefined
  readonly signedInAt: EpochMs
}

/** A sign-in that came back, and the step-up it was for. */
export interface TriedStep {
  readonly stepUp?: string
  readonly createdAt: EpochMs
}

/** A sign-in that brings what an API asked for (RFC 9470). */
export interface Step {
  /** A request with what is asked for, and no scope less than the session has. */
  request<T extends Requirements>(request: T): T & { scope: string }
  /** What has to be remembered until the person comes back. */
  readonly transaction: { readonly stepUp: string; readonly stepUpScope: string | undefined }
  /** Why there is no such sign-in: the same one came back just now, and the session is still from before it. */
  refusal(returned: readonly TriedStep[]): TokenManagerError | undefined
}

/**
 * The way from `live` to what `challenge` asks for.
 * @returns `'there'`: somebody else has asked for it since
 * @throws TokenManagerError `step_up_unsatisfied` if the API refused the very session that has all of it
 */
export function stepFrom(live: PresentSession | undefined, challenge: Challenge, now: EpochMs): Step | 'there' {
  const { acrValues, maxAge, scope, grantId } = challenge
  if (live && satisfies(live, challenge, now)) {
    if (grantId === live.grantId) throw unsatisfied()
    return 'there'
  }

  const stepUp = JSON.stringify([acrValues, maxAge, scope])
  // A scope that no answer has named was not brought, as far as anybody knows.
  const hasBrought = (since: EpochMs) => live?.claims && live.signedInAt >= since && !lacking(scope, live.scope)
  return {
    request: (request) => forChallenge(request, challenge, live),
    transaction: { stepUp, stepUpScope: scope },
    refusal(returned) {
      const isRepeated = returned.some((one) => one.stepUp === stepUp && !hasBrought(one.createdAt))
      return isRepeated ? unsatisfied() : undefined
    },
  }
}

/** Whether the session already has what `challenge` asks for. The server's clock tells the person's age at sign-in, ours the rest. */
export function satisfies(
  { claims, scope: granted, signedInAt }: PresentSession,
  { acrValues, maxAge, scope }: Challenge,
  now: EpochMs,
): boolean {
  const { acr, iat = 0, auth_time } = claims ?? {}
  return (
    !lacking(scope, granted) &&
    (!acrValues || acrValues.includes(acr as string)) &&
    (maxAge === undefined || (iat - (auth_time as number)) * 1000 + now - signedInAt < maxAge)
  )
}

/** `request` with what `challenge` asks for, and no scope less than the session has. */
export function forChallenge<T extends Requirements>(
  request: T,
  { acrValues, maxAge, scope }: Challenge,
  live: PresentSession | undefined,
): T & { scope: string } {
  return {
    ...(acrValues && { acrValues }),
    ...(maxAge !== undefined && { maxAge }),
    ...request,
    scope: union(request.scope, live?.scope, live?.requestedScope, scope),
  }
}

/** The API asks for what a sign-in has brought, or has just failed to bring: another one will not help. */
function unsatisfied(): TokenManagerError {
  return new TokenManagerError('ERR_RESPONSE_INVALID', 'step_up_unsatisfied')
}
