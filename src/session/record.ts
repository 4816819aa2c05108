import type { IdTokenClaims } from '../protocol/token-set.ts'
import type { EpochMs, Store, SwapOptions } from '../ports.ts'
import type { SignedOutReason } from '../errors.ts'

/** An access token as it lies in the record. */
export interface StoredAccessToken {
  readonly value: string
  readonly type: 'Bearer' | 'DPoP'
  /** When the request that brought it was sent. */
  readonly obtainedAt: EpochMs
  /** Absent: the server did not say (RFC 6749 §5.1), so it is used until an API refuses it. */
  readonly expiresAt?: EpochMs
  readonly scope: string
  readonly resource?: string
}

/** Somebody may have sent the refresh token, and its outcome is not yet known. */
export interface Lease {
  readonly owner: string
  readonly beat: number
  readonly locked: boolean
}

/** A shared back-off: every context waits `delay` on its own clock from when it first saw this `beat`. */
export interface Failure {
  readonly attempts: number
  readonly delay: number
  readonly beat: string
}

/** A token that is still to be revoked at the server (RFC 7009). */
export interface PendingRevocation {
  readonly kind: 'refresh_token' | 'access_token'
  readonly token: string
  readonly addedAt: EpochMs
}

/** One session, written whole under one key. */
export interface SessionRecord {
  readonly version: 1
  readonly issuer: string
  readonly clientId: string
  /** Random; another one at each sign-in. */
  readonly grantId: string
  /** One more at each commit within this grant. */
  readonly generation: number
  /** A tombstone keeps `grantId`, `generation` and `outbox`, and nothing else of the session. */
  readonly signedOut?: { readonly at: EpochMs; readonly reason: SignedOutReason }
  readonly refreshToken?: string
  readonly accessTokens: Readonly<Record<string, StoredAccessToken>>
  readonly idToken?: string
  readonly claims?: IdTokenClaims
  /** The scope of the grant; a narrower access token does not narrow it (RFC 6749 §6). */
  readonly scope: string
  readonly signedInAt: EpochMs
  readonly usedAt: EpochMs
  readonly lease?: Lease
  /** An answer was lost: the refresh token may be spent. Another value at each loss. */
  readonly doubt?: string
  readonly failure?: Failure
  readonly outbox: readonly PendingRevocation[]
}
