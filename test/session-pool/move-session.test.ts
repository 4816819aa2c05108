import { expect, it } from 'vitest'
import { alwaysOnline, memoryStore, noChannel, queueLock, webCrypto } from '../../src/index.ts'
import type { UserAgent } from '../../src/ports.ts'
import type { SessionRecord } from '../../src/session/record.ts'
import { createSessionPool } from '../../src/session-pool/create-session-pool.ts'
import type { SessionPool } from '../../src/session-pool/session-pool.ts'
import { type Fault, faultyStore } from '../support/faulty-store.ts'
import { manualClock } from '../support/manual-clock.ts'
import { simulatedServer } from '../support/simulated-server.ts'

/** A pool with a signed-in session called `old`. `other()` makes the pool of another host. */
async function setUp() {
  const clock = manualClock()
  const server = simulatedServer(clock.now)
  const rows = memoryStore<unknown>()
  const store = faultyStore({ get: (...key) => rows.get(...key), swap: (...change) => rows.swap(...change) })
  const poolOn = (itsStore: typeof rows) =>
    createSessionPool(
      {
        issuer: server.issuer,
        clientId: 'web',
        scope: 'notes',
        redirectUri: 'https://app.example/auth/callback',
        resources: ['https://api.example/v1'],
      },
      {
        store: itsStore,
        lock: queueLock(),
        channel: noChannel,
        lifecycle: alwaysOnline,
        clock,
        crypto: webCrypto,
        fetch: server.fetch,
      },
    )
  const pool = poolOn(store)
  const { accessToken, refreshToken } = server.issue()
  await pool.get('old').adopt({ accessToken, refreshToken, expiresAt: clock.now() + 300_000 })
  const states = async (at = pool) => {
    const checked = await Promise.all(['old', 'new'].map((name) => at.check(name)))
    return checked.map(({ state }) => (state.status === 'signedOut' ? state.reason : state.status))
  }
  return { server, store, pool, states, other: () => poolOn(rows) }
}

/** Begins a sign-in, and gives its `state`. */
function begin(pool: SessionPool, account: string): Promise<string> {
  return new Promise((resolve) => {
    const userAgent: UserAgent = {
      authorize: (_, __, state) => {
        resolve(state)
        return new Promise(() => {})
      },
      callbackUrl: () => undefined,
    }
    void pool.get(account).signIn({ userAgent })
  })
}

it('a rename moves the sign-ins under way to those of the new name, each once, also one that begins meanwhile', async () => {
  const { store, pool } = await setUp()
  const waiting = [await begin(pool, 'new'), await begin(pool, 'old')]
  // A sign-in begins right before the first write, which adds to the new name, and one before the third, which clears the old name.
  const meanwhile: Readonly<Record<number, string>> = { 1: 'new', 3: 'old' }
  const written: string[] = []
  let isBeginning = false
  store.delay = async (operation, name) => {
    const isOfMove = operation === 'swap' && name.endsWith('.pending') && !isBeginning
    const account = isOfMove ? meanwhile[written.push(name)] : undefined
    if (account === undefined) return

    isBeginning = true
    waiting.push(await begin(pool, account))
    isBeginning = false
  }
  await pool.rename('old', 'new')
  expect(written).toHaveLength(5)
  const { value } = (await store.get(written[0] ?? '')) ?? {}
  const states = (value as { readonly state: string }[]).map(({ state }) => state)
  expect(states.sort()).toEqual(waiting.sort())
})

it('a rename keeps the sixteen newest sign-ins, as each session does', async () => {
  const { store, pool } = await setUp()
  const waiting: string[] = []
  for (const account of ['new', 'old']) for (let tabs = 0; tabs < 10; tabs++) waiting.push(await begin(pool, account))
  let key = ''
  store.fault = (operation, name) => {
    const isFirst = operation === 'swap' && key === ''
    if (isFirst) key = name
    return undefined
  }
  await pool.rename('old', 'new')
  const { value } = (await store.get(key)) ?? {}
  expect((value as { readonly state: string }[]).map(({ state }) => state)).toEqual(waiting.slice(-16))
})

/** A fault that comes once, at the first write that `isMeant`. */
function once(isMeant: (record: Partial<SessionRecord>) => unknown, fault: Fault) {
  let isOver = false
  return (operation: 'get' | 'swap', _: string, value: unknown): Fault => {
    const isNow = !isOver && operation === 'swap' && isMeant(Object(value))
    if (isNow) isOver = true
    return isNow ? fault : undefined
  }
}

const COPY = (record: Partial<SessionRecord>) => record.refreshToken
const END = (record: Partial<SessionRecord>) => record.signedOut

it.each([
  ['the copy', COPY],
  ['the end of the old name', END],
])('a rename is done if only the answer to %s was lost', async (_, isMeant) => {
  const { server, store, pool, states, other } = await setUp()
  store.fault = once(isMeant, 'after')
  await pool.rename('old', 'new')
  for (const at of [pool, other()]) expect(await states(at)).toEqual(['renamed', 'signedIn'])
  await (await pool.get('new').signOut()).revoked
  expect(server.living).toEqual([])
})

it.each([
  ['the copy', COPY],
  ['the end of the old name', END],
])('a rename that rejects because the store took not %s leaves one session, under the old name', async (_, isMeant) => {
  const { store, pool, states, other } = await setUp()
  store.fault = once(isMeant, 'before')
  await expect(pool.rename('old', 'new')).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
  for (const at of [pool, other()]) expect(await states(at)).toEqual(['signedIn', 'none'])
})

it('a rename leaves the session somewhere if the store fails right when the old name ends', async () => {
  const { store, pool, states, other } = await setUp()
  let isDown = false
  store.fault = (operation, _, value) => {
    const isEnd = operation === 'swap' && Boolean(END(Object(value)))
    if (isDown || !isEnd) return isDown ? 'before' : undefined
    isDown = true
    return 'after'
  }
  await expect(pool.rename('old', 'new')).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
  store.fault = () => undefined
  expect(await states(other())).toEqual(['renamed', 'signedIn'])
})

it('a rename is done if the store fails right after it, and the old name is worth nothing from then on', async () => {
  const { store, pool, states } = await setUp()
  let isEnded = false
  store.fault = (operation, _, value) => {
    if (isEnded) return 'before'
    isEnded = operation === 'swap' && Boolean(END(Object(value)))
    return undefined
  }
  await pool.rename('old', 'new')
  await expect(pool.get('old').getAccessToken()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
  store.fault = () => undefined
  expect(await states()).toEqual(['renamed', 'signedIn'])
})
