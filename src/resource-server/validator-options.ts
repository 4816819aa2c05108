import type { allowInsecureLoopback } from '../protocol/allow-insecure-loopback.ts'
import type { IssuerOptions } from './issuer.ts'
import type { KeyOptions } from './key-options.ts'
import type { SignatureMode } from './signature.ts'

/** How access tokens are validated. Milliseconds. */
export interface ValidatorOptions {
  /** Whose tokens are accepted. */
  readonly issuer: string | IssuerOptions | readonly (string | IssuerOptions)[]
  /**
   * Claims that every JWT has to have, besides `iss`, `aud`, `exp` and the `requiredClaims` of its issuer. Default `sub`, `client_id`,
   * `iat`, `jti` (RFC 9068 §2.2) for issuers without `requiredClaims`.
   */
  readonly requiredClaims?: readonly string[]
  /** How far the clocks of issuer and API may be apart, ms. Default 60 000, at most 60 000. */
  readonly leeway?: number
  /** Accepts JWTs whose `typ` is `JWT` or missing, of issuers without `types`. */
  readonly [allowUntypedTokens]?: boolean
  /** Allows http for issuers and endpoints on loopback hosts. */
  readonly [allowInsecureLoopback]?: boolean
  /**
   * How many verified JWTs to keep, so that a token that comes again needs no second verification. Times, denylist, proof and policy are
   * checked every time. Default 10 000; 0: none. They are kept under a hash of the token, on platforms that hash synchronously (Node,
   * Bun, Deno).
   */
  readonly cacheLimit?: number
  /**
   * How long a verified JWT is kept, ms, never beyond its expiry. Default 60 000. After the issuer removes a key, tokens of that key pass
   * for so much longer.
   */
  readonly cacheMaxAge?: number
  /**
   * How signatures of tokens and proofs are verified. `'pooled'` (default): by Web Cryptography, on Node in other threads, so that other
   * requests go on. `'immediate'`: by Node's `crypto` in the same turn. It needs a third to a half of the processor time with RSA, and two
   * thirds with ES256, but nothing else runs for 0.03 to 0.1 ms at each new token. RSA keys beyond 4096 bit, ES384 and ES512 are always
   * pooled. Platforms other than Node refuse `'immediate'`.
   */
  readonly signatures?: SignatureMode
  /** How issuers' keys and metadata are kept. */
  readonly keys?: KeyOptions
  /** For keys, metadata and introspection. Default: the global `fetch`. */
  readonly fetch?: typeof fetch
  /** Wall clock, epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number
}

/**
 * Set it to `true` in the options to accept JWTs whose `typ` is `JWT` or missing instead of `at+jwt` (RFC 9068 §2.1). It is the same as
 * `types: ['at+jwt', 'JWT', undefined]` for each issuer without `types`. An ID token of the same server could then look like an access
 * token. So tokens with `nonce`, `at_hash` or `events`, and tokens with neither scope nor client, are still refused.
 */
export const allowUntypedTokens: unique symbol = Symbol('allowUntypedTokens')
