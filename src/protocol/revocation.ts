import type { TokenManagerError } from '../errors.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { refusal } from './failure.ts'
import { parameters } from './parameters.ts'

/** What came of asking the server to revoke a token (RFC 7009 §2.2). */
export type RevocationAnswer =
  | 'revoked'
  /** The server has no revocation endpoint, or does not revoke this kind of token. */
  | 'unsupported'
  | {
      readonly failed: TokenManagerError
      /** Milliseconds the server asked to wait, at most an hour. */
      readonly retryAfter?: number | undefined
      /** Asking again is pointless. */
      readonly final: boolean
    }

/**
 * Asks the server to revoke a token (RFC 7009 §2.1), once. Never rejects. Any 2xx is success, also for a token the server
 * does not know.
 * @param options `keepalive` lets the request outlive the page; where the platform refuses that, it is an ordinary request
 */
export async function revokeToken(
  server: AuthorizationServer,
  { kind, token }: { kind: 'refresh_token' | 'access_token'; token: string },
  { keepalive = false }: { keepalive?: boolean } = {},
): Promise<RevocationAnswer> {
  try {
    const { revocation_endpoint: url } = await server.metadata()
    if (!url) return 'unsupported'
    // A success has no body, so nothing is asked of it.
    const answer = await server.post(url, parameters({ token, token_type_hint: kind }), { keepalive, accept: '*/*' })
    const final = answer.kind === 'answer'
    const failed = final ? refusal(answer) : answer.error
    // A body that was cut takes nothing from a success.
    if (String(failed.status).startsWith('2')) return 'revoked'
    if (failed.error === 'unsupported_token_type') return 'unsupported'
    return { failed, final, retryAfter: final ? undefined : answer.retryAfter }
  } catch (error) {
    // The metadata could not be had; a `TokenManagerError` says why.
    return { failed: error as TokenManagerError, final: false }
  }
}
