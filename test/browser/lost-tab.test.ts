import { describe, expect, it } from 'vitest'
import { type OpenOptions, tellsNoSecret } from '../support/browser/browser-world.ts'
import { startGrace } from '../support/browser/grace.ts'
import type { Step } from '../support/browser/page/steps.ts'
import type { Tab } from '../support/browser/tab.ts'
import { profile, useBrowserWorld, world } from '../support/browser/use-browser-world.ts'
import { waitFor } from '../support/browser/wait-for.ts'
import { expectWithin } from '../support/measured.ts'

useBrowserWorld()

/** So long that nobody could wait for the end of a lease (3 s more) unnoticed, ms. */
const LONG = 30_000

/** Two tabs; the first one's token has expired, and its refresh stands at `step`. */
async function heldAt(step: Step, options: OpenOptions) {
  const lost = await profile.signedIn(options)
  const other = await profile.ready(options)
  const renderer = await lost.findRenderer()
  expect(renderer.pid).not.toBe((await other.findRenderer()).pid)
  await other.evaluate(() => page.clock.advance(301_000))
  world.reset()
  // The server has done its part, and the tab goes before it hears of that.
  if (step === 'sent') world.server.setLatency(300, 'after')
  await lost.evaluate((step) => {
    page.steps.holdAt(step)
    page.clock.advance(301_000)
    tokens.getAccessToken().catch(() => {})
  }, step)
  await lost.until(() => page.steps.reached)
  if (step === 'sent') await waitFor(() => world.refreshes === 1)
  return { lost, other, renderer }
}

/** What the other tab gets, and what is left of the session. */
async function goOn(tab: Tab) {
  return tab.evaluate(async () => {
    const began = performance.now()
    const outcome = await page.outcome(tokens.getAccessToken())
    const { state } = tokens
    return {
      got: 'value' in outcome ? 'a token' : outcome.error.reason,
      state: state.status === 'signedOut' ? state.reason : state.status,
      took: Math.round(performance.now() - began),
    }
  })
}

const lostAnswer: readonly Step[] = ['sent', 'answered', 'before the commit']
const steps: readonly Step[] = ['before the claim', 'claimed', ...lostAnswer, 'committed']
const ends = ['closed', 'killed'] as const

describe('the refreshing tab goes away', () => {
  for (const step of steps) {
    for (const end of ends) {
      const lost = lostAnswer.includes(step)
      const what = lost ? 'without grace the session ends as outcome_unknown' : 'the other tab has a token'
      it(`RT-10 COO-01 FACT-02: ${end} at "${step}": ${what}`, async () => {
        const { lost: tab, other, renderer } = await heldAt(step, { requestTimeout: LONG })
        if (end === 'closed') await tab.close()
        else renderer.kill()
        const { got, state, took } = await goOn(other)
        const { refreshes } = world
        console.log(
          `${end} at "${step}": ${got}, ${state}, ${refreshes} token requests, the other tab had it in ${took} ms`,
        )
        expect([got, state]).toEqual(lost ? ['outcome_unknown', 'outcome_unknown'] : ['a token', 'signedIn'])
        expect(refreshes).toBe(lost ? 2 : 1)
        // The lock that the lost tab held says that nobody is behind its lease: nobody waits for its end.
        expect(took).toBeLessThan(LONG)
        expectWithin(took, 4_000)
        expect(world.server.reuseCount).toBe(lost ? 1 : 0)
      })
    }
  }

  for (const step of lostAnswer) {
    it(`RT-10: killed at "${step}": with grace the other tab gets the answer that was lost`, async () => {
      const grace = await startGrace(world.server.issuer)
      try {
        const metadata = {
          issuer: world.server.issuer,
          authorization_endpoint: `${world.server.issuer}/auth`,
          token_endpoint: grace.url,
        }
        const { other, renderer } = await heldAt(step, { requestTimeout: LONG, metadata })
        renderer.kill()
        const { got, state, took } = await goOn(other)
        console.log(`killed at "${step}", with grace: ${got}, ${state}, the other tab had it in ${took} ms`)
        expect([got, state]).toEqual(['a token', 'signedIn'])
        expect(world.server.reuseCount).toBe(0)
        // The tokens are the server's own: one refresh, and the next one goes well.
        await other.evaluate(async () => void (await tokens.refresh()))
        expect(world.refreshes).toBe(2)
      } finally {
        await grace.stop()
      }
    })
  }

  it('RT-10: an answer lost while the access token lives leaves the session signed in, and asks for a sign-in', async () => {
    const tab = await profile.signedIn({ requestTimeout: 4_000 })
    const other = await profile.ready({ requestTimeout: 4_000 })
    const renderer = await tab.findRenderer()
    await tab.evaluate(() => {
      page.steps.holdAt('answered')
      tokens.refresh().catch(() => {})
    })
    await tab.until(() => page.steps.reached)
    renderer.kill()
    const seen = await other.evaluate(async (url) => {
      const refreshed = await page.outcome(tokens.refresh())
      const { status } = await tokens.fetch(url)
      return { refreshed, status, state: tokens.state }
    }, `${world.api.origin}/notes`)
    expect(seen).toMatchObject({
      refreshed: { error: { reason: 'outcome_unknown' } },
      status: 200,
      state: { status: 'signedIn', health: 'sign_in_suggested' },
    })
  })
})

describe('the refreshing tab falls asleep', () => {
  it('COO-04 RT-10 FACT-02: frozen while it holds lock and lease: another tab takes over once the lease is over', async () => {
    const { lost, other } = await heldAt('claimed', { requestTimeout: 4_000 })
    await lost.setHidden(true)
    await lost.setFrozen(true)
    const { got, took } = await goOn(other)
    console.log(`frozen at "claimed": ${got}, the other tab had it in ${took} ms; a lease lives 7000 ms`)
    expect(got).toBe('a token')
    expect(took).toBeGreaterThan(6_500)
    expectWithin(took, 15_000)
    await lost.setFrozen(false)
    const late = await lost.evaluate(async () => {
      page.steps.release()
      return 'value' in (await page.outcome(tokens.getAccessToken()))
    })
    expect(late).toBe(true)
    expect(world.refreshes).toBe(1)
    expect(world.server.reuseCount).toBe(0)
  })
})

tellsNoSecret(() => world)
