import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Api, startApi } from '../../examples/demo/api.ts'
import { type BrowserWorld, browserWorld, type Profile, tellsNoSecret } from '../support/browser/browser-world.ts'
import type { Tab } from '../support/browser/tab.ts'

const audiences = ['urn:example:notes', 'urn:example:mail'] as const

let world: BrowserWorld
let mail: Api
let profile: Profile
beforeAll(async () => {
  world = await browserWorld({ server: { audiences, pushed: true } })
  mail = await startApi({ issuer: world.server.issuer, audience: audiences[1], origins: [world.site.origin] })
})
afterAll(async () => {
  await Promise.all([world?.stop(), mail?.stop()])
})
beforeEach(async () => {
  profile = await world.profile()
  world.reset()
  mail.reset()
})
afterEach(async () => {
  world.server.setAccessTokenTtl(300)
  await profile.close()
})

const options = () => ({
  pushed: true,
  resources: [
    { url: `${world.api.origin}/`, resource: audiences[0] },
    { url: `${mail.origin}/`, resource: audiences[1] },
  ],
})

/** What both APIs answer to `count` calls each, all at once, from `moment` on. */
const callBoth = (tab: Tab, count: number, moment = 0) =>
  tab.evaluate(
    async ({ urls, count, moment }) => {
      if (moment > 0) await page.at(moment)
      const calls = Array.from({ length: count }, () => urls.map(async (url) => (await tokens.fetch(url)).status))
      return Promise.all(calls.flat())
    },
    { urls: [`${world.api.origin}/notes`, `${mail.origin}/notes`], count, moment },
  )

describe('two APIs, a server that wants pushed requests and rotates strictly', () => {
  it('ACQ-18 ACQ-20: the browser carries client_id and request_uri alone, and each API gets a token of its own', async () => {
    const sent: URL[] = []
    world.chromium.onEvent(({ method, params }) => {
      const { url } = Object(params.request) as { url?: string }
      if (method === 'Network.requestWillBeSent' && url?.startsWith(`${world.server.issuer}/auth?`))
        sent.push(new URL(url))
    })
    const tab = await profile.signedIn(options())
    expect(await callBoth(tab, 5)).toEqual(Array(10).fill(200))
    expect(sent.map(({ searchParams }) => [...searchParams.keys()])).toEqual([['client_id', 'request_uri']])
    const tokens = [world.api, mail].map(({ requests }) => new Set(requests.map(({ token }) => token)))
    expect(tokens.map(({ size }) => size)).toEqual([1, 1])
    expect([...tokens[0]!]).not.toEqual([...tokens[1]!])
    expect(world.server.requests.map(({ grantType, outcome }) => [grantType, outcome])).toEqual([
      ['authorization_code', 'ok'],
      ['refresh_token', 'ok'],
    ])
  })

  it('RT-04 COO-01: both tokens expired at once in two tabs: two token requests, one after the other, no reuse', async () => {
    world.server.setAccessTokenTtl(3)
    const tabs = [await profile.signedIn(options()), await profile.ready(options())]
    expect(await callBoth(tabs[0]!, 1)).toEqual([200, 200])
    expect(await callBoth(tabs[1]!, 1)).toEqual([200, 200])
    world.server.setAccessTokenTtl(300)
    await sleep(3_500)
    world.reset()
    world.server.setLatency(300)
    const moment = Date.now() + 500
    const answers = await Promise.all(tabs.map((tab) => callBoth(tab, 10, moment)))
    expect(answers.flat()).toEqual(Array(40).fill(200))
    const { requests, reuseCount } = world.server
    console.log(requests.map(({ at, answeredAt = 0 }) => `${at - moment} to ${answeredAt - moment} ms`).join(', '))
    expect(requests.map(({ grantType, outcome }) => [grantType, outcome])).toEqual([
      ['refresh_token', 'ok'],
      ['refresh_token', 'ok'],
    ])
    const [first, second] = requests
    expect(second!.refreshToken).toBe(first!.issued)
    expect(second!.at).toBeGreaterThanOrEqual(first!.answeredAt!)
    expect(reuseCount).toBe(0)
  })
})

tellsNoSecret(() => world)
