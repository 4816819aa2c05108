import type { TokenManagerError } from '../errors.ts'
import type { AuthorizationServer } from './authorization-server.ts'

/** What came of asking the server to revoke a token (RFC 7009 §2.2). */
export type RevocationAnswer =
  | 'revoked'
  /** The server has no revocation endpoint, or does not revoke this kind of token. */
  | 'unsupported'
  | {
      readonly failed: TokenManagerError
      /** Milliseconds the server asked to wait, at most an hour. */
      readonly retryAfter?: number
      /** Asking again is pointless. */
      readonly final: boolean
    }

export declare function revokeToken(
  server: AuthorizationServer,
  token: { kind: 'refresh_token' | 'access_token'; token: string },
  options?: { keepalive?: boolean },
): Promise<RevocationAnswer>
