import createClient from 'openapi-fetch'
import { createTokenManager, type Fetch } from 'tokenward/browser'

const api = 'https://api.example.com/'

/** The one manager of the app: every tab that makes one shares the session. */
export const tokens = createTokenManager({
  issuer: 'https://as.example.com',
  clientId: 'spa',
  redirectUri: 'https://app.example.com/callback',
  scope: 'openid offline_access notes',
  resources: [api],
})

interface Answer {
  responses: { 200: { content: { 'application/json': { notes: string[] } } } }
}

/** What openapi-typescript would make of the API's description. */
interface Paths {
  '/notes': { get: Answer; post: Answer & { requestBody: { content: { 'application/json': { text: string } } } } }
}

/** The API of the app, over openapi-fetch. */
export function notesOverOpenapiFetch(fetch: Fetch = tokens.fetch, baseUrl = api) {
  const client = createClient<Paths>({ baseUrl, fetch })
  return {
    list: async () => (await client.GET('/notes')).data,
    add: async (text: string) => (await client.POST('/notes', { body: { text } })).data,
  }
}
