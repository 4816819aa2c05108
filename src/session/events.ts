import type { TokenManagerErrorReason } from '../errors.ts'
import type { Degradation, EpochMs } from '../ports.ts'

/** What every event carries. None carries a secret. */
export interface EventBase {
  /** Wall clock. */
  readonly at: EpochMs
  /** Which sign-in it belongs to: the first characters of a random id, the same in every context. */
  readonly grant?: string | undefined
  /** How many commits the grant has seen. */
  readonly generation?: number | undefined
}

/** Every event and what it carries beside {@link EventBase}. */
export interface TokenManagerEvents {
  /** A sign-in was completed here. */
  signed_in: { readonly subject?: string | undefined }
  /** The page came back from a sign-in with an answer that could not be used; nothing was stored. */
  sign_in_failed: { readonly reason: TokenManagerErrorReason }
  /** The session ended here, was ended elsewhere, or was found ended. */
  signed_out: { readonly reason: string }
  /** This context claimed the refresh and is about to send the refresh token. */
  refreshing: { readonly reason?: string | undefined }
  /** This context refreshed. `duration` in ms, from the call to the commit. */
  refreshed: { readonly duration: number; readonly attempt: number; readonly reason?: string | undefined }
  /** Another context had refreshed; its tokens are used from now on. */
  adopted: object
  /** A refresh was wanted here and another context made it. `duration` in ms. */
  waited: { readonly duration: number }
  /** A refresh brought no new token; `outcome` says why. The session is kept unless `signed_out` follows. */
  refresh_failed: {
    readonly outcome: string
    readonly reason: TokenManagerErrorReason
    readonly duration: number
    readonly status?: number | undefined
    readonly retryAt?: EpochMs | undefined
  }
  /** An API answered 401 for a token that had not expired. `replaced` is false while the breaker is open. */
  token_rejected: { readonly replaced: boolean }
  /** An API asked for a stronger or fresher sign-in (RFC 9470) or for more scope (RFC 6750 §3.1). */
  step_up_required: { readonly reason: TokenManagerErrorReason; readonly scope?: string | undefined }
  /** A request could not be sent again because its body can be read only once. */
  retry_impossible: { readonly status: number }
  /** A token was revoked at the server, or the server does not revoke this kind. */
  revoked: { readonly kind: string; readonly supported: boolean }
  /** A revocation did not succeed; unless `final`, it is tried again. */
  revocation_failed: { readonly kind: string; readonly reason: TokenManagerErrorReason; readonly final: boolean }
  /** The storage refused; what is in memory goes on. */
  store_failed: { readonly during: string }
  /** What was stored could not be read as a session and was removed. */
  storage_corrupt: object
  /** The storage lost the session, or that it had ended; it was written back from memory. */
  storage_lost: object
  /** Another person is signed in than before. */
  user_changed: object
  /** The wall clock was set by about `by` ms. */
  clock_jumped: { readonly by: number }
  /** The platform lacks something; `step` says what is done instead. */
  degraded: { readonly step: Degradation }
}

/** The name of an event. */
export type TokenManagerEventType = keyof TokenManagerEvents

/** An event as listeners get it. */
export type TokenManagerEvent<T extends TokenManagerEventType = TokenManagerEventType> = {
  [Type in T]: EventBase & { readonly type: Type } & TokenManagerEvents[Type]
}[T]

/** Hears one event. What it throws goes nowhere. */
export type EventListener<T extends TokenManagerEventType = TokenManagerEventType> = (
  event: TokenManagerEvent<T>,
) => void
