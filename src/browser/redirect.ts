import { TokenManagerError } from '../errors.ts'
import type { UserAgent } from '../ports.ts'
import { checkOrigin, takeAnswer } from './callback-url.ts'
import { departure } from './departure.ts'
import { onPage } from './page-events.ts'

/**
 * Signs in by sending this page to the authorization server. The page at the redirect URI completes the sign-in. `authorize()` rejects with
 * `ERR_AUTHORIZATION_CANCELLED` if the person comes back with the browser's back button. Otherwise it never settles, because the page is left.
 * So it needs a store that outlives the page: with `persistence: inMemory`, or where the browser has no IndexedDB, use `popup()`.
 */
export function redirect(): UserAgent {
  return {
    authorize: (url, redirectUri, state) =>
      new Promise((_, reject) => {
        checkOrigin(redirectUri)
        const forget = onPage(['pageshow'], ({ persisted }) => {
          if (!persisted) return

          forget()
          departure('')
          reject(new TokenManagerError('ERR_AUTHORIZATION_CANCELLED', 'cancelled'))
        })

        departure(state)
        location.assign(url)
      }),
    callbackUrl: (redirectUri, statePrefix) => takeAnswer(redirectUri, statePrefix)?.url,
    awaits: (statePrefix) => departure().startsWith(statePrefix),
  }
}
