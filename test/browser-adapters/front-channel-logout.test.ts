// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { frontChannelLogout } from '../../src/browser/front-channel-logout.ts'
import { idToken } from '../support/simulated-server.ts'
import { type Context, type World, world } from '../support/world.ts'

const page = 'https://app.example/logged-out'

/** A world in which alice is signed in, with `claims` in her ID token. */
async function signedIn(claims: object = { sid: 's-1' }): Promise<{ w: World } & Context> {
  const w = world()
  const a = w.context({ scope: 'openid notes' })
  const { accessToken, refreshToken } = w.server.issue()
  const iat = Math.floor(w.clock.now() / 1000)
  const token = idToken({ iss: w.server.issuer, aud: 'spa', sub: 'alice', iat, exp: iat + 60, ...claims })
  await w.after(100, a.manager.adopt({ accessToken, refreshToken, idToken: token }))
  return { w, ...a }
}

const query = (parameters: Record<string, string>) => `${page}?${new URLSearchParams(parameters)}`

afterEach(() => vi.unstubAllGlobals())

describe('frontChannelLogout', () => {
  it('REV-09: ends the session that iss and sid name, in every tab, and says why', async () => {
    const { w, manager } = await signedIn()
    const [other, logoutPage] = [await w.opened(), w.context()]
    const url = query({ iss: w.server.issuer, sid: 's-1' })
    expect(await w.after(100, frontChannelLogout(logoutPage.manager, url))).toBe('removed')
    await w.clock.advance(1_000)
    for (const { manager: one } of [{ manager }, other, logoutPage])
      expect(one.state).toEqual({ status: 'signedOut', reason: 'session_ended' })
    expect(await w.record()).toMatchObject({ signedOut: { reason: 'session_ended' }, accessTokens: {} })
    expect(w.server.living).toEqual([])
  })

  it.each<[string, (issuer: string) => string]>([
    ['a foreign sid', (iss) => query({ iss, sid: 's-2' })],
    ['a foreign issuer', () => query({ iss: 'https://evil.example', sid: 's-1' })],
    ['an issuer that only resembles it', (iss) => query({ iss: `${iss}/`, sid: 's-1' })],
    ['no sid', (iss) => query({ iss })],
    ['no issuer', () => query({ sid: 's-1' })],
    ['neither', () => page],
    ['an empty sid', (iss) => query({ iss, sid: '' })],
    ['two sids', (iss) => `${query({ iss, sid: 's-1' })}&sid=s-2`],
    ['two issuers', (iss) => `${query({ iss, sid: 's-1' })}&iss=https://evil.example`],
    ['everything in the fragment', (iss) => query({ iss, sid: 's-1' }).replace('?', '#')],
  ])('REV-09: %s does nothing', async (_, url) => {
    const { w, manager } = await signedIn()
    const before = await w.record()
    expect(await w.after(100, frontChannelLogout(manager, url(w.server.issuer)))).toBe('other_session')
    expect([manager.state.status, await w.record(), w.server.revoked]).toEqual(['signedIn', before, []])
  })

  it('REV-09: a session without sid is nobody’s to end', async () => {
    for (const claims of [{}, { sid: undefined }]) {
      const { w, manager } = await signedIn(claims)
      for (const named of [{}, { sid: '' }, { sid: 'undefined' }, { sid: 's-1' }] as Record<string, string>[]) {
        const url = query({ iss: w.server.issuer, ...named })
        expect(await w.after(100, frontChannelLogout(manager, url))).toBe('other_session')
      }
      expect(manager.state.status).toBe('signedIn')
    }
  })

  it('REV-09: says where it saw no session, and in a frame that this may not be all there is', async () => {
    const w = world()
    const url = query({ iss: w.server.issuer, sid: 's-1' })
    const { manager } = await w.opened()
    expect(await w.after(100, frontChannelLogout(manager, url))).toBe('no_session')
    vi.stubGlobal('parent', {})
    expect(await w.after(100, frontChannelLogout(manager, url))).toBe('not_seen')
  })

  it('reads the present URL, and tells of a storage that refuses', async () => {
    const { w, manager, store } = await signedIn()
    const url = query({ iss: w.server.issuer, sid: 's-1' })
    vi.stubGlobal('location', new URL(url))
    store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
    expect(await w.after(100, frontChannelLogout(manager))).toBe('memory_only')
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'session_ended' })
  })
})
