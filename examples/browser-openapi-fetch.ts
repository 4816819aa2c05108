import createClient from 'openapi-fetch'
import { createTokenManager, type Fetch } from 'tokenward/browser'

const api = 'https://api.example.com/'

/** The manager of the app. All tabs share the session. */
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

/** openapi-typescript generates this from the API's description. */
interface Paths {
  '/notes': { get: Answer; post: Answer & { requestBody: { content: { 'application/json': { text: string } } } } }
}

/** The API of the app, called with openapi-fetch. */
export function notesOverOpenapiFetch(fetch: Fetch = tokens.fetch, baseUrl = api) {
  const client = createClient<Paths>({ baseUrl, fetch })
  return {
    list: async () => (await client.GET('/notes')).data,
    add: async (text: string) => (await client.POST('/notes', { body: { text } })).data,
  }
}
