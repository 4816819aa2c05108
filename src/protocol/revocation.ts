import type { TokenManagerError } from '../errors.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { refusal } from './failure.ts'
import { parameters } from './parameters.ts'

/** The result of a revocation request (RFC 7009 §2.2). */
export type RevocationAnswer =
  | 'revoked'
  /** The server has no revocation endpoint, or does not revoke this kind of token. */
  | 'unsupported'
  | {
      readonly failed: TokenManagerError
      /** How long the server asked to wait, in milliseconds, at most an hour. */
      readonly retryAfter?: number | undefined
      /** Whether another request would fail in the same way. */
      readonly final: boolean
    }

/**
 * Asks the server to revoke a token (RFC 7009 §2.1). Sends one request and never rejects. Any 2xx is success, also for a token that the
 * server does not know.
 * @param options `keepalive`: the request may finish after its page was closed, where the platform allows that
 */
export async function revokeToken(
  server: AuthorizationServer,
  { kind, token }: { kind: 'refresh_token' | 'access_token'; token: string },
  { keepalive = false }: { keepalive?: boolean } = {},
): Promise<RevocationAnswer> {
  try {
    const { revocation_endpoint: url } = await server.metadata()
    if (!url) return 'unsupported'

    // A success has no body, so any media type will do.
    const answer = await server.post(url, parameters({ token, token_type_hint: kind }), { keepalive, accept: '*/*' })
    const final = answer.kind === 'answer'
    const failed = final ? refusal(answer) : answer.error

    // The status decides: a success stays a success if its body was cut off.
    if (String(failed.status).startsWith('2')) return 'revoked'
    if (failed.error === 'unsupported_token_type') return 'unsupported'
    return { failed, final, retryAfter: final ? undefined : answer.retryAfter }
  } catch (error) {
    // The metadata could not be loaded. The error is a `TokenManagerError` that says why.
    return { failed: error as TokenManagerError, final: false }
  }
}
