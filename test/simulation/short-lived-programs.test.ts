import { expect, it } from 'vitest'
import type { TokenManagerError } from '../../src/errors.ts'
import type { Store } from '../../src/ports.ts'
import { json } from '../support/simulated-server.ts'
import { type World, world } from '../support/world.ts'
import { type Random, random } from './random.ts'

// A program of the command line on a file: it starts, makes one call and ends, or is killed on the way. Each run knows of the others only what
// they wrote, and whether their process is over.

const RUNS = 1_000
/** A back-off grows to five minutes, and varies by a fifth. */
const LONGEST_BACK_OFF = 6 * 60_000

const outages = [
  () => new Response('down', { status: 503 }),
  () => new Response('', { status: 500, headers: { 'retry-after': '20' } }),
  () => json({ error: 'slow_down' }, 429),
  () => Promise.reject(new TypeError('fetch failed')),
  () => new Promise<never>(() => {}),
] as const

interface Run {
  readonly began: number
  /** Whether the back-off in the record was over, or there was none, when it began. */
  readonly isFree: boolean
  readonly outcome: 'token' | 'killed' | TokenManagerError
}

/** The store of one process of several, who know which of them are over. */
function ofProcess(store: Store<unknown>, own: string, over: ReadonlySet<string>): Store<unknown> {
  return { ...store, processes: { own, isOver: (name) => over.has(name) } }
}

/** One program, which is killed after `killedAfter` ms. */
async function run(w: World, store: Store<unknown>, killedAfter: number): Promise<Run> {
  const { failure } = (await w.record()) ?? {}
  const began = w.clock.now()
  const isFree = !failure?.at || began >= failure.at + failure.delay
  const { manager, crash } = await w.opened({ store })
  let outcome: Run['outcome'] = 'killed'
  manager.getAccessToken().then(
    () => {
      outcome = 'token'
    },
    (error) => {
      outcome = error
    },
  )
  for (let passed = 0; passed < killedAfter && outcome === 'killed'; passed += 500) await w.clock.advance(500)
  crash()
  return { began, isFree, outcome }
}

/** When the server fails, and how: for some runs, then for some not. */
function weather(dice: Random) {
  let left = 0
  let how: (typeof outages)[number] | undefined
  return () => {
    if (--left > 0) return how
    how = how ? undefined : dice.pick(outages)
    left = dice.between(1, how ? 8 : 20)
    return how
  }
}

it.each([1, 2])(
  'RT-12: of 1,000 programs that live for one call, none is in vain for what is over (seed %i)',
  async (seed) => {
    const w = world({ lock: 'none' })
    const dice = random(seed)
    const { store } = await w.signedIn()
    w.server.rotate = false
    w.server.expiresIn = 1
    const over = new Set<string>()
    const failing = weather(dice)
    let wellSince = 0
    let inVain = 0
    let told = 0

    for (let count = 0; count < RUNS; count++) {
      await w.clock.advance(dice.pick([1_000, 4_000, 20_000, 90_000, 400_000]))
      const how = failing()
      w.server.before = how ?? (() => {})
      if (how) wellSince = w.clock.elapsed()

      const name = `${count}`
      const { began, isFree, outcome } = await run(
        w,
        ofProcess(store, name, over),
        dice.chance(0.2) ? dice.between(0, 3_000) : 60_000,
      )
      over.add(name)
      if (how || typeof outcome !== 'object') continue

      // What is left of a back-off is said with its cause, and is no more than there is of it.
      told++
      expect(outcome.retryAt).toBeGreaterThan(began)
      expect(outcome.reason === 'throttled').toBe(outcome.status === 429)
      expect(w.clock.elapsed() - wellSince).toBeLessThan(LONGEST_BACK_OFF)
      if (isFree) inVain++
    }
    expect(inVain).toBe(0)
    expect(told).toBeGreaterThan(10)
  },
)
