import type { AccessToken } from '../protocol/access-token.ts'
import { unlessAborted } from './unless-aborted.ts'

/** How long to wait for a token that is not valid yet, in milliseconds. The clocks of most servers differ by less. */
const PATIENCE = 1_500

/**
 * Waits a moment for a token that an API called "not yet valid". There is one wait for each token, which all callers share. The promise gives
 * false if that wait was over already: the token was tried again and refused again.
 * @param begin called only for the first caller
 */
export type EarlyTokens = (token: AccessToken, signal: AbortSignal | undefined, begin: () => void) => Promise<boolean>

/**
 * Makes the function that waits.
 * @param wait resolves after that many milliseconds
 */
export function earlyTokens(wait: (time: number) => Promise<void>): EarlyTokens {
  const waits = new WeakMap<AccessToken, Promise<boolean>>()
  return (token, signal, begin) => {
    let ripe = waits.get(token)
    if (!ripe) {
      begin()
      ripe = wait(PATIENCE).then(() => {
        waits.set(token, Promise.resolve(false))
        return true
      })
      waits.set(token, ripe)
    }
    return unlessAborted(ripe, signal)
  }
}
