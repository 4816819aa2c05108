import type { TokenManagerErrorReason } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { TokenManagerEvents } from '../session/events.ts'

/** The members of every event of a client's own tokens. No event contains a secret. */
export interface ClientTokenEventBase {
  /** When it happened, in epoch milliseconds. */
  readonly at: EpochMs
  /** The resource that the token is for. */
  readonly resource?: string | undefined
  /** The audience that the token is for. */
  readonly audience?: string | undefined
  /** The scope that was asked for. */
  readonly scope?: string | undefined
}

/** All events of a client's own tokens, and their members besides those of {@link ClientTokenEventBase}. */
export interface ClientTokenEvents
  extends Pick<TokenManagerEvents, 'token_rejected' | 'step_up_required' | 'retry_impossible' | 'store_failed'>,
    Pick<TokenManagerEvents, 'revoked' | 'revocation_failed' | 'degraded'> {
  /** The authorization server gave a token. */
  obtained: {
    /** How long it took, in milliseconds. */
    readonly duration: number
    /** Whether it was asked for ahead of time, so that no call waited for it. */
    readonly ahead: boolean
  }
  /** The authorization server gave no token. */
  request_failed: {
    /** Why the request failed. */
    readonly reason: TokenManagerErrorReason
    /** How long it took, in milliseconds. */
    readonly duration: number
    /** The HTTP status of the answer. Absent if there was none. */
    readonly status?: number | undefined
    /** The earliest time of the next request, in epoch milliseconds. */
    readonly retryAt?: EpochMs | undefined
    /** Whether the present token can still be used. Then no call has failed. */
    readonly usable: boolean
  }
  /** With the option `dpop`: a token is bound to no key and is used nevertheless. See {@link TokenManagerEvents}. */
  dpop_not_bound: TokenManagerEvents['dpop_not_bound']
  /** With the option `dpop`: the clock of this machine differs from a server's. See {@link TokenManagerEvents}. */
  clock_off: TokenManagerEvents['clock_off']
  /** A token that another process got is used from now on. */
  adopted: object
}

/** The name of an event of a client's own tokens. */
export type ClientTokenEventType = keyof ClientTokenEvents

/** An event of a client's own tokens, as listeners get it. */
export type ClientTokenEvent<T extends ClientTokenEventType = ClientTokenEventType> = {
  [Type in T]: ClientTokenEventBase & { readonly type: Type } & ClientTokenEvents[Type]
}[T]
