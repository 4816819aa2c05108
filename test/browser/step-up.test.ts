import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Api, startApi } from '../../examples/demo/api.ts'
import { type BrowserWorld, browserWorld, type Profile, tellsNoSecret } from '../support/browser/browser-world.ts'
import type { Tab } from '../support/browser/tab.ts'

let world: BrowserWorld
/** An API that wants a passkey. */
let bank: Api
let profile: Profile
beforeAll(async () => {
  world = await browserWorld()
  const { issuer, audience } = world.server
  bank = await startApi({
    issuer,
    audience,
    origins: [world.site.origin],
    policy: { acrValues: ['urn:example:passkey'] },
  })
})
afterAll(async () => {
  await Promise.all([world?.stop(), bank?.stop()])
})
beforeEach(async () => {
  profile = await world.profile()
  world.reset()
  bank.reset()
})
afterEach(async () => {
  world.server.setAutoLogin('alice')
  await profile.close()
})

const options = (agent: 'redirect' | 'popup' = 'redirect') => ({
  resources: [`${world.api.origin}/`, `${bank.origin}/`],
  agent,
})
const transfers = () => `${bank.origin}/notes`
const call = (tab: Tab) =>
  tab.evaluate((url) => page.outcome(tokens.fetch(url).then(({ status }) => status)), transfers())

/** Calls the API, and signs in as it asks. */
const stepUp = (tab: Tab) =>
  tab.evaluate(async (url) => {
    const error = await tokens.fetch(url).catch((error) => error)
    const { code, reason, acrValues } = error
    void page.outcome(tokens.signIn({ stepUp: page.library.stepUp(error), returnTo: '/elsewhere?amount=1' }))
    return { code, reason, acrValues }
  }, transfers())

describe('an API that wants a stronger sign-in', () => {
  it('USE-14 ACQ-25: gets it by redirect: acr checked, both tabs go on, and nothing is revoked beside them', async () => {
    const tab = await profile.signedIn(options())
    const other = await profile.ready(options())
    const before = world.server.lastIssued!.refreshToken
    expect(await stepUp(tab)).toEqual({
      code: 'ERR_STEP_UP_REQUIRED',
      reason: 'insufficient_user_authentication',
      acrValues: ['urn:example:passkey'],
    })
    await tab.until(() => {
      const state = window.tokens?.state
      return state?.status === 'signedIn' && state.session.claims?.acr !== undefined
    })
    expect(await tab.evaluate(() => tokens.state)).toMatchObject({
      session: { subject: 'alice', claims: { acr: 'urn:example:passkey' }, returnTo: '/elsewhere?amount=1' },
    })
    expect(await Promise.all([call(tab), call(other)])).toEqual([{ value: 200 }, { value: 200 }])
    expect(world.server.requests.map(({ grantType, outcome }) => [grantType, outcome])).toEqual([
      ['authorization_code', 'ok'],
      ['authorization_code', 'ok'],
    ])
    expect(world.server.lastIssued!.refreshToken).not.toBe(before)
    expect(await other.evaluate(async () => (await tokens.refresh()).type)).toBe('Bearer')
    expect(world.server.revocations).toEqual([])
    expect(world.server.reuseCount).toBe(0)
  })

  it('USE-14: gets it in a popup, while the page and its session stay', async () => {
    const tab = await profile.ready(options('popup'))
    await tab.click(async () => void (await tokens.signIn()))
    const outcome = await tab.click(async (url) => {
      const error = await tokens.fetch(url).catch((error) => error)
      const done = page.outcome(tokens.signIn({ stepUp: page.library.stepUp(error) }))
      const meanwhile = tokens.state.status
      return { meanwhile, done: await done, status: (await tokens.fetch(url)).status }
    }, transfers())
    expect(outcome).toMatchObject({ meanwhile: 'signedIn', done: { value: { status: 'signedIn' } }, status: 200 })
  })

  it('USE-14: said no, the person goes on where it began, with the session that was there', async () => {
    const tab = await profile.signedIn(options())
    world.server.setAutoLogin(undefined)
    await stepUp(tab)
    // The title is there before the button.
    await tab.until(() => document.querySelector('button.quiet') !== null)
    await tab.evaluate(() => document.querySelector<HTMLButtonElement>('button.quiet')!.click())
    await tab.until(() => location.pathname === '/callback' && window.tokens?.state.status === 'signedIn')
    expect(await tab.evaluate(() => tokens.ready())).toMatchObject({
      session: { claims: { sub: 'alice' }, returnTo: '/elsewhere?amount=1' },
    })
    expect(await tab.evaluate(async (url) => (await tokens.fetch(url)).status, `${world.api.origin}/notes`)).toBe(200)
    expect(await call(tab)).toMatchObject({ error: { code: 'ERR_STEP_UP_REQUIRED' } })
  })

  it('ACQ-27: another person who comes back ends the session in every tab, and gets none', async () => {
    const tab = await profile.signedIn(options())
    const other = await profile.ready(options())
    world.server.setAutoLogin('bob')
    await stepUp(tab)
    for (const one of [tab, other]) await one.until(() => window.tokens?.state.status === 'signedOut')
    for (const one of [tab, other])
      expect(await one.evaluate(() => tokens.state)).toMatchObject({ reason: 'user_changed' })
    const [alices, bobs] = world.server.requests.map(({ issued }) => issued)
    const revoked = () => world.server.revocations.map(({ token }) => token)
    await expect.poll(revoked).toEqual(expect.arrayContaining([alices, bobs]))
  })
})

tellsNoSecret(() => world)
