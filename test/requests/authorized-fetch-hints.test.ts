import { describe, expect, it } from 'vitest'
import { createClientCredentials } from '../../src/client-tokens/create-client-credentials.ts'
import { createDenylist } from '../../src/resource-server/denylist.ts'
import { createGuard } from '../../src/resource-server/guard.ts'
import { tokenEndpoint } from '../client-tokens/token-endpoint.ts'
import { AUDIENCE, NOW, request, SECONDS, testIssuer } from '../resource-server/test-issuer.ts'
import { type Context, type World, world } from '../support/world.ts'

const api = 'https://api.example/notes'
/** How long a token that does not count yet is given. */
const PATIENCE = 1_500

const challenge = (reason: string) => `Bearer realm="api", error="invalid_token", reason="${reason}"`

/** The API answers `say(token)`: `undefined` lets it pass, else it is the challenge. */
function saying(w: World, say: (token: string) => string | undefined) {
  w.server.api = ({ headers }) => {
    const refused = say(headers.get('authorization')?.replace('Bearer ', '') ?? '')
    return refused === undefined
      ? new Response('{}')
      : new Response('', { status: 401, headers: { 'www-authenticate': refused } })
  }
}

const rejections = ({ events }: Context) =>
  events.filter(({ type }) => type === 'token_rejected').map(({ replaced, reason }) => ({ replaced, reason }))
const sentTokens = (w: World) => w.server.calls.map(({ authorization }) => authorization)

describe('an API that says why it refuses a token', () => {
  it.each(['expired', 'revoked', 'session_ended'] as const)(
    'INV-01: %s costs one refresh, and the app hears why',
    async (reason) => {
      const w = world()
      const context = await w.signedIn()
      saying(w, (token) => (token === 'at-1' ? challenge(reason) : undefined))
      const answers = Array.from({ length: 20 }, () => context.manager.fetch(api))
      for (const { status } of await w.after(100, Promise.all(answers))) expect(status).toBe(200)
      expect([w.server.requests.length, w.server.calls.length]).toEqual([1, 40])
      expect(rejections(context)).toEqual([{ replaced: true, reason }])
    },
  )

  it.each(['revoked', 'session_ended'])(
    '%s: it is the answer to the refresh that decides: no session ends because an API says so',
    async (reason) => {
      const w = world()
      const { manager } = await w.signedIn()
      saying(w, () => challenge(reason))
      w.server.before = () => new Response('', { status: 503 })
      for (let call = 0; call < 5; call++) {
        await w.after(
          100,
          manager.fetch(api).catch(() => {}),
        )
        await w.clock.advance(60_000)
      }
      expect(manager.state.status).toBe('signedIn')
      w.server.before = () => {}
      await w.clock.advance(60_000)
      for (let call = 0; call < 20; call++) {
        await w.after(
          100,
          manager.fetch(api).catch(() => {}),
        )
        await w.clock.advance(10_000)
      }
      expect(manager.state.status).toBe('signedIn')
      w.server.revokeAll()
      await w.after(100, manager.fetch(api))
      expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'rejected' })
    },
  )

  it('a session that was ended at the server is told in this order: why, then that it is over', async () => {
    const w = world()
    const context = await w.signedIn()
    saying(w, () => challenge('session_ended'))
    w.server.revokeAll()
    expect((await w.after(100, context.manager.fetch(api))).status).toBe(401)
    const why = context.events.filter(({ type }) => type === 'token_rejected' || type === 'signed_out')
    expect(why).toMatchObject([
      { type: 'token_rejected', reason: 'session_ended' },
      { type: 'signed_out', reason: 'rejected' },
    ])
  })

  it.each(['insolvent', '', 'REVOKED', 'expired not_yet_valid', 'x'.repeat(9_999)])(
    'a reason nobody knows is none (%#), and is told to nobody',
    async (reason) => {
      const w = world()
      const context = await w.signedIn()
      saying(w, (token) => (token === 'at-1' ? challenge(reason) : undefined))
      expect((await w.after(100, context.manager.fetch(api))).status).toBe(200)
      expect(rejections(context)).toEqual([{ replaced: true, reason: undefined }])
    },
  )

  it('INV-04: only the challenge of the own scheme, and only beside invalid_token', async () => {
    for (const header of [
      'DPoP error="invalid_token", reason="not_yet_valid", Bearer error="invalid_token"',
      'Bearer realm="x", reason="not_yet_valid"',
    ]) {
      const w = world()
      const context = await w.signedIn()
      saying(w, (token) => (token === 'at-1' ? header : undefined))
      expect((await w.after(0, context.manager.fetch(api))).status).toBe(200)
      expect(rejections(context)).toEqual([{ replaced: true, reason: undefined }])
    }
  })
})

describe('not_yet_valid', () => {
  it('INV-07: gets a short wait and one more try with the same token, and no refresh', async () => {
    const w = world()
    const context = await w.signedIn()
    const from = w.clock.now()
    saying(w, () => (w.clock.now() < from + 1_000 ? challenge('not_yet_valid') : undefined))
    const answers = Array.from({ length: 20 }, () => context.manager.fetch(api, { method: 'POST', body: 'b' }))
    for (const { status } of await w.after(PATIENCE, Promise.all(answers))) expect(status).toBe(200)
    expect(w.server.requests).toHaveLength(0)
    expect(sentTokens(w)).toEqual(Array.from({ length: 40 }, () => 'Bearer at-1'))
    expect(rejections(context)).toEqual([{ replaced: false, reason: 'not_yet_valid' }])
  })

  it('INV-07: an API whose clock is far behind is waited for once a token, and never refreshed for', async () => {
    const w = world()
    const context = await w.signedIn()
    saying(w, () => challenge('not_yet_valid'))
    expect((await w.after(PATIENCE, context.manager.fetch(api))).status).toBe(401)
    expect(w.server.calls).toHaveLength(2)
    for (let call = 0; call < 10; call++) expect((await w.after(0, context.manager.fetch(api))).status).toBe(401)
    expect([w.server.requests.length, w.server.calls.length]).toEqual([0, 12])
    expect(rejections(context)).toHaveLength(1)
    // The token is as good as it was: another API may take it.
    saying(w, () => undefined)
    expect((await w.after(0, context.manager.fetch(api))).status).toBe(200)
  })

  it('INV-01: after the wait a refusal for any other reason is the answer', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    saying(w, () => challenge(w.server.calls.length === 1 ? 'not_yet_valid' : 'revoked'))
    expect((await w.after(PATIENCE, manager.fetch(api))).status).toBe(401)
    expect([w.server.requests.length, w.server.calls.length]).toEqual([0, 2])
  })

  it('who signed out, or another person, meanwhile, gets no token out', async () => {
    for (const next of ['nobody', 'another']) {
      const w = world()
      const { manager } = await w.signedIn()
      saying(w, () => challenge('not_yet_valid'))
      const answer = manager.fetch(api)
      await w.clock.advance(500)
      await w.after(100, manager.signOut())
      if (next === 'another') await w.after(100, manager.adopt(w.server.issue()))
      expect((await w.after(PATIENCE, answer)).status).toBe(401)
      expect(w.server.calls).toHaveLength(1)
    }
  })

  it('a newer token that came meanwhile is the one that is sent', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    saying(w, (token) => (token === 'at-1' ? challenge('not_yet_valid') : undefined))
    const answer = manager.fetch(api)
    await w.after(500, manager.refresh())
    expect((await w.after(PATIENCE, answer)).status).toBe(200)
    expect(sentTokens(w)).toEqual(['Bearer at-1', 'Bearer at-2'])
  })

  it('USE-10: `signal` ends the wait of its own call only', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    saying(w, () => (w.server.calls.length < 3 ? challenge('not_yet_valid') : undefined))
    const abort = new AbortController()
    const left = manager.fetch(api, { signal: abort.signal })
    const stays = manager.fetch(api)
    await w.clock.advance(100)
    abort.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    expect((await w.after(PATIENCE, stays)).status).toBe(200)
  })

  it('INV-07: is the same for tokens that need no session', async () => {
    const endpoint = tokenEndpoint()
    const tokens = createClientCredentials(
      { ...endpoint.options, resources: [api] },
      {
        ...endpoint.platform,
        fetch: async (input, init) => {
          if (String(input) !== api) return endpoint.platform.fetch(input, init)
          sent.push(new Headers(init?.headers).get('authorization'))
          return sent.length > 1
            ? new Response('{}')
            : new Response('', { status: 401, headers: { 'www-authenticate': challenge('not_yet_valid') } })
        },
      },
    )
    const sent: unknown[] = []
    const told: unknown[] = []
    tokens.on('token_rejected', ({ replaced, reason }) => told.push({ replaced, reason }))
    const answer = tokens.fetch(api)
    await endpoint.clock.advance(PATIENCE)
    expect((await answer).status).toBe(200)
    expect([new Set(sent).size, sent.length, endpoint.requests.length]).toEqual([1, 2, 1])
    expect(told).toEqual([{ replaced: false, reason: 'not_yet_valid' }])
  })
})

it('what the guard tells is what the client understands', async () => {
  const as = await testIssuer()
  const denylist = createDenylist({ now: () => NOW })
  await denylist.deny(
    { issuer: as.issuer, jti: 'gone', expiresAt: NOW + 60_000 },
    { issuer: as.issuer, sid: 'over', before: NOW },
  )
  const guard = createGuard({ issuer: as.issuer, audience: AUDIENCE, fetch: as.fetch, now: () => NOW, denylist })
  const tokens = {
    expired: { exp: SECONDS - 61 },
    not_yet_valid: { nbf: SECONDS + 61 },
    revoked: { jti: 'gone' },
    session_ended: { sid: 'over' },
  }
  for (const [reason, claims] of Object.entries(tokens)) {
    const refusal = await guard(request(await as.accessToken(claims))).catch((error) => error)
    const w = world()
    const context = await w.signedIn()
    saying(w, () => (w.server.calls.length === 1 ? refusal.wwwAuthenticate : undefined))
    expect((await w.after(PATIENCE, context.manager.fetch(api))).status).toBe(200)
    expect(rejections(context)).toEqual([{ replaced: reason !== 'not_yet_valid', reason }])
  }
})
