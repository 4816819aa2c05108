import { TokenManagerError } from '../errors.ts'
import type { EpochMs } from '../ports.ts'

/** Which API an access token is for. */
export interface Target {
  /**
   * The resource indicator to ask for (RFC 8707 §2). Default, if `audience` is absent too: the `resource` and the `audience` of the first
   * entry of `resources`. If that entry has neither, the authorization server chooses.
   */
  readonly resource?: string | undefined
  /** The audience to ask for. It is for servers that have a parameter `audience` instead of `resource`. Default: see `resource`. */
  readonly audience?: string | undefined
  /**
   * The scope to ask for: names with a space between them. Default: if `resource` and `audience` are absent, the scope of the first entry
   * of `resources`; otherwise the scope of the grant.
   */
  readonly scope?: string | undefined
}

/**
 * An access token as callers get it. It is frozen. Printing, serializing, spreading or cloning it does not show the token: only reading
 * `value` gives it.
 */
export interface AccessToken {
  /** The token. This member is not enumerable. */
  readonly value: string
  /** The scheme of the `Authorization` header that carries the token (RFC 6750, RFC 9449). */
  readonly type: 'Bearer' | 'DPoP'
  /** When the token expires, in epoch milliseconds. Absent if the authorization server did not say. */
  readonly expiresAt?: EpochMs
  /** The scope of the token: names with a space between them. */
  readonly scope: string
  /** The resource that the token was asked for (RFC 8707 §2). Absent if none was named. */
  readonly resource?: string
}

/** An access token as the session's record holds it. */
export interface StoredAccessToken {
  readonly value: string
  readonly type: 'Bearer' | 'DPoP'
  /** When the token request was sent. */
  readonly obtainedAt: EpochMs
  /** Absent if the server did not say (RFC 6749 §5.1). Then the token is used until an API refuses it and a refresh brings another one. */
  readonly expiresAt?: EpochMs | undefined
  readonly scope: string
  readonly resource?: string | undefined
  /** The generation of the record that brought this token. */
  readonly generation?: number | undefined
}

/** Where requests get their token from. */
export interface TokenSource {
  /** Gives at once the token for `target` if memory holds one that can be used, and otherwise `undefined`. */
  current(target: Target): AccessToken | undefined
  /**
   * Gives a token that can be used, after a refresh if one is needed. Rejects with a `TokenManagerError`. `signal` ends only this call's
   * own wait.
   */
  get(target: Target, signal?: AbortSignal): Promise<AccessToken>
  /**
   * Gives the token to try next after an API has refused `rejected`, or `undefined` if there is none at the moment. Callers who ask at the
   * same time share one refresh. Nothing is refreshed if a newer token than `rejected` is there already.
   * @param hint why the API refused it. After `not_yet_valid` the result is `rejected` again, 1.5 s later, and only once
   */
  replace(
    target: Target,
    rejected: AccessToken,
    signal?: AbortSignal,
    hint?: RefusalHint,
  ): Promise<AccessToken | undefined>
}

/** Why an API refused a token, where the API says so and a client can do something about it. */
export type RefusalHint = 'expired' | 'not_yet_valid' | 'revoked' | 'session_ended' | undefined

/** Why a server refused a proof, where a new proof may be accepted (RFC 9449 §5, §8, §9). */
export type ProofChallenge = 'use_dpop_nonce' | 'invalid_dpop_proof'

/** Proofs of possession for requests with a DPoP token (RFC 9449). */
export interface Proofs {
  /**
   * Puts a new proof for one request into `headers`. If the token is bound to no key, it puts none. Rejects with `ERR_SIGNED_OUT`
   * (`dpop_key_lost`) if the key is gone.
   */
  prove(token: AccessToken, method: string, url: string, headers: Record<string, string>): Promise<void>
  /**
   * Reads the answer to a request with these headers. Returns why the request should be sent again with a new proof, or `undefined`.
   * `last`: the token is not going to be replaced any more.
   */
  heed(
    answer: Response,
    url: string,
    headers: Readonly<Record<string, string>>,
    last: boolean,
  ): ProofChallenge | undefined
}

const redacted = { value: () => '[redacted access token: its text is .value]' }

/**
 * Makes the object that callers get.
 * @throws `ERR_RESPONSE_INVALID` if the token has characters other than visible ASCII (RFC 6750 §2.1), which no header can carry
 */
export function accessToken({ value, obtainedAt: _, generation: _of, ...shown }: StoredAccessToken): AccessToken {
  // Checked here, because the platform's error for a bad header value would quote the whole token.
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
  // The same text each time: a platform checks every character of a text that it has not seen before.
  const known = headers.get(token)
  if (known) return known

  const header = `${token.type} ${token.value}`
  headers.set(token, header)
  return header
}
