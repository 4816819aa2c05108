import { afterEach, describe, expect, it, vi } from 'vitest'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import { createTokenManager, type Fetch, type Lock, type TokenManagerOptions } from '../../src/index.ts'
import { sessionLimits } from '../../src/manager/session-limits.ts'
import type { Crypto } from '../../src/ports.ts'
import { world } from '../support/world.ts'

const API = 'https://api.example/notes'
const CALLS = 100

/** A manager with a fresh token, and what its calls make the platform do from now on. */
async function counted(options: Partial<TokenManagerOptions> = {}) {
  const w = world()
  const page = w.context()
  const counts = { now: 0, elapsed: 0, timers: 0, lock: 0, crypto: 0 }
  const count =
    <A extends unknown[], R>(name: keyof typeof counts, run: (...args: A) => R) =>
    (...args: A): R => {
      counts[name]++
      return run(...args)
    }
  const sent: Parameters<Fetch>[] = []
  let isSent = false
  const crypto: Crypto = {
    randomBytes: count('crypto', webCrypto.randomBytes),
    sha256: count('crypto', webCrypto.sha256),
  }
  const lock: Lock = {
    spans: 'process',
    request: (_name, _options, run) => {
      counts.lock++
      return run()
    },
  }
  const manager = createTokenManager(
    { issuer: w.server.issuer, clientId: 'spa', resources: [API], ...options },
    {
      store: page.store,
      channel: w.hub.context(),
      lifecycle: page.lifecycle,
      lock,
      crypto,
      clock: {
        now: count('now', w.clock.now),
        elapsed: count('elapsed', w.clock.elapsed),
        at: count('timers', w.clock.at),
      },
      fetch: async (...args) => {
        if (args[0] !== API) return w.server.fetch(...args)
        sent.push(args)
        isSent = true
        return new Response('here')
      },
    },
  )
  const { accessToken, refreshToken } = w.server.issue()
  await manager.adopt({ accessToken, refreshToken, expiresAt: w.clock.now() + 300_000 })
  await manager.getAccessToken()
  await w.clock.advance(1)
  Object.assign(counts, { now: 0, elapsed: 0, timers: 0, lock: 0, crypto: 0 })
  const { get, swap } = page.store.count
  return {
    w,
    manager,
    sent,
    counts,
    isSent: () => isSent,
    storage: () => page.store.count.get - get + page.store.count.swap - swap,
  }
}

/** How many turns of the microtask queue `promise` takes. */
async function turnsOf(promise: Promise<unknown>): Promise<number> {
  let settled = false
  void promise.then(() => (settled = true))
  for (let turns = 0; ; turns++) {
    if (settled) return turns
    await null
  }
}

afterEach(() => vi.unstubAllGlobals())

describe('a call with a fresh token', () => {
  it.each([
    ['getAccessToken()', { limits: sessionLimits({ idleTimeout: 3_600_000, maxAge: 3_600_000 }) }],
    ['fetch()', {}],
  ] as const)('%s looks at the wall clock once, and does nothing else', async (name, options) => {
    const { manager, counts, storage } = await counted(options)
    for (let call = 0; call < CALLS; call++) await (name === 'fetch()' ? manager.fetch(API) : manager.getAccessToken())
    expect(counts).toEqual({ now: CALLS, elapsed: 0, timers: 0, lock: 0, crypto: 0 })
    expect(storage()).toBe(0)
  })

  it('getAccessToken() has settled when it returns, and fetch() sends before it returns', async () => {
    const { manager, isSent } = await counted()
    const settled = await turnsOf(Promise.resolve())
    expect(await turnsOf(manager.getAccessToken())).toBe(settled)
    void manager.fetch(API)
    expect(isSent()).toBe(true)
  })

  it('fetch() answers two turns after the platform, as any function that looks at the answer', async () => {
    const { manager } = await counted()
    const response = new Response('here')
    const plain = async () => response
    const looking = async () => {
      const answer = await plain()
      return answer.ok ? answer : undefined
    }
    expect(await turnsOf(manager.fetch(API))).toBe(await turnsOf(looking()))
  })

  it("fetch() makes no Headers and no Request of what it is given: browsers take long to read another's", async () => {
    const { manager, sent } = await counted()
    const made: string[] = []
    for (const name of ['Headers', 'Request'] as const)
      vi.stubGlobal(
        name,
        new Proxy(globalThis[name], {
          construct(of, args) {
            made.push(name)
            return Reflect.construct(of, args)
          },
        }),
      )
    await manager.fetch(API)
    await manager.fetch(API, { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } })
    expect(made).toEqual([])
    const authorization = expect.stringMatching(/^Bearer at-/)
    expect(sent.map(([, init]) => init?.headers)).toEqual([
      { authorization },
      { 'Content-Type': 'application/json', authorization },
    ])
  })
})

describe('the clocks of a call with a fresh token', () => {
  it('a wall clock that was set back to where it was hides neither the age of memory nor that of the token', async () => {
    const { w, manager, storage } = await counted()
    await w.clock.advance(6_000)
    w.clock.jump(-6_000)
    await w.after(100, manager.getAccessToken())
    expect(storage()).toBe(1)

    await w.clock.advance(300_000)
    w.clock.jump(-300_000)
    await w.after(100, manager.getAccessToken())
    expect(w.server.requests).toHaveLength(1)
  })
})
