import type { allowInsecureLoopback } from '../protocol/allow-insecure-loopback.ts'
import type { IssuerOptions } from './issuer.ts'
import type { KeyOptions } from './key-options.ts'
import type { SignatureMode } from './signature.ts'

/** How access tokens are validated. Milliseconds. */
export interface ValidatorOptions {
  /** Whose tokens are accepted. */
  readonly issuer: string | IssuerOptions | readonly (string | IssuerOptions)[]
  /**
   * Claims that a JWT of any issuer has to have beside `iss`, `aud` and `exp`, and beside the `requiredClaims` of its issuer. Default
   * `sub`, `client_id`, `iat`, `jti` (RFC 9068 §2.2) for issuers that name none.
   */
  readonly requiredClaims?: readonly string[]
  /** How far the clocks of issuer and API may be apart. Default 60 000, at most 60 000. */
  readonly leeway?: number
  /** Accepts JWTs whose `typ` is `JWT` or missing, of issuers that name no `types`. */
  readonly [allowUntypedTokens]?: boolean
  /** Allows http for issuers and endpoints on loopback hosts. */
  readonly [allowInsecureLoopback]?: boolean
  /**
   * Verified JWTs kept at most, so that a token that comes again costs no signature; times, denylist, proof and policy are checked
   * every time. Default 10 000; 0: none. Kept under a hash of the token, and only where the platform hashes at once (Node, Bun, Deno).
   */
  readonly cacheLimit?: number
  /** How long one is kept, never beyond its expiry. Default 60 000. A key that the issuer took away works for so much longer. */
  readonly cacheMaxAge?: number
  /**
   * How signatures of tokens and proofs are verified. `'pooled'` (default): by Web Cryptography, which on Node works in threads of its own,
   * so that other requests go on meanwhile. `'immediate'`: in the same turn, by Node's `crypto`. That takes a third to a half of the
   * processor time with RSA, and two thirds with ES256, but nothing else goes on for 0.03 to 0.1 ms at each new token. RSA keys beyond
   * 4096 bit, ES384 and ES512 are pooled in any case. Other platforms than Node refuse `'immediate'`.
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
 * Set it to `true` in the options to accept JWTs whose `typ` is `JWT` or missing in place of `at+jwt` (RFC 9068 §2.1): the same as
 * `types: ['at+jwt', 'JWT', undefined]` for each issuer that names no `types`. An ID token of the same server could then pass for an
 * access token, so tokens with `nonce`, `at_hash` or `events`, and those that have neither scope nor client, are still refused.
 */
export const allowUntypedTokens: unique symbol = Symbol('allowUntypedTokens')
