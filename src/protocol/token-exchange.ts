import type { AuthorizationServer } from './authorization-server.ts'
import { type GrantRequest, statelessGrant } from './client-credentials.ts'
import type { Answer } from './exchange.ts'
import { invalid } from './failure.ts'
import type { TokenAnswer } from './token-set.ts'

/** A token and its type (RFC 8693 §3). */
export interface TypedToken {
  readonly token: string
  readonly type: string
}

/** What a token exchange asks for. */
export interface TokenExchangeRequest extends GrantRequest {
  /** The token of the party that the new token is about. */
  readonly subject: TypedToken
  /** The token of the party that acts for the subject. */
  readonly actor?: TypedToken | undefined
  /** The type of the new token. Default: the server chooses. */
  readonly requestedType?: string | undefined
}

/** The type of access tokens, which is what APIs take. */
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

/**
 * Exchanges a token for another one (RFC 8693 §2.1). Sends one request and never rejects. An answer is invalid if it has no
 * `issued_token_type`, or if its token is not for APIs (`token_type` is `N_A`).
 */
export async function tokenExchangeGrant(
  server: AuthorizationServer,
  { subject, actor, requestedType, ...request }: TokenExchangeRequest,
): Promise<TokenAnswer> {
  let issued: unknown
  const heard: AuthorizationServer = Object.assign(Object.create(server) as AuthorizationServer, {
    async post(...given: Parameters<AuthorizationServer['post']>) {
      const answer = await server.post(...given)
      issued = (answer as Partial<Answer>).body?.issued_token_type
      return answer
    },
  })
  const answer = await statelessGrant(
    heard,
    'urn:ietf:params:oauth:grant-type:token-exchange',
    {
      subject_token: subject.token,
      subject_token_type: subject.type,
      actor_token: actor?.token,
      actor_token_type: actor?.type,
      requested_token_type: requestedType,
    },
    request,
  )

  const isTypeTold = typeof issued === 'string' && issued !== ''
  if (answer.kind !== 'tokens' || isTypeTold) return answer

  const error = invalid('invalid_token_response', 'The answer to a token exchange has no issued_token_type')
  return { kind: 'invalid', error, refreshToken: answer.response.refreshToken }
}
