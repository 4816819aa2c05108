import type { EpochMs } from '../ports.ts'
import type { TokenManagerError } from '../errors.ts'

/** The claims of a validated ID token (OpenID Connect Core §2). Times are epoch **seconds**, as the server wrote them. */
export interface IdTokenClaims {
  /** The issuer, equal to the configured one. */
  readonly iss: string
  /** The person, unique and stable within `iss`: the account key is (`iss`, `sub`), never an e-mail address. */
  readonly sub: string
  /** The clients it was issued to. */
  readonly aud: string | readonly string[]
  /** End of validity, epoch seconds. */
  readonly exp: number
  /** Issued at, epoch seconds. */
  readonly iat: number
  /** When the person authenticated, epoch seconds. */
  readonly auth_time?: number
  /** Binds the token to one sign-in. */
  readonly nonce?: string
  /** How strong the authentication was. */
  readonly acr?: string
  /** How the person authenticated (RFC 8176). */
  readonly amr?: readonly string[]
  /** The client it was issued to, if several are in `aud`. */
  readonly azp?: string
  /** The session at the authorization server. */
  readonly sid?: string
  /** Any other claim. */
  readonly [claim: string]: unknown
}

/** One token answer, read and validated (RFC 6749 §5.1). */
export interface TokenResponse {
  readonly accessToken: string
  readonly tokenType: 'Bearer' | 'DPoP'
  /** Wall clock when the request was sent. */
  readonly obtainedAt: EpochMs
  /** Absent: the server did not say, and nobody guesses. Never before `obtainedAt`. */
  readonly expiresAt?: EpochMs
  /** The granted scope: the answer's, else the one asked for; absent where neither named one. */
  readonly scope?: string
  /** A new refresh token; absent: the present one stays valid (RFC 6749 §6). */
  readonly refreshToken?: string
  readonly idToken?: string
  /** The claims of `idToken`. */
  readonly claims?: IdTokenClaims
}

/** The server could not be asked, or did not say yes or no. Nothing is known to have ended. */
export interface TransientFailure {
  readonly kind: 'transient'
  readonly error: TokenManagerError
  /** The server may have processed the request all the same. */
  readonly lost: boolean
  /** Milliseconds the server asked to wait, at most an hour. */
  readonly retryAfter?: number
}

/** What came of a token request; never thrown. */
export type TokenAnswer =
  | { readonly kind: 'tokens'; readonly response: TokenResponse }
  /** The server said `invalid_grant`: the only thing that ends a grant. */
  | { readonly kind: 'rejected'; readonly error: TokenManagerError }
  /** Another 4xx. The session is kept. */
  | { readonly kind: 'refused'; readonly error: TokenManagerError }
  | TransientFailure
  /** A success that cannot be used. `refreshToken` came with it and has to be revoked or kept. */
  | { readonly kind: 'invalid'; readonly error: TokenManagerError; readonly refreshToken?: string }
  /** `beforeSend` said no. */
  | { readonly kind: 'unsent' }
