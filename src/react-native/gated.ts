import { invalidOption, TokenManagerError } from '../errors.ts'
import { systemClock } from '../in-process/system-clock.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { Clock } from '../ports.ts'
import { ageOf, type Moment, moment, NEVER } from '../session/moment.ts'
import { unlessAborted } from '../session/unless-aborted.ts'

/** Options of {@link gated}. */
export interface GateOptions {
  /** Asks the person, by Face ID or a fingerprint: `expo-local-authentication` and the like. Rejects when they refuse. */
  readonly ask: () => Promise<unknown>
  /** For how long an answer holds, ms. Default 300 000, 0 to 86 400 000. */
  readonly holds?: number
  /** Default: the phone's own. */
  readonly clock?: Clock
}

/** A manager whose session is used only after the person was asked. */
export interface GatedTokenManager extends TokenManager {
  /**
   * Asks, whatever was answered before: for the button that unlocks the app.
   * @throws TokenManagerError `ERR_AUTHORIZATION_CANCELLED` when the person refuses
   */
  readonly unlock: () => Promise<void>
  /** Forgets what was answered, so that the next use asks: for the moment when the app goes to the background. */
  readonly lock: () => void
}

/**
 * `manager` whose tokens are used only after the person was asked, once for all who wait. It keeps somebody who picks up an unlocked phone from
 * using the session; code in the app, and whoever controls the phone, can read the keychain without it. Nobody is asked while nobody is signed
 * in, nor for signing in or out. A refusal holds until `unlock()` or `lock()`: until then calls reject with `ERR_AUTHORIZATION_CANCELLED`.
 * @param manager is changed, and is what comes back
 * @throws TokenManagerError `ERR_INVALID_OPTION` for a `holds` out of bounds
 */
export function gated(
  manager: TokenManager,
  { ask, holds = 300_000, clock = systemClock }: GateOptions,
): GatedTokenManager {
  if (!(holds >= 0 && holds <= 86_400_000)) throw invalidOption('holds', '0 to 86400000 ms')

  const { getAccessToken, fetch, headersFor, refresh } = manager
  let agreed: Moment = NEVER
  let refusal: TokenManagerError | undefined
  let asking: Promise<void> | undefined

  // Whoever has just signed in has been asked enough.
  manager.on('signed_in', agree)

  return Object.assign(manager, {
    getAccessToken: async (options) => {
      await opened(options?.signal)
      return getAccessToken(options)
    },
    fetch: async (input, init) => {
      await opened(init?.signal ?? (input instanceof Request ? input.signal : undefined))
      return fetch(input, init)
    },
    headersFor: async (url, method) => {
      await opened()
      return headersFor(url, method)
    },
    refresh: async (options) => {
      await opened()
      return refresh(options)
    },
    unlock: askOnce,
    lock: () => {
      agreed = NEVER
      refusal = undefined
    },
  } satisfies Partial<GatedTokenManager>)

  async function opened(signal?: AbortSignal): Promise<void> {
    const { status } = await unlessAborted(manager.ready(), signal)
    const isAsked = ageOf(agreed, moment(clock)) < holds
    if (status !== 'signedIn' || isAsked) return
    if (refusal) throw refusal
    await unlessAborted(askOnce(), signal)
  }

  function askOnce(): Promise<void> {
    asking ??= Promise.resolve()
      .then(ask)
      .then(agree, refuse)
      .finally(() => {
        asking = undefined
      })
    return asking
  }

  function agree(): void {
    agreed = moment(clock)
    refusal = undefined
  }

  function refuse(cause: unknown): never {
    agreed = NEVER
    refusal = new TokenManagerError(
      'ERR_AUTHORIZATION_CANCELLED',
      'cancelled',
      'The person was asked, and did not agree. unlock() asks again',
      { cause },
    )
    throw refusal
  }
}
