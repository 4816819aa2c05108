import { describe, expect, it } from 'vitest'
import { tellsNoSecret } from '../support/browser/browser-world.ts'
import { profile, useBrowserWorld, world } from '../support/browser/use-browser-world.ts'

useBrowserWorld()

describe('an API that redirects to another origin', () => {
  it.each([
    ['Bearer', undefined, 'GET', 302, { value: 200 }],
    ['Bearer', undefined, 'POST', 307, { error: { code: 'ERR_REDIRECTED' } }],
    ['DPoP', {}, 'GET', 302, { error: { code: 'ERR_REDIRECTED' } }],
    ['DPoP', {}, 'POST', 307, { error: { code: 'ERR_REDIRECTED' } }],
  ])(
    'USE-04: with a %s token, options %o, %s and %s: the other one sees neither token nor proof nor body',
    async (type, dpop, method, status, expected) => {
      const { origin, other, requests } = world.site
      const tab = await profile.signedIn({ resources: [`${other}/`], ...(dpop && { dpop }) })
      requests.length = 0
      const to = `${other}/redirect?status=${status}&to=${encodeURIComponent(`${origin}/echo`)}`
      const outcome = await tab.evaluate(
        async ({ to, method }) => {
          const init = { method, ...(method === 'POST' && { body: 'for this API alone' }) }
          return page.outcome(tokens.fetch(to, init).then((response) => response.status))
        },
        { to, method },
      )
      expect(outcome).toMatchObject(expected)
      const asked = requests.find((request) => request.method === method && request.url.includes('/redirect'))
      expect(asked?.headers.authorization).toMatch(new RegExp(`^${type} `))
      expect(asked?.headers.dpop !== undefined).toBe(type === 'DPoP')
      const there = requests.filter(({ url }) => url.endsWith('/echo'))
      expect(there.some(({ headers, body }) => headers.authorization || headers.dpop || body)).toBe(false)
      expect(there.some((request) => request.method === method)).toBe('value' in expected)
    },
  )
})

it('USE-04: a Bearer token whose entry has a path is not led out of it within its origin', async () => {
  const { other, requests } = world.site
  const tab = await profile.signedIn({ resources: [`${other}/redirect`] })
  requests.length = 0
  const outcome = await tab.evaluate(
    async (to) => page.outcome(tokens.fetch(to).then((response) => response.status)),
    `${other}/redirect?status=302&to=/echo`,
  )
  expect(outcome).toMatchObject({ error: { code: 'ERR_REDIRECTED' } })
  expect(requests.filter(({ url }) => new URL(url).pathname === '/echo')).toEqual([])
})

tellsNoSecret(() => world)
