import { TokenManagerError } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { IdTokenClaims } from '../protocol/id-token.ts'
import { lacking, union } from './scope.ts'

/** What an API may ask for beyond an ordinary sign-in. */
export interface Requirements {
  /** The authentication context classes of which one is needed. */
  readonly acrValues?: readonly string[] | undefined
  /** How long ago the person may have authenticated, in milliseconds. */
  readonly maxAge?: number | undefined
  /** The scope that is needed: names with a space between them. */
  readonly scope?: string | undefined
}

/** What an API asked for. */
export interface Challenge extends Requirements {
  /** The grant whose token the API refused. Absent if that is not known. */
  readonly grantId?: string | undefined
}

/** The parts of a session that a step-up needs. */
export interface PresentSession {
  readonly grantId: string
  readonly scope: string
  readonly requestedScope?: string | undefined
  readonly claims?: IdTokenClaims | undefined
  readonly signedInAt: EpochMs
}

/** A sign-in from which the person has come back, and the step-up that it was for. */
export interface TriedStep {
  readonly stepUp?: string
  readonly createdAt: EpochMs
}

/** A sign-in that brings what an API asked for (RFC 9470). */
export interface Step {
  /** Adds what the API asked for to a request, and the scope that the session has. */
  request<T extends Requirements>(request: T): T & { scope: string }
  /** What is stored until the person comes back. */
  readonly transaction: { readonly stepUp: string; readonly stepUpScope: string | undefined }
  /** The error if the same step-up has just failed. `undefined` if the sign-in may begin. */
  refusal(returned: readonly TriedStep[]): TokenManagerError | undefined
}

/**
 * Makes the step-up from the session `live` to what `challenge` asks for.
 * @returns `'there'` if the session already has it, because another sign-in has brought it in the meantime
 * @throws TokenManagerError `step_up_unsatisfied` if the API has refused this session although it has everything
 */
export function stepFrom(live: PresentSession | undefined, challenge: Challenge, now: EpochMs): Step | 'there' {
  const { acrValues, maxAge, scope, grantId } = challenge
  if (live && satisfies(live, challenge, now)) {
    if (grantId === live.grantId) throw unsatisfied()
    return 'there'
  }

  const stepUp = JSON.stringify([acrValues, maxAge, scope])
  // A scope counts as granted only if an answer of the server has named it.
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

/**
 * Whether the session already has what `challenge` asks for. The time from the authentication to the sign-in is taken from the server's clock, the time
 * since then from this device's clock.
 */
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

/** `request` with what `challenge` asks for, and with the scope that the session has. */
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

/** The error if another sign-in would not help: the last one has brought what the API asks for, or has just failed to bring it. */
function unsatisfied(): TokenManagerError {
  return new TokenManagerError('ERR_RESPONSE_INVALID', 'step_up_unsatisfied')
}
