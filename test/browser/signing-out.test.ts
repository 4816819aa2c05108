import { describe, expect, it } from 'vitest'
import { tellsNoSecret } from '../support/browser/browser-world.ts'
import type { Tab } from '../support/browser/tab.ts'
import { profile, useBrowserWorld, world } from '../support/browser/use-browser-world.ts'
import { waitFor } from '../support/browser/wait-for.ts'
import { expectWithin } from '../support/measured.ts'

useBrowserWorld()

const signOut = (tab: Tab) =>
  tab.evaluate(async () => {
    const began = page.now()
    const { local, revoked } = await tokens.signOut()
    return {
      local,
      at: page.now(),
      took: page.now() - began,
      revoked: await Promise.race([revoked, page.at(page.now() + 30_000)]),
    }
  })

const statusOf = (tab: Tab) =>
  tab.evaluate(() => (tokens.state.status === 'signedOut' ? tokens.state.reason : tokens.state.status))

const revoked = () => world.server.revocations.filter(({ status }) => status === 200).map(({ token }) => token)

describe('signing out', () => {
  it('REV-01 RT-18 REV-07: while another tab refreshes: its late answer is revoked, and no session returns', async () => {
    const first = await profile.signedIn()
    const tabs = [first, await profile.ready(), await profile.ready()]
    const [, refreshing] = tabs
    world.reset()
    await refreshing!.evaluate(() => {
      page.steps.holdAt('answered')
      Object.assign(window, { late: page.outcome(tokens.refresh()) })
    })
    await refreshing!.until(() => page.steps.reached)
    const report = await signOut(first)
    const states = await Promise.all(tabs.map(statusOf))
    await refreshing!.evaluate(() => page.steps.release())
    const late = await refreshing!.evaluate(() => (window as unknown as { late: Promise<unknown> }).late)
    await waitFor(() => revoked().includes(world.server.requests[0]!.issued))
    console.log(`signed out in ${Math.round(report.took)} ms, ${report.revoked}; then ${states.join(', ')}`)
    expect(report).toMatchObject({ local: 'removed', revoked: 'uncertain' })
    expect(late).toMatchObject({ error: { code: 'ERR_SIGNED_OUT' } })
    expect(revoked()).toContain(world.server.requests[0]!.refreshToken)
    await first.reload()
    await refreshing!.reload()
    for (const tab of [first, refreshing!])
      expect(await tab.evaluate(async () => (await page.create().ready()).status)).toBe('signedOut')
    expect(new Set(states.slice(1))).toEqual(new Set(['signed_out_elsewhere']))
    expect(await refreshing!.evaluate(async () => JSON.stringify(await page.opened()).includes('"outbox":[{'))).toBe(
      false,
    )
  })

  for (const fault of [undefined, 'forgetful'] as const) {
    const what = fault
      ? 'a lost outbox revokes nothing, and this test sees it'
      : 'the outbox revokes once there is a network'
    it(`REV-01 REV-04 STO-14: offline, then a reload, then online: ${what}`, async () => {
      const options = fault ? { fault } : {}
      const tab = await profile.signedIn(options)
      const other = await profile.ready(options)
      await Promise.all([tab, other].map((one) => one.setOffline(true, world.site.origin)))
      const { local, took } = await signOut(tab)
      await other.until(() => tokens.state.status === 'signedOut')
      await tab.reload()
      const after = await tab.evaluate(async () => {
        const { status } = await window.tokens.ready()
        return { status, online: navigator.onLine }
      })
      expect({ local, ...after }).toEqual({ local: 'removed', status: 'signedOut', online: false })
      expect(revoked()).toHaveLength(0)
      const online = performance.now()
      await Promise.all([tab, other].map((one) => one.setOffline(false, world.site.origin)))
      const done = await waitFor(() => revoked().length > 0, fault === 'forgetful' ? 4_000 : 30_000).catch(
        () => undefined,
      )
      console.log(
        `offline: signed out in ${Math.round(took)} ms; online: revoked ${done ? `after ${Math.round(done - online)} ms` : 'never'}`,
      )
      expect(done === undefined).toBe(fault === 'forgetful')
    })
  }

  it('REV-07: with every message dropped no token is sent later than confirmInterval after the sign-out', async () => {
    const confirmInterval = 1_000
    const tab = await profile.signedIn({ silent: true, confirmInterval })
    const other = await profile.ready({ silent: true, confirmInterval })
    await other.evaluate((url) => {
      const calls = async () => {
        for (;;) {
          if ('error' in (await page.outcome(tokens.fetch(url).then(({ status }) => status)))) return page.now()
          await new Promise((resolve) => setTimeout(resolve, 10))
        }
      }
      Object.assign(window, { ended: calls() })
    }, `${world.api.origin}/notes`)
    await waitFor(() => world.api.requests.length > 20)
    const { at } = await signOut(tab)
    const ended = await other.evaluate(() => (window as unknown as { ended: Promise<number> }).ended)
    const last = Math.max(...world.api.requests.map((request) => request.at)) - at
    console.log(
      `no message: the last token was sent ${Math.round(last)} ms after the sign-out, refused from ${Math.round(ended - at)} ms on`,
    )
    expect(world.api.requests.every(({ status }) => status === 200)).toBe(true)
    expectWithin(last, confirmInterval + 100)
    expect(await statusOf(other)).toBe('signed_out_elsewhere')
  })

  it('REV-07 COO-12: a tab that was frozen meanwhile sends nothing after it wakes', async () => {
    const tab = await profile.signedIn()
    const other = await profile.ready()
    await other.setHidden(true)
    await other.setFrozen(true)
    await signOut(tab)
    const before = world.api.requests.length
    await other.setFrozen(false)
    const outcome = await other.evaluate((url) => page.outcome(tokens.fetch(url)), `${world.api.origin}/notes`)
    expect(outcome).toMatchObject({ error: { code: 'ERR_SIGNED_OUT', reason: 'signed_out_elsewhere' } })
    expect(world.api.requests.length).toBe(before)
  })

  it('REV-01: three at once revoke each token once', async () => {
    const tab = await profile.signedIn()
    await tab.evaluate(
      async () => void (await Promise.all([1, 2, 3].map(async () => (await tokens.signOut()).revoked))),
    )
    expect(new Set(revoked()).size).toBe(revoked().length)
    expect(revoked().length).toBeGreaterThan(0)
  })
})

tellsNoSecret(() => world)
