import ky from 'ky'
import { createTokenManager, type Fetch, TokenManagerError } from 'tokenward/browser'

const api = 'https://api.example.com/'

/** The manager of the app. All tabs share the session. */
export const tokens = createTokenManager({
  issuer: 'https://as.example.com',
  clientId: 'spa',
  redirectUri: 'https://app.example.com/callback',
  scope: 'openid offline_access notes',
  resources: [api],
})

/** The API of the app, called with ky. */
export function notesOverKy(fetch: Fetch = tokens.fetch, prefixUrl = api) {
  const http = ky.create({
    prefixUrl,
    fetch,
    // ky would repeat every kind of error. The manager has already repeated what can help.
    retry: { shouldRetry: ({ error }) => (error instanceof TokenManagerError ? false : undefined) },
  })
  return {
    list: () => http.get('notes').json<{ notes: string[] }>(),
    add: (text: string) => http.post('notes', { json: { text } }).json<{ notes: string[] }>(),
  }
}
