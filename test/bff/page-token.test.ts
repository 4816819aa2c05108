import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BffSite, bffSite, type Visitor, visitor } from './bff-site.ts'

let site: BffSite
let alice: Visitor
beforeAll(async () => {
  site = await bffSite({
    pool: { scope: 'openid offline_access notes' },
    bff: () => ({ pageTokens: [{ resource: 'urn:example:notes', scope: 'notes' }] }),
  })
  alice = await site.signedIn()
})
afterAll(() => site?.stop())

const ask = (form: string, person = alice) =>
  person.ask('/auth/token', {
    method: 'POST',
    body: form,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })

describe('BFF-14: a token for the page', () => {
  it('is an access token for a listed resource, and brings nothing else', async () => {
    const answer = await ask('resource=urn:example:notes')
    const { value, ...rest } = await answer.json()
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(rest).toEqual({
      type: 'Bearer',
      scope: 'notes',
      resource: 'urn:example:notes',
      expiresAt: expect.any(Number),
    })
    const claims = JSON.parse(Buffer.from(value.split('.')[1], 'base64url').toString())
    expect(claims).toMatchObject({ aud: 'urn:example:notes', scope: 'notes', sub: 'alice' })
  })

  it.each([
    ['another resource', 'resource=urn:example:other', 403],
    ['no resource', '', 403],
    ['more scope', 'resource=urn:example:notes&scope=notes+admin', 403],
    ['the scope of refreshing', 'resource=urn:example:notes&scope=offline_access', 403],
    ['two resources', 'resource=urn:example:notes&resource=urn:example:other', 400],
    ['too much', `resource=${'x'.repeat(5_000)}`, 413],
  ])('is not handed out for %s', async (_, form, status) => {
    const answer = await ask(form)
    const text = await answer.text()
    expect(answer.status).toBe(status)
    expect(text).not.toMatch(/eyJ/)
    // It is not the grant that lacks it: it is not listed.
    if (status === 403) expect(JSON.parse(text).code).toBe('ERR_UNSUPPORTED')
  })

  it('is for pages of this site with a session alone', async () => {
    expect((await ask('resource=urn:example:notes', visitor(site.origin))).status).toBe(401)
    const body = 'resource=urn:example:notes'
    expect((await alice.go('/auth/token', { method: 'POST', body })).status).toBe(403)
    expect((await alice.ask('/auth/token')).status).toBe(405)
  })

  it('is handed out by no backend that lists none', async () => {
    const own = await bffSite()
    const bob = await own.signedIn('bob')
    const answer = await ask('resource=urn:example:notes', bob)
    expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'ERR_UNSUPPORTED' }])
    await own.stop()
  })
})
