import type { TokenManagerErrorReason } from '../errors.ts'
import type { Degradation, EpochMs } from '../ports.ts'
import type { RefusalHint } from '../protocol/access-token.ts'

/** The fields of every event. No event contains a secret. */
export interface EventBase {
  /** When it happened, by the wall clock. */
  readonly at: EpochMs
  /** Which session it is about: the first characters of a random id, the same in every tab and process. */
  readonly grant?: string | undefined
  /** How often that session was refreshed, beginning with 1. */
  readonly generation?: number | undefined
}

/** Every event, with its fields besides {@link EventBase}. */
export interface TokenManagerEvents {
  /** A sign-in was completed here. */
  signed_in: {
    /** `sub` of the ID token; absent without OpenID Connect. */
    readonly subject?: string | undefined
  }
  /** The page came back from a sign-in with an answer that could not be used; nothing was stored. */
  sign_in_failed: {
    /** Why. */
    readonly reason: TokenManagerErrorReason
  }
  /** The session ended here or elsewhere, or had ended already. */
  signed_out: {
    /** Why. */
    readonly reason: string
  }
  /** This tab or process is about to send the refresh token. */
  refreshing: {
    /** Why. */
    readonly reason?: string | undefined
  }
  /** This tab or process refreshed, and the new tokens are stored. */
  refreshed: {
    /** Milliseconds since the call. */
    readonly duration: number
    /** How often the refresh token was sent: 1, or 2 after a lost answer. */
    readonly attempt: number
    /** Why. */
    readonly reason?: string | undefined
  }
  /** Another tab or process had refreshed; its tokens are used from now on. */
  adopted: object
  /** A refresh was wanted here, and another tab or process made it. */
  waited: {
    /** Milliseconds since the call. */
    readonly duration: number
  }
  /**
   * A refresh brought no new token. The session is kept unless `signed_out` follows. There is one event for each failure in each tab or
   * process, however many calls fail with it.
   */
  refresh_failed: {
    /** How the refresh ended. `throttled`: another tab or process had failed, and wrote that into the record. */
    readonly outcome: string
    /** Why. */
    readonly reason: TokenManagerErrorReason
    /** Milliseconds since the call. */
    readonly duration: number
    /** HTTP status of the answer. */
    readonly status?: number | undefined
    /** When it is tried again at the earliest, epoch milliseconds. */
    readonly retryAt?: EpochMs | undefined
  }
  /**
   * An API answered 401 to a token that had not expired. `replaced` is false while the breaker is open, and for `not_yet_valid`: that
   * token is sent once more after a short wait.
   */
  token_rejected: {
    /** Whether tokenward asks for a new token. */
    readonly replaced: boolean
    /** Why, if the API says it: the `reason` of its challenge. It is only a hint. */
    readonly reason?: RefusalHint
  }
  /** An API asked for a stronger or fresher sign-in (RFC 9470) or for more scope (RFC 6750 §3.1). */
  step_up_required: {
    /** Why. */
    readonly reason: TokenManagerErrorReason
    /** The scope asked for. */
    readonly scope?: string | undefined
  }
  /** A request could not be sent again because its body can be read only once. */
  retry_impossible: {
    /** HTTP status of the answer. */
    readonly status: number
  }
  /** A token was revoked at the server. There is no event if the server does not revoke this kind of token. */
  revoked: {
    /** `refresh_token` or `access_token`. */
    readonly kind: string
  }
  /** A revocation failed. It is tried again, unless `final` is true. */
  revocation_failed: {
    /** `refresh_token` or `access_token`. */
    readonly kind: string
    /** Why. */
    readonly reason: TokenManagerErrorReason
    /** Whether it was the last try. */
    readonly final: boolean
  }
  /** The storage failed. The session in memory goes on. */
  store_failed: {
    /** During which operation. */
    readonly during: string
  }
  /** The stored value was not a session, and was removed. */
  storage_corrupt: object
  /** The storage lost the session, or the fact that it had ended. It was written again from memory. */
  storage_lost: object
  /** Another person is signed in than before. */
  user_changed: object
  /** The wall clock was set by about `by` ms. */
  clock_jumped: {
    /** Milliseconds; negative when it was set back. */
    readonly by: number
  }
  /**
   * With option `dpop`: the clock of this device and a server's clock disagree, and the server may refuse proofs. From now on proofs use the
   * server's time. There is one event for each difference of 5 s or more.
   */
  clock_off: {
    /** How far this device's clock is ahead, milliseconds; negative if it is behind. */
    readonly by: number
    /** The API with that clock; absent for the authorization server. */
    readonly origin?: string | undefined
  }
  /**
   * With option `dpop`, a session began whose access token is not bound to a key. `dpop_unsupported`: the server's metadata does not offer
   * DPoP, or no algorithm of this platform. `dpop_not_bound`: the server still answered with a Bearer token.
   */
  dpop_not_bound: {
    /** Why. */
    readonly reason: 'dpop_unsupported' | 'dpop_not_bound'
  }
  /** The platform or the server lacks something. */
  degraded: {
    /** What is missing. Its description says what happens instead. */
    readonly step: Degradation
  }
}

/** The name of an event. */
export type TokenManagerEventType = keyof TokenManagerEvents

/** An event as listeners get it. */
export type TokenManagerEvent<T extends TokenManagerEventType = TokenManagerEventType> = {
  [Type in T]: EventBase & { readonly type: Type } & TokenManagerEvents[Type]
}[T]

/** Is called with an event. An error that it throws has no effect. */
export type EventListener<T extends TokenManagerEventType = TokenManagerEventType> = (
  event: TokenManagerEvent<T>,
) => void
