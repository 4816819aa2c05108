import { allowInsecureLoopback, createTokenManager } from '../../../src/browser/index.ts'

// Its requests have no referrer: the endpoint tells the server which tab asks.
const { origin, search } = location
let tokens

export const name = 'tokenward'

export async function begin({ accessToken, refreshToken, expiresAt }) {
  open()
  await tokens.adopt({ accessToken, refreshToken, expiresAt })
}

export function open() {
  tokens = createTokenManager({
    issuer: origin,
    metadata: {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token${search}`,
    },
    clientId: 'page',
    redirectUri: `${origin}/callback`,
    resources: [`${origin}/api`],
    [allowInsecureLoopback]: true,
  })
}

export const token = async () => (await tokens.getAccessToken()).value
export const fetch = (url, init) => tokens.fetch(url, init)
