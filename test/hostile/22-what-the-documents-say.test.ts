import { describe, expect, it } from 'vitest'
import { allowInsecureLoopback, createTokenManager } from '../../src/index.ts'
import { createBackchannelLogout } from '../../src/resource-server/backchannel-logout.ts'
import { createDenylist } from '../../src/resource-server/denylist.ts'
import { AUDIENCE, goodClaims, NOW, SECONDS, testIssuer } from '../resource-server/test-issuer.ts'
import { guardedApi } from '../support/guarded-api.ts'
import { scriptedUserAgent } from '../support/scripted-user-agent.ts'
import { world } from '../support/world.ts'

const issuer = 'https://as.example.com'
const redirectUri = 'https://app.example/callback'
const user = { subject: 'user' } as const

describe('what a session tells', () => {
  it('docs/guarantees.md: the messages by which tabs tell each other of a change', async () => {
    const w = world()
    const userAgent = scriptedUserAgent((url) => w.server.authorize(url))
    const [a, b] = [w.context({ userAgent, redirectUri }), w.context()]
    await Promise.all([a.manager.ready(), b.manager.ready()])
    await a.manager.signIn()
    await b.manager.refresh()
    await a.manager.signOut()
    await w.settle()
    expect(w.hub.posted.length).toBeGreaterThan(2)
    for (const { message } of w.hub.posted) expect(message).toEqual({ version: 1, type: 'changed' })
  })

  it('README.md: Every tab that hears of it is signed out before its next request', async () => {
    const w = world()
    const a = await w.signedIn()
    const b = await w.opened()
    await a.manager.signOut()
    await w.hub.settle()
    const sent = w.server.calls.length
    await expect(b.manager.fetch('https://api.example/notes')).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    expect(w.server.calls.length).toBe(sent)
  })

  it('docs/guarantees.md: one that no message reaches notices within `confirmInterval`', async () => {
    const w = world()
    const a = await w.signedIn()
    const b = await w.opened()
    w.hub.mode = 'drop'
    await a.manager.signOut()
    await w.clock.advance(5_001)
    await b.manager.getAccessToken().catch(() => {})
    await w.settle()
    await expect(b.manager.getAccessToken()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
  })

  it('docs/start/page.md: Construction does no I/O and starts nothing.', async () => {
    const w = world()
    const { store, manager } = w.context()
    await w.settle()
    await w.clock.advance(600_000)
    expect([store.count.get, store.count.swap, w.server.calls.length, w.hub.posted.length]).toEqual([0, 0, 0, 0])
    manager.dispose()
  })

  it('SECURITY.md: plain http to a loopback address alone, for development, by a symbol that has to be imported', () => {
    const make = (issuer: string, options: object) =>
      createTokenManager({ issuer, clientId: 'spa', ...options }, undefined).dispose()
    const byHand = { [allowInsecureLoopback]: true }
    expect(() => make('http://127.0.0.1:4000', {})).toThrow('https')
    expect(() => make('http://127.0.0.1:4000', { allowInsecureLoopback: true })).toThrow(
      'has to be the imported symbol',
    )
    expect(() => make('http://as.example.com', byHand)).toThrow('https')
    make('http://127.0.0.1:4000', byHand)
  })
})

describe('what the guard lets pass', () => {
  it('SECURITY.md: Only a token that is bound to a key (`dpop: { required: true }`) is not.', async () => {
    const as = await testIssuer()
    const token = await as.accessToken()
    expect(await guardedApi(as).outcome(token)).toBe('passed')
    expect(await guardedApi(as, { dpop: { required: true } }).outcome(token)).toBe('binding_mismatch')
  })

  it('SECURITY.md: Without `subjectKind` or a preset only `auth_time` counts as proof.', async () => {
    const as = await testIssuer()
    const api = guardedApi(as)
    expect(await api.outcome(await as.accessToken(), user)).toBe('subject_not_a_user')
    expect(await api.outcome(await as.accessToken({ auth_time: SECONDS }), user)).toBe('passed')
  })

  it('SECURITY.md: Tokens bound to a certificate are refused, because certificates are not checked.', async () => {
    const as = await testIssuer()
    for (const cnf of [{ 'x5t#S256': 'x' }, { jkt: 'x', 'x5t#S256': 'x' }, { kid: 'x' }, { jwk: {} }])
      expect(await guardedApi(as, { dpop: {} }).outcome(await as.accessToken({ cnf }))).toBe('binding_mismatch')
  })

  it('SECURITY.md: `tellReason: false` prevents that.', async () => {
    const as = await testIssuer()
    const token = await as.accessToken({ iat: SECONDS - 900, exp: SECONDS - 300 })
    const told = await guardedApi(as).refusal(token)
    const kept = await guardedApi(as, { tellReason: false }).refusal(token)
    expect([told.wwwAuthenticate, kept.wwwAuthenticate]).toEqual([
      expect.stringContaining('reason="expired"'),
      expect.not.stringContaining('expired'),
    ])
  })

  it('SECURITY.md: somebody who cuts your processes off from Redis gains no more time than `maxStaleness`', async () => {
    const as = await testIssuer()
    let now = NOW
    let heard = (_at: number) => {}
    const follow = ({ onCurrent }: { onCurrent: (at: number) => void }) => {
      heard = onCurrent
      return () => {}
    }
    const store = { append: async () => {}, follow }
    const denylist = createDenylist({ store, maxStaleness: 1_000, now: () => now })
    const api = guardedApi(as, { denylist, now: () => now })
    const token = await as.accessToken()
    heard(now)
    now += 1_000
    expect(await api.outcome(token)).toBe('passed')
    now += 1
    expect(await api.outcome(token)).toBe('denylist_stale')
  })

  it('SECURITY.md: A denial by `sid` alone refuses every token of that issuer that names no sign-in', async () => {
    const as = await testIssuer()
    for (const [owner, outcome] of [
      [undefined, 'session_ended'],
      ['somebody else', 'passed'],
    ] as const) {
      const denylist = createDenylist({ now: () => NOW })
      await denylist.deny({ issuer, sid: 's', before: NOW, ...(owner !== undefined && { owner }) })
      expect(await guardedApi(as, { denylist }).outcome(await as.accessToken())).toBe(outcome)
    }
  })

  it('SECURITY.md: Tokens that the guard has already seen pass for `cacheMaxAge` more', async () => {
    const as = await testIssuer()
    let now = NOW
    const keys = { maxAge: 10_000, staleFor: 0, cooldown: 0 }
    const api = guardedApi(as, { now: () => now, keys, cacheMaxAge: 20_000 })
    const token = await as.accessToken()
    expect(await api.outcome(token)).toBe('passed')
    as.keys = []
    now += 19_999
    expect(await api.outcome(token)).toBe('passed')
    now += 1
    expect(await api.outcome(token)).toBe('key_unknown')
  })
})

it("SECURITY.md: A captured logout token can end that person's session again until it expires, and no session that began later.", async () => {
  const as = await testIssuer()
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  const logoutToken = await as.sign(
    { iss: issuer, aud: 'spa', iat: SECONDS, exp: SECONDS + 120, jti: 'l', sub: 'person', sid: 's', events },
    { typ: 'logout+jwt' },
  )
  let now = NOW
  const send = async (denylist: ReturnType<typeof createDenylist>) => {
    const endpoint = createBackchannelLogout({ issuer, clientId: 'spa', denylist, fetch: as.fetch, now: () => now })
    const body = new URLSearchParams({ logout_token: logoutToken })
    return (await endpoint(new Request('https://app.example.com/', { method: 'POST', body }))).status
  }
  const at = (iat: number) => as.sign({ ...goodClaims(issuer), aud: AUDIENCE, sid: 's', iat, exp: iat + 300 })

  expect(await send(createDenylist({ now: () => now }))).toBe(200)
  now += 60_000
  const denylist = createDenylist({ now: () => now })
  expect(await send(denylist)).toBe(200)
  const api = guardedApi(as, { denylist, now: () => now })
  expect(await api.outcome(await at(SECONDS))).toBe('session_ended')
  expect(await api.outcome(await at(SECONDS + 1))).toBe('passed')
  now += 120_001
  expect(await send(denylist)).toBe(400)
})
