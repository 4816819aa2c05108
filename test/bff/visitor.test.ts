import type { Bff } from 'tokenward/bff'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BffSite, bffSite, type Visitor } from './bff-site.ts'

let site: BffSite
beforeAll(async () => {
  site = await bffSite({ hosts: 2, bff: () => ({ claims: ['sub'] }) })
})
afterAll(() => site?.stop())

/** The field that a browser sends with the request for a page. */
const cookieOf = ({ cookies }: Visitor) => [...cookies].map((pair) => pair.join('=')).join('; ')
const rendering = (browser: Visitor, host = 0) => (site.backends[host] as Bff).visitor(cookieOf(browser))

describe('the person for whom a server renders a page', () => {
  it('is who the page is told, without a token', async () => {
    const alice = await site.signedIn()
    const session = await rendering(alice).session()
    expect(session).toMatchObject({ status: 'signedIn', session: { subject: 'alice', claims: { sub: 'alice' } } })
    expect(session).toEqual(await alice.session())
  })

  it('reaches the APIs by their own URLs, and no other place', async () => {
    const { fetch } = rendering(await site.signedIn())
    site.asked.splice(0)
    const answer = await fetch(`${site.api}/v1/notes?n=1`, { method: 'POST', body: 'text' })
    expect([answer.status, await answer.json()]).toEqual([200, { method: 'POST', url: '/v1/notes?n=1' }])
    expect(site.asked).toMatchObject([
      { body: 'text', headers: { authorization: expect.stringMatching(/^Bearer ey/) } },
    ])
    await expect(fetch('https://other.example/')).rejects.toMatchObject({ code: 'ERR_TARGET_NOT_ALLOWED' })
  })

  it('is nobody without the one cookie that counts', async () => {
    const alice = await site.signedIn()
    const one = cookieOf(alice)
    const [bff] = site.backends as [Bff]
    for (const cookie of [undefined, null, '', 'session=short', `${one}; ${one}`, `${one.slice(0, -1)}_`]) {
      const { session, fetch } = bff.visitor(cookie)
      expect(await session()).toEqual({ status: 'signedOut', reason: 'none' })
      await expect(fetch(`${site.api}/v1`)).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    }
    expect((await bff.visitor(`theme=dark; ${one}`).session()).status).toBe('signedIn')
  })

  it('is signed out on every host as soon as they have signed out at one', async () => {
    const alice = await site.signedIn()
    const pages = [rendering(alice), rendering(alice, 1)]
    for (const { session } of pages) expect((await session()).status).toBe('signedIn')

    await alice.ask('/auth/logout', { method: 'POST' })
    for (const { session, fetch } of pages) {
      expect((await session()).status).toBe('signedOut')
      await expect(fetch(`${site.api}/v1`)).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    }
  })
})
