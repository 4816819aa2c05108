import type { AccessTokenClaims } from '../../src/resource-server/access-token-claims.ts'
import { AccessTokenError } from '../../src/resource-server/access-token-error.ts'
import { createGuard, type GuardOptions } from '../../src/resource-server/guard.ts'
import type { AccessPolicy } from '../../src/resource-server/policy.ts'
import { AUDIENCE, NOW, request, type TestIssuer } from '../resource-server/test-issuer.ts'

/** An API behind a guard, at the time of all tests. */
export interface GuardedApi {
  /** The claims that a handler gets. Rejects with the refusal. */
  call(token: string, policy?: AccessPolicy): Promise<AccessTokenClaims>
  /** `'passed'`, or the reason of the refusal. */
  outcome(token: string, policy?: AccessPolicy): Promise<string>
  /** The refusal. Rejects if the request passes. */
  refusal(token: string, policy?: AccessPolicy): Promise<AccessTokenError>
}

export function guardedApi(as: TestIssuer, options: Partial<GuardOptions> = {}): GuardedApi {
  const guard = createGuard({ issuer: as.issuer, audience: AUDIENCE, fetch: as.fetch, now: () => NOW, ...options })
  const refusal: GuardedApi['refusal'] = async (token, policy) => {
    const error: unknown = await guard(request(token), policy).catch((error) => error)
    if (error instanceof AccessTokenError) return error
    throw new Error('The request passed')
  }
  return {
    refusal,
    call: (token, policy) => guard(request(token), policy),
    outcome: (token, policy) =>
      guard(request(token), policy).then(
        () => 'passed',
        (error: AccessTokenError) => error.reason,
      ),
  }
}
