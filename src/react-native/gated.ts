import { invalidOption, TokenManagerError } from '../errors.ts'
import { systemClock } from '../in-process/system-clock.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { Clock } from '../ports.ts'
import { ageOf, type Moment, moment, NEVER } from '../session/moment.ts'
import { unlessAborted } from '../session/unless-aborted.ts'

/** Options of {@link gated}. */
export interface GateOptions {
  /**
   * Asks the person to confirm with Face ID, a fingerprint or the like, for example by `expo-local-authentication`. It has to reject if they do
   * not confirm.
   */
  readonly ask: () => Promise<unknown>
  /** How long a confirmation is valid, in milliseconds. Default 300 000, 0 to 86 400 000. */
  readonly holds?: number
  /** Measures `holds`. Default: the phone's clock. */
  readonly clock?: Clock
}

/** A manager whose tokens are used only after the person has confirmed it. Made by {@link gated}. */
export interface GatedTokenManager extends TokenManager {
  /**
   * Asks the person now, whatever they answered before. It is for a button that unlocks the app.
   * @throws TokenManagerError `ERR_AUTHORIZATION_CANCELLED` if the person does not confirm
   */
  readonly unlock: () => Promise<void>
  /** Forgets the answer, so that the next use asks again. Call it when the app goes to the background. */
  readonly lock: () => void
}

/**
 * Makes `manager` ask the person before it uses tokens. Calls that wait at the same time share one question. This keeps somebody who picks up an
 * unlocked phone from using the session. It does not protect against other code in the app, or against somebody who controls the phone: they
 * can read the keychain.
 *
 * The person is not asked while nobody is signed in, and not for signing in or out. If they do not confirm, calls reject with
 * `ERR_AUTHORIZATION_CANCELLED` until `unlock()` or `lock()` is called.
 * @param manager the manager to change. It is also what is returned
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `holds` is out of bounds
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

  // A person who has just signed in need not confirm again.
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
