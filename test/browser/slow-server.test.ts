import { afterAll, beforeAll, expect, it } from 'vitest'
import { type BrowserWorld, browserWorld, type Profile, tellsNoSecret } from '../support/browser/browser-world.ts'
import type { Tab } from '../support/browser/tab.ts'
import { expectWithin } from '../support/measured.ts'

const latency = 6_000
/** The default: 10 s for a request and 3 s for everything around it. */
const leaseTime = 13_000
/** What the machine may take for itself where waits are measured, ms. */
const ROOM = 1_000

let world: BrowserWorld
beforeAll(async () => {
  world = await browserWorld({ network: false })
})
afterAll(() => world?.stop())

it('COO-04 RT-03: a server that takes six seconds: 8 tabs × 25 calls at expiry make one request, and all are answered', async () => {
  const profile = await world.profile()
  const tabs = [await profile.signedIn()]
  while (tabs.length < 8) tabs.push(await profile.ready())
  world.reset()
  world.server.setLatency(latency)
  const results = await Promise.all(
    tabs.map((tab) =>
      tab.evaluate(async (url) => {
        page.clock.advance(301_000)
        const began = performance.now()
        const calls = Array.from({ length: 25 }, () => tokens.fetch(url).then(({ status }) => status))
        const statuses = await Promise.all(calls.map((call) => call.catch(String)))
        return { statuses, took: Math.round(performance.now() - began) }
      }, `${world.api.origin}/notes`),
    ),
  )
  const statuses = results.flatMap(({ statuses }) => statuses)
  const answered = statuses.filter((status) => status === 200).length
  const longest = Math.max(...results.map(({ took }) => took))
  const { refreshes } = world
  console.log(
    `server ${latency} ms, 8 tabs × 25 calls at expiry: ${refreshes} request, ${answered} of 200 answered, ${longest} ms`,
  )
  expect([refreshes, world.server.reuseCount, answered, statuses.length]).toEqual([1, 0, 200, 200])
  expectWithin(longest, 2 * latency)
  await profile.close()
})

/** A tab that stands still while it holds lock and lease, and what that is to another that has a token which is good still. */
async function heldUp(profile: Profile, stop: (holder: Tab) => Promise<() => void>) {
  const holder = await profile.signedIn()
  const other = await profile.ready()
  await holder.evaluate(() => {
    page.steps.holdAt('claimed')
    tokens.refresh().catch(() => {})
  })
  await holder.until(() => page.steps.reached)
  const goOn = await stop(holder)
  const seen = await other.evaluate(async () => {
    const began = performance.now()
    let served = 0
    let slowest = 0
    let over = false
    const refreshed = tokens.refresh().finally(() => (over = true))
    while (!over) {
      const asked = performance.now()
      await tokens.getAccessToken()
      slowest = Math.max(slowest, performance.now() - asked)
      served++
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await refreshed
    return { took: Math.round(performance.now() - began), served, slowest: Math.round(slowest) }
  })
  goOn()
  return seen
}

it('COO-04 USE-08: a frozen or hung holder delays a refresh until its lease ends, and no call as long as the token is good', async () => {
  const profiles = [await world.profile(), await world.profile()] as const
  world.server.setLatency(0)
  world.reset()
  const [frozen, hung] = await Promise.all([
    heldUp(profiles[0], async (holder) => {
      await holder.setHidden(true)
      await holder.setFrozen(true)
      return () => void holder.setFrozen(false)
    }),
    heldUp(profiles[1], async (holder) => {
      const { pid } = await holder.findRenderer()
      process.kill(pid, 'SIGSTOP')
      return () => void process.kill(pid, 'SIGCONT')
    }),
  ])
  for (const [what, { took, served, slowest }] of Object.entries({ frozen, hung })) {
    console.log(
      `${what} holder: refreshed after ${took} ms; meanwhile ${served} calls were served, the slowest in ${slowest} ms`,
    )
    expect(took).toBeGreaterThan(leaseTime - 1_000)
    // A lease, and the second that a refresh token in doubt waits.
    expectWithin(took, leaseTime + 1_000 + ROOM)
    // A call that waited for the lease would have been the only one.
    expect(served).toBeGreaterThan(10)
    expectWithin(slowest, ROOM)
  }
  expect([world.refreshes, world.server.reuseCount]).toEqual([2, 0])
  for (const profile of profiles) await profile.close()
})

tellsNoSecret(() => world)
