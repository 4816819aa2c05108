import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Context, type World, world } from '../support/world.ts'

/** Enough to be quick; more of them with RACES=1000. */
const RUNS = Number(process.env.RACES ?? 15)

type Act = 'getAccessToken' | 'refresh' | 'signOut' | 'adopt' | 'crash' | 'freeze' | 'drop'

interface Step {
  readonly act: Act
  readonly who: number
  /** Milliseconds before it. */
  readonly pause: number
}

const steps = (acts: readonly Act[]): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      act: fc.constantFrom(...acts),
      who: fc.nat(2),
      pause: fc.constantFrom(0, 0, 0, 1, 300, 1_500, 16_000),
    }),
    { minLength: 2, maxLength: 7 },
  )

/** What came of a history: which calls settled, and when sign-outs were acknowledged. */
interface History {
  readonly w: World
  readonly contexts: readonly Context[]
  readonly unsettled: readonly string[]
  readonly crashed: boolean
  /** How many contexts crashed or fell asleep. */
  readonly accidents: number
  /** Whether a sign-out was acknowledged and no sign-in came after it. */
  readonly over: boolean
}

/** Plays `steps` with each store operation and each answer of the server put in an order of the scheduler's choosing. */
async function play(s: fc.Scheduler, plan: readonly Step[], lock: 'shared' | 'none'): Promise<History> {
  const w = world({ lock })
  // So that what a sign-in replaces cannot be forgotten unseen.
  const options = { revokeReplaced: true }
  const contexts = [await w.signedIn(options), await w.opened(options), await w.opened(options)]
  await w.clock.advance(290_000)
  let playing = true
  const turn = async (label: string) => {
    if (playing) await s.schedule(Promise.resolve(), label)
  }
  contexts.forEach(({ store }, index) => {
    store.delay = (operation) => turn(`${index}.${operation}`)
  })
  w.server.before = () => turn('request')
  w.server.after = async (_, answer) => {
    await turn('answer')
    return answer
  }
  const waiting = new Map<Promise<unknown>, { who: number; what: string }>()
  let [crashed, accidents, over, latest, adopting] = [false, 0, false, 0, 0]

  const begin = (who: number, what: string, call: Promise<unknown>) => {
    waiting.set(call, { who, what })
    call.then(
      () => waiting.delete(call),
      () => waiting.delete(call),
    )
  }
  const act = (step: Step, index: number) => {
    const context = contexts[step.who] as Context
    const { manager } = context
    if (step.act === 'crash') {
      crashed = true
      accidents++
      context.crash()
      for (const [call, { who }] of waiting) if (who === step.who) waiting.delete(call)
    } else if (step.act === 'freeze') {
      accidents++
      context.freeze()
      w.clock.at(w.clock.elapsed() + 20_000, context.thaw)
    } else if (step.act === 'drop') w.hub.mode = w.hub.mode === 'drop' ? 'deliver' : 'drop'
    else if (step.act === 'signOut') {
      // A sign-in under way may well come after it.
      const began = adopting ? -1 : latest
      begin(
        step.who,
        `${index} signOut`,
        manager.signOut().then(({ local }) => {
          if (local === 'removed' && began === latest) over = true
        }),
      )
    } else if (step.act === 'adopt') {
      const { accessToken, refreshToken } = w.server.issue()
      latest++
      adopting++
      over = false
      const adopted = manager.adopt({ accessToken, refreshToken, expiresAt: w.clock.now() + 300_000 })
      begin(
        step.who,
        `${index} adopt`,
        adopted.finally(() => adopting--),
      )
    } else
      begin(
        step.who,
        `${index} ${step.act}`,
        manager[step.act]().then((token) => expect(token.value).toMatch(/^at-/)),
      )
  }
  /** Lets scheduled things happen one by one, and time go by when nothing else can. */
  const run = async (ms: number) => {
    const until = w.clock.elapsed() + ms
    for (;;) {
      await w.clock.advance(0)
      if (s.count() > 0) await s.waitNext(1)
      else if (w.clock.elapsed() >= until) return
      else await w.clock.advance(Math.min(100, until - w.clock.elapsed()))
    }
  }
  for (const [index, step] of plan.entries()) {
    if (step.pause) await run(step.pause)
    act(step, index)
    await Promise.resolve()
  }
  await run(20_000)
  playing = false
  await w.clock.advance(60_000)
  const died = (who: number) => plan.some((step) => step.act === 'crash' && step.who === who)
  const unsettled = [...waiting.values()].filter(({ who }) => !died(who)).map(({ what }) => what)
  return { w, contexts, crashed, accidents, over, unsettled }
}

const check = (acts: readonly Act[], lock: 'shared' | 'none', law: (history: History) => void | Promise<void>) =>
  fc.assert(
    fc.asyncProperty(fc.scheduler(), steps(acts), async (s, plan) => law(await play(s, plan, lock))),
    { numRuns: RUNS, endOnFailure: true },
  )

const alive: readonly Act[] = ['getAccessToken', 'getAccessToken', 'refresh', 'signOut', 'adopt', 'drop']
const all: readonly Act[] = [...alive, 'crash', 'freeze']

describe('races of three contexts', () => {
  for (const lock of ['shared', 'none'] as const) {
    it(`RT-03 COO-01: no refresh token is presented twice while all live (lock: ${lock})`, async () => {
      await check(alive, lock, ({ w }) => {
        const sent = w.server.requests.map(({ refreshToken }) => refreshToken)
        expect(new Set(sent).size).toBe(sent.length)
        expect(w.server.reuse).toBe(0)
      })
    })

    it(`with crashes and sleep too, one is presented again at most once for each of them (lock: ${lock})`, async () => {
      await check(all, lock, ({ w, accidents }) => {
        const sent = w.server.requests.map(({ refreshToken }) => refreshToken)
        expect(sent.length - new Set(sent).size).toBeLessThanOrEqual(accidents)
      })
    })

    it(`after an acknowledged sign-out there is no session anywhere, whatever was under way (lock: ${lock})`, async () => {
      await check(all, lock, async ({ w, contexts, over }) => {
        if (!over) return
        expect((await w.record())?.signedOut).toBeDefined()
        for (const context of contexts) context.lifecycle.resume()
        await w.clock.advance(1_000)
        const record = (await w.record())!
        expect([record.refreshToken, record.accessTokens]).toEqual([undefined, {}])
      })
    })

    it(`every call settles, and every context agrees with the store in the end (lock: ${lock})`, async () => {
      await check(all, lock, async ({ w, contexts, unsettled, crashed }) => {
        expect(unsettled).toEqual([])
        if (crashed) return
        w.hub.mode = 'deliver'
        for (const { lifecycle } of contexts) lifecycle.resume()
        await w.clock.advance(100)
        const record = await w.record()
        for (const { manager } of contexts)
          expect(manager.state.status).toBe(record?.signedOut ? 'signedOut' : 'signedIn')
      })
    })
  }

  it('no refresh token the server still accepts is forgotten when everybody signed out', async () => {
    await check(alive, 'shared', async ({ w, over }) => {
      if (!over) return
      await w.clock.advance(60_000)
      expect((await w.record())?.outbox).toEqual([])
      expect(w.server.living).toEqual([])
    })
  })
})
