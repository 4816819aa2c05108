import type { TokenManagerErrorReason } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { TokenManagerEvents } from '../session/events.ts'

/** What every event of a client's own tokens carries. None carries a secret. */
export interface ClientTokenEventBase {
  /** Wall clock. */
  readonly at: EpochMs
  /** The resource the token is for. */
  readonly resource?: string | undefined
  /** The audience the token is for. */
  readonly audience?: string | undefined
  /** The scope asked for. */
  readonly scope?: string | undefined
}

/** Every event of a client's own tokens and what it carries beside {@link ClientTokenEventBase}. */
export interface ClientTokenEvents
  extends Pick<TokenManagerEvents, 'token_rejected' | 'step_up_required' | 'retry_impossible' | 'store_failed'>,
    Pick<TokenManagerEvents, 'revoked' | 'revocation_failed' | 'degraded'> {
  /** The authorization server gave a token. */
  obtained: {
    /** Milliseconds from the call on. */
    readonly duration: number
    /** Whether nobody was waiting for it. */
    readonly ahead: boolean
  }
  /** The authorization server gave no token. */
  request_failed: {
    /** Why. */
    readonly reason: TokenManagerErrorReason
    /** Milliseconds from the call on. */
    readonly duration: number
    /** HTTP status of the answer. */
    readonly status?: number | undefined
    /** Not before this time, epoch milliseconds. */
    readonly retryAt?: EpochMs | undefined
    /** Whether there is a token that can still be used. Then no call failed. */
    readonly usable: boolean
  }
  /** With option `dpop`, a token came that is bound to no key, and is used: see {@link TokenManagerEvents}. */
  dpop_not_bound: TokenManagerEvents['dpop_not_bound']
  /** With option `dpop`: this device's clock does not agree with a server's: see {@link TokenManagerEvents}. */
  clock_off: TokenManagerEvents['clock_off']
  /** Another process had a token, which is used from now on. */
  adopted: object
}

/** The name of an event of a client's own tokens. */
export type ClientTokenEventType = keyof ClientTokenEvents

/** An event of a client's own tokens, as listeners get it. */
export type ClientTokenEvent<T extends ClientTokenEventType = ClientTokenEventType> = {
  [Type in T]: ClientTokenEventBase & { readonly type: Type } & ClientTokenEvents[Type]
}[T]
