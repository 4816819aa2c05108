import { describe, expect, it } from 'vitest'
import { tellsNoSecret } from '../support/browser/browser-world.ts'
import type { Tab } from '../support/browser/tab.ts'
import { profile, useBrowserWorld, world } from '../support/browser/use-browser-world.ts'

useBrowserWorld()

/** Leaves the page, does `meanwhile`, comes back; whether it was the same page still, and if not, why. */
async function thereAndBack(tab: Tab, meanwhile: () => Promise<unknown> = async () => {}) {
  await tab.evaluate(() => void Object.assign(window, { same: true }))
  await tab.goto(`${world.site.origin}/elsewhere`)
  await meanwhile()
  await tab.back()
  await tab.until(() => location.pathname !== '/elsewhere' && document.readyState === 'complete' && 'page' in window)
  return tab.evaluate(() => {
    const [navigation] = performance.getEntriesByType('navigation')
    const { notRestoredReasons } = navigation as unknown as { notRestoredReasons?: { reasons: { reason: string }[] } }
    return {
      persisted: page.shown.at(-1),
      same: 'same' in window,
      reasons: notRestoredReasons?.reasons.map(({ reason }) => reason) ?? [],
    }
  })
}

describe('the back/forward cache', () => {
  it('COO-13: an idle page comes back as it was, and goes on', async () => {
    const tab = await profile.signedIn()
    expect(await thereAndBack(tab)).toEqual({ persisted: true, same: true, reasons: [] })
    expect(await tab.evaluate(async () => (await tokens.refresh()).type)).toBe('Bearer')
    const other = await profile.ready()
    await other.evaluate(async () => void (await tokens.signOut()))
    await tab.until(() => tokens.state.status === 'signedOut')
  })

  it('COO-12 REV-07: signed out elsewhere meanwhile, it is signed out when it is back, before it sends anything', async () => {
    const tab = await profile.signedIn()
    const other = await profile.ready()
    const back = await thereAndBack(tab, () =>
      other.evaluate(async () => void (await (await tokens.signOut()).revoked)),
    )
    const before = world.api.requests.length
    const outcome = await tab.evaluate((url) => page.outcome(tokens.fetch(url)), `${world.api.origin}/notes`)
    expect(back).toEqual({ persisted: true, same: true, reasons: [] })
    expect(outcome).toMatchObject({ error: { code: 'ERR_SIGNED_OUT', reason: 'signed_out_elsewhere' } })
    expect(world.api.requests.length).toBe(before)
  })

  it('COO-12: refreshed elsewhere meanwhile, it uses the new token', async () => {
    const tab = await profile.signedIn()
    const other = await profile.ready()
    const value = () => tokens.getAccessToken().then(({ value }) => value.slice(-20))
    const back = await thereAndBack(tab, () => other.evaluate(async () => void (await tokens.refresh())))
    expect(back.persisted).toBe(true)
    expect(await tab.evaluate(value)).toBe(await other.evaluate(value))
    expect(world.refreshes).toBe(1)
  })

  it('COO-14: left in the middle of a refresh, nothing is lost', async () => {
    const tab = await profile.signedIn({ requestTimeout: 4_000 })
    const other = await profile.ready({ requestTimeout: 4_000 })
    await tab.evaluate(() => {
      page.steps.holdAt('before the claim')
      tokens.refresh().catch(() => {})
    })
    await tab.until(() => page.steps.reached)
    const back = await thereAndBack(tab, () => other.evaluate(async () => void (await tokens.refresh())))
    console.log(`left in the middle of a refresh: ${back.persisted ? 'kept' : `not kept (${back.reasons})`}`)
    expect(await other.evaluate(async () => (await tokens.refresh()).type)).toBe('Bearer')
    expect(world.server.reuseCount).toBe(0)
  })

  it('FACT-04: a held lock that others want, and a message to an open channel, throw a page out of it', async () => {
    // Until it is granted: a page that leaves while it waits would get the lock when nobody can throw it out any more.
    const hold = () =>
      new Promise<void>((granted) => {
        void navigator.locks.request('held', () => {
          granted()
          return new Promise(() => {})
        })
      })
    const speaker = await profile.open()
    const unwanted = await profile.open()
    await unwanted.evaluate(hold)
    const kept = await thereAndBack(unwanted)
    await unwanted.close()
    const holder = await profile.open()
    await holder.evaluate(hold)
    const wanted = await thereAndBack(holder, () => speaker.evaluate(() => navigator.locks.request('held', () => {})))
    const listener = await profile.open()
    await listener.evaluate(() => {
      Object.assign(window, { channel: new BroadcastChannel('news') })
    })
    const heard = await thereAndBack(listener, () =>
      speaker.evaluate(() => new BroadcastChannel('news').postMessage('something')),
    )
    const told = ({ persisted, reasons }: typeof kept) => `${persisted ? 'kept' : 'thrown out'} ${reasons}`
    console.log(`held lock: ${told(kept)}; wanted by another tab: ${told(wanted)}; message: ${told(heard)}`)
    expect([wanted.persisted, heard.persisted]).toEqual([false, false])
  })
})

tellsNoSecret(() => world)
