import { expect, it } from 'vitest'
import { alwaysOnline, createTokenManager, noChannel, queueLock, webCrypto } from '../../src/index.ts'
import {
  jsonResponse,
  manualClock,
  memoryStore,
  scriptedAuthorizationServer,
  unsignedIdToken,
} from '../../src/testing/index.ts'

async function signedIn() {
  const clock = manualClock()
  const server = scriptedAuthorizationServer(clock.now)
  const tokens = createTokenManager(
    { issuer: server.issuer, clientId: 'spa', resources: ['https://api.example.com/'] },
    {
      store: memoryStore(),
      lock: queueLock(),
      channel: noChannel,
      lifecycle: alwaysOnline,
      clock,
      crypto: webCrypto,
      fetch: server.fetch,
    },
  )
  await tokens.adopt({ ...server.issue(), expiresAt: clock.now() + 300_000 })
  return { clock, server, tokens }
}

it('serves a real manager, with time that goes by when it is told to', async () => {
  const { clock, server, tokens } = await signedIn()
  await clock.advance(299_000)
  expect((await tokens.fetch('https://api.example.com/notes')).status).toBe(200)
  expect([server.requests.length, server.reuse, server.living.length]).toEqual([1, 0, 1])
  expect(server.calls).toEqual([
    {
      url: 'https://api.example.com/notes',
      proof: null,
      authorization: expect.stringMatching(/^Bearer at-/),
      at: clock.now(),
    },
  ])
  await tokens.signOut()
  await clock.advance(0)
  expect([server.revoked[0]?.hint, server.living]).toEqual(['refresh_token', []])
  tokens.dispose()
})

it('ends a family when a used refresh token comes', async () => {
  const server = scriptedAuthorizationServer()
  const { refreshToken } = server.issue()
  const present = (token: string) =>
    server.fetch(`${server.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token }),
    })
  const first = await (await present(refreshToken)).json()
  expect((await present(refreshToken)).status).toBe(400)
  expect((await present(first.refresh_token)).status).toBe(400)
  expect([server.reuse, server.living, server.requests.map(({ outcome }) => outcome)]).toEqual([
    1,
    [],
    ['issued', 'invalid_grant', 'invalid_grant'],
  ])
})

it('does what its script says', async () => {
  const { clock, server, tokens } = await signedIn()
  server.before = () => jsonResponse({ error: 'temporarily_unavailable' }, 503, { 'retry-after': '7' })
  const retryAt = clock.now() + 7000
  await expect(tokens.refresh()).rejects.toMatchObject({ code: 'ERR_TEMPORARILY_UNAVAILABLE', status: 503, retryAt })
  expect(server.requests.map(({ outcome }) => outcome)).toEqual(['scripted'])
  tokens.dispose()
})

it('makes ID tokens that can be read', () => {
  const [head, body, signature] = unsignedIdToken({ sub: 'ü' }).split('.')
  const read = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString())
  expect([read(head), read(body), signature]).toEqual([{ alg: 'RS256' }, { sub: 'ü' }, 'c2ln'])
})
