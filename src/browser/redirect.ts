import { TokenManagerError } from '../errors.ts'
import type { UserAgent } from '../ports.ts'
import { takeCallbackUrl } from './callback-url.ts'

/**
 * Signs in by sending this page to the authorization server; the page that comes back to the redirect URI completes the
 * sign-in. `authorize()` rejects with `ERR_AUTHORIZATION_CANCELLED` if the person comes back to this very page with the back
 * button, and otherwise never settles, because the page is gone.
 */
export function redirect(): UserAgent {
  return {
    authorize: (url) =>
      new Promise((_, reject) => {
        const onShow = ({ persisted }: PageTransitionEvent) => {
          if (!persisted) return
          removeEventListener('pageshow', onShow)
          reject(new TokenManagerError('ERR_AUTHORIZATION_CANCELLED', 'cancelled', 'The person left the sign-in'))
        }
        addEventListener('pageshow', onShow)
        location.assign(url)
      }),
    callbackUrl: takeCallbackUrl,
  }
}
