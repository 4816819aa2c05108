import { dpop } from 'tokenward/node'
import { afterEach, describe, expect, it } from 'vitest'
import type { BffOptions } from '../../src/bff/bff-options.ts'
import type { BffRefusal } from '../../src/bff/refusal.ts'
import { type BffSite, bffSite } from './bff-site.ts'

let site: BffSite
afterEach(() => site?.stop())

describe('option', () => {
  it.each<[NonNullable<BffOptions['forwarded']>, () => string | undefined]>([
    [true, () => `host="${new URL(site.origin).host}";proto=http`],
    [(request: Request) => `for=_hidden;by=${new URL(request.url).pathname.slice(1)}`, () => 'for=_hidden;by=api/x'],
    [false, () => undefined],
  ])('forwarded %s tells APIs how the page reached the site', async (forwarded, told) => {
    site = await bffSite({ bff: () => ({ forwarded }) })
    const alice = await site.signedIn()
    await alice.ask('/api/x', { headers: { forwarded: 'for=1.2.3.4' } })
    expect(site.asked[0]?.headers.forwarded).toBe(told())
  })

  it('signInFailed is where a person goes whose sign-in failed, with the reason', async () => {
    site = await bffSite({ bff: () => ({ signInFailed: '/failed?from=login#top' }) })
    const begun = await fetch(`${site.origin}/auth/login`, { redirect: 'manual' })
    const [cookie = ''] = begun.headers.getSetCookie()[0]?.split(';') ?? []
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state')
    const answer = new URLSearchParams({ error: 'access_denied', state: state ?? '', iss: site.server.issuer })
    const back = await fetch(`${site.origin}/auth/callback?${answer}`, { redirect: 'manual', headers: { cookie } })
    expect(back.status).toBe(303)
    expect(back.headers.get('location')).toMatch(/\/failed\?from=login&reason=\w+#top$/)

    // As when the page for signing in at the server was bookmarked, or the answer came twice.
    const unknown = await fetch(back.url, { redirect: 'manual', headers: { cookie: 'theme=dark' } })
    expect([unknown.status, unknown.headers.get('location')]).toEqual([
      303,
      `${site.origin}/failed?from=login&reason=no_sign_in#top`,
    ])
  })

  it('signInFailed is for browsers that keep cookies: another one could come back for ever', async () => {
    site = await bffSite({ bff: () => ({ signInFailed: '/' }) })
    const answer = await fetch(`${site.origin}/auth/callback?state=x&code=y`, { redirect: 'manual' })
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('No sign-in with this answer')])
  })

  it('onRefusal hears what was not carried out, and can break nothing', async () => {
    const heard: BffRefusal[] = []
    site = await bffSite({
      bff: () => ({
        onRefusal(refusal) {
          heard.push(refusal)
          throw new Error('its own fault')
        },
      }),
    })
    const alice = await site.signedIn()
    await alice.go('/api/x?secret=1')
    await alice.ask('/api/..%2fx')
    await alice.go('/auth/callback?code=secret')
    expect(heard.map(({ status, code, path }) => [status, code, path])).toEqual([
      [403, 'header_missing', '/api/x'],
      [400, 'invalid_request', '/api/..%2fx'],
      [400, 'no_sign_in', '/auth/callback'],
    ])
    expect(JSON.stringify(heard)).not.toContain('secret')
  })

  it('dpop of the pool binds the calls of the backend to a key', async () => {
    site = await bffSite({ pool: { dpop: dpop() } })
    const alice = await site.signedIn()
    expect((await alice.ask('/api/x?q=1', { headers: { dpop: 'of the page' } })).status).toBe(200)
    const { authorization, dpop: proof = '' } = site.asked[0]?.headers ?? {}
    expect(authorization).toMatch(/^DPoP ey/)
    const claims = JSON.parse(Buffer.from(String(proof).split('.')[1] ?? '', 'base64url').toString())
    expect(claims).toMatchObject({ htm: 'GET', htu: `${site.api}/v1/x` })
  })
})
