import { TokenManagerError } from '../errors.ts'
import type { EpochMs } from '../ports.ts'

/** What a token is for. */
export interface Target {
  /**
   * The resource indicator to ask for (RFC 8707 §2). Without it and `audience`: those of the first entry of `resources`; where it
   * names none, the authorization server's default.
   */
  readonly resource?: string | undefined
  /** The audience to ask for, for servers that have a parameter of that name in place of RFC 8707's. */
  readonly audience?: string | undefined
  /**
   * The scope to ask for, space-separated; absent: that of the first entry of `resources` where neither `resource` nor `audience` is
   * given, and otherwise the scope of the grant.
   */
  readonly scope?: string | undefined
}

/**
 * An access token as callers get it: frozen, and redacted wherever it is printed, serialized, spread or cloned. Only
 * reading `value` gives the token.
 */
export interface AccessToken {
  /** The token. Not enumerable. */
  readonly value: string
  /** The scheme of the `Authorization` header it goes into (RFC 6750, RFC 9449). */
  readonly type: 'Bearer' | 'DPoP'
  /** Epoch milliseconds; absent when the authorization server did not say. */
  readonly expiresAt?: EpochMs
  /** Space-separated. */
  readonly scope: string
  /** The resource it was asked for (RFC 8707 §2). */
  readonly resource?: string
}

/** An access token as it lies in the record. */
export interface StoredAccessToken {
  readonly value: string
  readonly type: 'Bearer' | 'DPoP'
  /** When the request that brought it was sent. */
  readonly obtainedAt: EpochMs
  /** Absent: the server did not say (RFC 6749 §5.1), so it is used until an API refuses it. */
  readonly expiresAt?: EpochMs | undefined
  readonly scope: string
  readonly resource?: string | undefined
  /** The generation of the record that it came with. */
  readonly generation?: number | undefined
}

/** Where requests get their token from. */
export interface TokenSource {
  /** The usable token for `target` in memory, or `undefined` when something has to be awaited. Synchronous. */
  current(target: Target): AccessToken | undefined
  /** A usable token, refreshed if needed; rejects with a `TokenManagerError`. `signal` ends only this wait. */
  get(target: Target, signal?: AbortSignal): Promise<AccessToken>
  /**
   * The API refused `rejected`: the token to try instead, or `undefined` when none is to be had for now. One refresh for
   * any number of callers, and none if a newer token than `rejected` is there already.
   * @param hint why, as the API says; after `not_yet_valid` it is `rejected` itself, a moment later and once
   */
  replace(
    target: Target,
    rejected: AccessToken,
    signal?: AbortSignal,
    hint?: RefusalHint,
  ): Promise<AccessToken | undefined>
}

/** Why an API refused a token, as far as it says and a client can act on it. */
export type RefusalHint = 'expired' | 'not_yet_valid' | 'revoked' | 'session_ended' | undefined

/** What a server says of a proof when another one may do (RFC 9449 §5, §8, §9). */
export type ProofChallenge = 'use_dpop_nonce' | 'invalid_dpop_proof'

/** Proofs of possession for requests with a DPoP token (RFC 9449). */
export interface Proofs {
  /**
   * Puts a new proof into `headers`, for one attempt, and none where the token is bound to no key. Rejects with `ERR_SIGNED_OUT`
   * (`dpop_key_lost`) where the key is gone.
   */
  prove(token: AccessToken, method: string, url: string, headers: Record<string, string>): Promise<void>
  /** Hears the answer to a request with these headers; says why another proof may do. `last`: another token would not. */
  heed(
    answer: Response,
    url: string,
    headers: Readonly<Record<string, string>>,
    last: boolean,
  ): ProofChallenge | undefined
}

const redacted = { value: () => '[redacted access token: its text is .value]' }

/**
 * The token as callers get it.
 * @throws `ERR_RESPONSE_INVALID` when it holds anything but visible ASCII (RFC 6750 §2.1): no header could carry it
 */
export function accessToken({ value, obtainedAt: _, generation: _of, ...shown }: StoredAccessToken): AccessToken {
  // The platform's own error for a bad header value quotes the whole value.
  if (!/^[!-~]+$/.test(value))
    throw new TokenManagerError(
      'ERR_RESPONSE_INVALID',
      'invalid_token_response',
      'No header can carry the access token',
    )
  return Object.freeze(
    Object.defineProperties(shown as AccessToken, {
      value: { value },
      toString: redacted,
      toJSON: redacted,
      [Symbol.toPrimitive]: redacted,
      [Symbol.for('nodejs.util.inspect.custom')]: redacted,
    }),
  )
}

const headers = new WeakMap<AccessToken, string>()

/** The value of the `Authorization` header that carries `token` (RFC 6750 §2.1, RFC 9449 §7.1). */
export function authorizationHeader(token: AccessToken): string {
  // Made once for a token: platforms look at every character of a text that is new to them.
  const known = headers.get(token)
  if (known) return known
  const header = `${token.type} ${token.value}`
  headers.set(token, header)
  return header
}
