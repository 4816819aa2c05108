import { TokenManagerError } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { AuthorizationRequestOptions } from '../protocol/authorization-code.ts'
import type { SessionRecord } from './record.ts'
import { lacking, union } from './scope.ts'

/** What an API asked for, and the grant it refused: absent where that is not known. */
export interface Challenge {
  readonly acrValues?: readonly string[] | undefined
  /** Milliseconds. */
  readonly maxAge?: number | undefined
  readonly scope?: string | undefined
  readonly grantId?: string | undefined
}

/** Whether the session already has what `challenge` asks for. The server's clock tells the person's age at sign-in, ours the rest. */
export function satisfies(
  { claims, scope: granted, signedInAt }: SessionRecord,
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
export function forChallenge<T extends Partial<AuthorizationRequestOptions>>(
  request: T,
  { acrValues, maxAge, scope }: Challenge,
  live: SessionRecord | undefined,
): T & { scope: string } {
  return {
    ...(acrValues && { acrValues }),
    ...(maxAge !== undefined && { maxAge }),
    ...request,
    scope: union(request.scope, live?.scope, live?.requestedScope, scope),
  }
}

/** The API asks for what a sign-in has brought, or has just failed to bring: another one will not help. */
export function unsatisfied(): TokenManagerError {
  return new TokenManagerError('ERR_RESPONSE_INVALID', 'step_up_unsatisfied')
}
