import type { AccessToken } from '../protocol/access-token.ts'
import { unlessAborted } from './unless-aborted.ts'

/** How long a token that does not count yet is given, ms: more than the clocks of most servers differ. */
const PATIENCE = 1_500

/**
 * Waits until a token that an API called "not yet valid" has aged a little: once for each token, whoever calls. The promise is false
 * where that wait is over already, and was of no use.
 * @param begin called for the first caller
 */
export type EarlyTokens = (token: AccessToken, signal: AbortSignal | undefined, begin: () => void) => Promise<boolean>

/**
 * No token yet.
 * @param wait resolves after so many milliseconds
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
