import { allowInsecureLoopback, createBackchannelLogout, createDenylist } from 'tokenward/resource-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sessionLimits } from '../../src/manager/session-limits.ts'
import { manualClock } from '../support/manual-clock.ts'
import { type BffSite, bffSite, type Visitor, visitor } from './bff-site.ts'
import { sendRaw } from './raw-request.ts'

let site: BffSite
beforeAll(async () => {
  site = await bffSite({ hosts: 2 })
})
afterAll(() => site?.stop())

/** Signs out as a form of a page of the site does. */
function signOutByForm(of: BffSite, { cookies }: Visitor, origin: string) {
  const form = { origin, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const fields = [...Object.entries(form), ['cookie', `session=${cookies.get('session')}`]] as const
  return sendRaw(of.origin, { method: 'POST', path: '/auth/logout', fields })
}

describe('a visit', () => {
  it('BFF-01 BFF-07: signs in, calls an API, and signs out', async () => {
    const alice = await site.signedIn()
    expect(site.server.grants.splice(0)).toEqual(['authorization_code granted'])
    expect(await alice.session()).toMatchObject({ status: 'signedIn', health: 'ok', session: { subject: 'alice' } })
    const call = { method: 'POST', body: 'text', headers: { 'content-type': 'text/plain' } }
    const answer = await alice.ask('/api/notes?n=1', call)
    expect([answer.status, await answer.json()]).toEqual([200, { method: 'POST', url: '/v1/notes?n=1' }])
    const [{ headers, body } = { headers: {}, body: '' }] = site.asked.splice(0)
    expect(body).toBe('text')
    expect(headers).toMatchObject({ authorization: expect.stringMatching(/^Bearer ey/), 'content-length': '4' })
    expect(Object.keys(headers)).not.toContain('cookie')
  })

  it('BFF-10: signing out ends the session for whoever has the cookie, on every host, and at once', async () => {
    const [alice, bob] = [await site.signedIn('alice'), await site.signedIn('bob')]
    expect((await alice.ask('/api/x', {}, site.hosts[1])).status).toBe(200)
    const out = await alice.ask('/auth/logout', { method: 'POST' })
    expect(await out.json()).toMatchObject({ local: 'removed' })
    expect(out.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=; .*Max-Age=0/)])
    for (const host of site.hosts) {
      const refused = await alice.ask('/api/x', {}, host)
      expect([refused.status, refused.headers.get('x-tokenward')]).toEqual([401, 'ERR_SIGNED_OUT'])
      expect((await bob.ask('/api/x', {}, host)).status).toBe(200)
    }
    expect(await alice.session()).toMatchObject({ status: 'signedOut' })
  })

  // A page with the policy `no-referrer`, which Helmet sets by itself, sends its forms without an origin.
  it.each(['of the site', 'null'])(
    'signs out by a form of the site as well, which goes on from there (origin: %s)',
    async (told) => {
      const alice = await site.signedIn()
      const out = await signOutByForm(site, alice, told === 'null' ? told : site.origin)
      expect([out.status, out.fields.location]).toEqual([303, expect.stringContaining('/session/end?')])
      expect((await alice.session()).status).toBe('signedOut')
    },
  )

  it('goes on with the parameters of its client, by a form and by a script', async () => {
    const own = await bffSite({ pool: { endSessionParams: ({ client_id }) => ({ client_id, logout_hint: 'alice' }) } })
    const byForm = await signOutByForm(own, await own.signedIn(), own.origin)
    const byScript = await (await own.signedIn()).ask('/auth/logout', { method: 'POST' })
    const { endSessionUrl } = (await byScript.json()) as { endSessionUrl: string }
    for (const url of [byForm.fields.location, endSessionUrl])
      expect(new URL(String(url)).search).toMatch(/^\?client_id=[^&]+&logout_hint=alice$/)
    await own.stop()
  })

  it('is nobody without a cookie', async () => {
    const nobody = visitor(site.origin)
    expect(await nobody.session()).toEqual({ status: 'signedOut', reason: 'none' })
    const refused = await nobody.ask('/api/notes')
    expect([refused.status, refused.headers.get('x-tokenward')]).toEqual([401, 'ERR_SIGNED_OUT'])
    expect((await nobody.ask('/elsewhere')).status).toBe(404)
  })

  it('BFF-02 BFF-12: brings no token into the browser, and no cookie but at a sign-in and a sign-out', async () => {
    const alice = await site.signedIn()
    site.asked.splice(0)
    const answers = [
      await alice.ask('/api/x'),
      await alice.ask('/auth/session'),
      await alice.ask('/api/..%2fx'),
      await alice.go('/api/x'),
      await alice.go('/auth/login'),
    ]
    const seen = [
      ...alice.cookies.values(),
      ...(await Promise.all(answers.map(async (one) => JSON.stringify([...one.headers]) + (await one.text())))),
    ]
    const [, token = ''] = site.asked[0]?.headers.authorization?.split(' ') ?? []
    expect(token.length).toBeGreaterThan(100)
    // Access tokens and ID tokens are JWTs here; a refresh token goes nowhere but to the token endpoint.
    for (const text of seen) expect(text.includes(token) || /eyJ[\w-]+\.eyJ/.test(text)).toBe(false)
    expect(answers.slice(0, 4).flatMap(({ headers }) => headers.getSetCookie())).toEqual([])
  })

  it('tells the page the claims it may know, and no more', async () => {
    const own = await bffSite({ bff: () => ({ claims: ['sub'] }) })
    const alice = await own.signedIn()
    expect((await alice.session()).session).toMatchObject({ subject: 'alice', claims: { sub: 'alice' } })
    const { session } = (await alice.session()) as { session?: { claims?: object } }
    expect(Object.keys(session?.claims ?? {})).toEqual(['sub'])
    await own.stop()
  })

  it('BFF-07: that only looks keeps no session alive', async () => {
    const clock = manualClock(Date.now())
    const own = await bffSite({ pool: { clock, limits: sessionLimits({ idleTimeout: 60_000 }) } })
    const alice = await own.signedIn()
    for (let n = 0; n < 5; n++) {
      await clock.advance(11_000)
      expect((await alice.session()).status).toBe('signedIn')
    }
    await clock.advance(11_000)
    expect(await alice.session()).toMatchObject({ status: 'signedOut', reason: 'idle' })
    await own.stop()
  })
})

describe('a logout at the authorization server', () => {
  it('BFF-11: ends the sessions of that person on the site, and no others', async () => {
    const denylist = createDenylist({ maxTokenLifetime: 30 * 86_400_000 })
    const own = await bffSite({
      hosts: 2,
      pool: { denylist, scope: 'openid notes' },
      bff: (_, issuer) => ({
        backchannelLogout: createBackchannelLogout({
          issuer,
          clientId: 'web',
          denylist,
          [allowInsecureLoopback]: true,
        }),
      }),
    })
    const [alice, bob] = [await own.signedIn('alice'), await own.signedIn('bob')]
    const tell = (token: string) =>
      fetch(`${own.origin}/auth/backchannel`, { method: 'POST', body: new URLSearchParams({ logout_token: token }) })
    expect((await tell('forged')).status).toBe(400)
    expect((await tell(await own.server.logoutToken('alice'))).status).toBe(200)
    for (const host of own.hosts) {
      expect((await alice.ask('/api/x', {}, host)).status).toBe(401)
      expect((await bob.ask('/api/x', {}, host)).status).toBe(200)
    }
    expect(await alice.session()).toMatchObject({ status: 'signedOut', reason: 'session_ended' })
    await own.stop()
  })
})

describe('BFF-06: a page of another origin', () => {
  const listed = 'https://www.example.com'

  it('may ask if it is listed, and reads the answer', async () => {
    const own = await bffSite({ bff: () => ({ origins: [listed] }) })
    const alice = await own.signedIn()
    const preflight = await sendRaw(own.origin, {
      method: 'OPTIONS',
      path: '/api/x',
      fields: [
        ['origin', listed],
        ['access-control-request-method', 'DELETE'],
        ['access-control-request-headers', 'x-tokenward'],
      ],
    })
    expect([preflight.status, preflight.fields]).toMatchObject([
      204,
      {
        'access-control-allow-origin': listed,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'DELETE',
        'access-control-allow-headers': 'x-tokenward',
      },
    ])
    const asked = await sendRaw(own.origin, {
      path: '/api/x',
      fields: [
        ['origin', listed],
        ['sec-fetch-site', 'same-site'],
        ['x-tokenward', '1'],
        ['cookie', `session=${alice.cookies.get('session')}`],
      ],
    })
    expect([asked.status, asked.fields['access-control-allow-origin']]).toEqual([200, listed])
    expect(asked.fields.vary).toContain('origin')
    await own.stop()
  })

  it('is told nothing otherwise, and no answer speaks of origins at all', async () => {
    const alice = await site.signedIn()
    const answers = [await alice.ask('/api/x'), await alice.ask('/api/x', { headers: { origin: listed } })]
    expect(answers.map(({ status }) => status)).toEqual([200, 403])
    const names = answers.flatMap(({ headers }) => [...headers.keys()])
    expect(names.filter((name) => name.startsWith('access-control'))).toEqual([])
  })
})
