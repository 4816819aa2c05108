import { expect, it } from 'vitest'
import { profile, useBrowserWorld, world } from '../support/browser/use-browser-world.ts'

useBrowserWorld()

it('USE-02: what says of itself that it goes to a listed place, and goes elsewhere, takes no token there', async () => {
  const { origin, other, requests } = world.site
  const tab = await profile.signedIn({ resources: [`${other}/`], unlisted: 'bare' })
  requests.length = 0
  const outcomes = await tab.evaluate(
    async ({ listed, elsewhere }) => {
      class Subclass extends Request {
        override get url() {
          return listed
        }
      }
      const { contentWindow } = document.body.appendChild(document.createElement('iframe'))
      const Foreign = (contentWindow as unknown as { Request: typeof Request }).Request
      const given: Record<string, RequestInfo> = {
        own: Object.defineProperty(new Request(elsewhere), 'url', { value: listed }),
        subclass: new Subclass(elsewhere),
        foreign: Object.defineProperty(new Foreign(elsewhere), 'url', { value: listed }),
        text: { url: listed, method: 'GET', body: null, toString: () => elsewhere } as never,
        truthful: Object.defineProperty(new Request(listed), 'url', { value: elsewhere }),
      }
      const statuses: Record<string, unknown> = {}
      for (const [name, input] of Object.entries(given))
        statuses[name] = await page.outcome(tokens.fetch(input).then((response) => response.status))
      return statuses
    },
    { listed: `${other}/echo`, elsewhere: `${origin}/echo` },
  )
  expect(Object.values(outcomes)).toEqual(Array(5).fill({ value: 200 }))
  const carried = requests.filter(({ url, headers }) => url.endsWith('/echo') && headers.authorization)
  expect(carried).toHaveLength(1)
})
