import { join } from 'node:path'
import { transformSync } from 'esbuild'
import { alwaysOnline, createTokenManager, noChannel, queueLock, type TokenManager, webCrypto } from 'tokenward'
import { manualClock, memoryStore, scriptedAuthorizationServer } from 'tokenward/testing'
import { expect, it } from 'vitest'
import { filesOf, folderOf } from '../support/document-blocks.ts'

const document = 'docs/migration/README.md'
const api = 'https://api.example.com/'

/** The function that the document shows, in an app with this manager. */
function takeAlongIn(tokens: TokenManager): (old: object) => Promise<void> {
  const shown = filesOf(['ts'], [document]).get(join(folderOf(document), 'take-along.ts')) ?? ''
  const { code } = transformSync(shown, { loader: 'ts', format: 'cjs' })
  const module = { exports: {} as { takeAlong(old: object): Promise<void> } }
  new Function('module', 'require', code)(module, () => ({ tokens }))
  return module.exports.takeAlong
}

/** A browser in which another library has signed somebody in. `load()` is the new version of the app. */
function browser() {
  const clock = manualClock()
  const server = scriptedAuthorizationServer(clock.now)
  const { accessToken, refreshToken } = server.issue()
  const old = {
    access_token: accessToken,
    refresh_token: refreshToken,
    expires_at: Math.floor(clock.now() / 1000) + 300,
    token_type: 'Bearer',
    scope: 'openid notes',
  }
  const parts = { store: memoryStore(), lock: queueLock(), channel: noChannel, lifecycle: alwaysOnline }
  const options = { issuer: server.issuer, clientId: 'app', scope: 'openid notes', resources: [api] }
  const load = () => createTokenManager(options, { ...parts, clock, crypto: webCrypto, fetch: server.fetch })
  return { clock, server, old, load }
}

it('the tokens of another library become the session, and are refreshed once', async () => {
  const { clock, server, old, load } = browser()
  const tokens = load()
  await takeAlongIn(tokens)(old)
  expect(tokens.state.status).toBe('signedIn')
  expect((await tokens.fetch(api)).status).toBe(200)
  expect(server.requests).toEqual([])

  await clock.advance(300_000)
  expect((await tokens.fetch(api)).status).toBe(200)
  expect([server.requests.length, server.reuse]).toEqual([1, 0])
})

it('what was left behind signs nobody in again after a sign-out, nor over a session', async () => {
  const { server, old, load } = browser()
  const tokens = load()
  await takeAlongIn(tokens)(old)
  await takeAlongIn(tokens)({ ...old, access_token: 'another' })
  expect((await tokens.getAccessToken()).value).toBe(old.access_token)

  await tokens.signOut()
  await takeAlongIn(tokens)(old)
  expect(tokens.state.status).toBe('signedOut')
  const later = load()
  await takeAlongIn(later)(old)
  expect(later.state).toMatchObject({ status: 'signedOut', reason: 'signed_out' })
  expect(server.calls).toEqual([])
})
