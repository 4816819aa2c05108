import type { TokenManagerErrorReason } from '../errors.ts'
import type { Degradation, EpochMs } from '../ports.ts'
import type { RefusalHint } from '../protocol/access-token.ts'

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
  signed_in: {
    /** `sub` of the ID token; absent without OpenID Connect. */
    readonly subject?: string | undefined
  }
  /** The page came back from a sign-in with an answer that could not be used; nothing was stored. */
  sign_in_failed: {
    /** Why. */
    readonly reason: TokenManagerErrorReason
  }
  /** The session ended here, was ended elsewhere, or was found ended. */
  signed_out: {
    /** Why. */
    readonly reason: string
  }
  /** This context claimed the refresh and is about to send the refresh token. */
  refreshing: {
    /** Why. */
    readonly reason?: string | undefined
  }
  /** This context refreshed. `duration` in ms, from the call to the commit. */
  refreshed: {
    /** Milliseconds, from the call on. */
    readonly duration: number
    /** How often the refresh token was sent: 1, or 2 after a lost answer. */
    readonly attempt: number
    /** Why. */
    readonly reason?: string | undefined
  }
  /** Another context had refreshed; its tokens are used from now on. */
  adopted: object
  /** A refresh was wanted here and another context made it. `duration` in ms. */
  waited: {
    /** Milliseconds, from the call on. */
    readonly duration: number
  }
  /**
   * A refresh brought no new token; `outcome` says why. The session is kept unless `signed_out` follows. Once for each failure in each context,
   * not for each call that hears of it; `throttled`: another context told of it in the record.
   */
  refresh_failed: {
    /** Which of the typed outcomes of a refresh it was. */
    readonly outcome: string
    /** Why. */ readonly reason: TokenManagerErrorReason
    /** Milliseconds, from the call on. */ readonly duration: number
    /** HTTP status of the answer. */ readonly status?: number | undefined
    /** Not before this time, epoch milliseconds. */ readonly retryAt?: EpochMs | undefined
  }
  /**
   * An API answered 401 for a token that had not expired. `replaced` is false while the breaker is open, and for `not_yet_valid`:
   * that token is tried once more after a short wait.
   */
  token_rejected: {
    /** Whether a new token is asked for. */
    readonly replaced: boolean
    /** Why, where the API says: the `reason` of its challenge. A hint, not a verdict. */
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
  /** A token was revoked at the server. Of a server that does not revoke this kind nothing is told. */
  revoked: {
    /** `refresh_token` or `access_token`. */
    readonly kind: string
  }
  /** A revocation did not succeed; unless `final`, it is tried again. */
  revocation_failed: {
    /** `refresh_token` or `access_token`. */
    readonly kind: string
    /** Why. */
    readonly reason: TokenManagerErrorReason
    /** Whether it is given up. */
    readonly final: boolean
  }
  /** The storage refused; what is in memory goes on. */
  store_failed: {
    /** What was being done. */
    readonly during: string
  }
  /** What was stored could not be read as a session and was removed. */
  storage_corrupt: object
  /** The storage lost the session, or that it had ended; it was written back from memory. */
  storage_lost: object
  /** Another person is signed in than before. */
  user_changed: object
  /** The wall clock was set by about `by` ms. */
  clock_jumped: {
    /** Milliseconds; negative when it was set back. */
    readonly by: number
  }
  /**
   * With option `dpop`: this device's clock does not agree with a server's, which may refuse proofs that seem to be from another time.
   * They are made with that server's time from then on. Told once for each difference of 5 s or more.
   */
  clock_off: {
    /** How far this device's clock is ahead, milliseconds; negative: behind. */
    readonly by: number
    /** The API whose clock it is; absent: the authorization server's. */
    readonly origin?: string | undefined
  }
  /**
   * With option `dpop`, a session began whose access token is bound to no key. `dpop_unsupported`: the server's metadata does not
   * offer it, or no algorithm of this platform. `dpop_not_bound`: it answered with a Bearer token all the same.
   */
  dpop_not_bound: {
    /** Why. */
    readonly reason: 'dpop_unsupported' | 'dpop_not_bound'
  }
  /** The platform lacks something; `step` says what is done instead. */
  degraded: {
    /** What is lacking. */
    readonly step: Degradation
  }
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
