import { describe, expect, it } from 'vitest'
import { alwaysOnline, memoryStore, noChannel, queueLock, webCrypto } from '../../src/index.ts'
import { sessionLimits } from '../../src/manager/session-limits.ts'
import { createSessionPool } from '../../src/session-pool/create-session-pool.ts'
import type { SessionPoolOptions } from '../../src/session-pool/session-pool.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { manualClock } from '../support/manual-clock.ts'
import { simulatedServer } from '../support/simulated-server.ts'

function setUp(options: Partial<SessionPoolOptions> = {}) {
  const clock = manualClock()
  const server = simulatedServer(clock.now)
  const store = faultyStore(memoryStore<unknown>())
  const paths: string[] = []
  const platform = {
    store,
    lock: queueLock(),
    channel: noChannel,
    lifecycle: alwaysOnline,
    clock,
    crypto: webCrypto,
    fetch: ((input, init) => {
      paths.push(new URL(String(input)).pathname)
      return server.fetch(input, init)
    }) as typeof fetch,
  }
  const pool = createSessionPool(
    { issuer: server.issuer, clientId: 'spa', scope: 'notes', resources: ['https://api.example/'], ...options },
    platform,
  )
  const signIn = async (account: string) => {
    const { accessToken, refreshToken } = server.issue()
    const expiresAt = clock.now() + Number(server.expiresIn) * 1000
    await pool.get(account).adopt({ accessToken, refreshToken, expiresAt })
  }
  return { clock, server, store, paths, pool, signIn }
}

describe('createSessionPool', () => {
  it('hands out one manager for each account, and keeps their sessions apart', async () => {
    const { pool, signIn } = setUp()
    await signIn('alice')
    await signIn('bob')
    expect(pool.get('alice')).toBe(pool.get('alice'))
    const [alice, bob] = await Promise.all(['alice', 'bob'].map((account) => pool.get(account).getAccessToken()))
    expect(alice?.value).not.toBe(bob?.value)
    await pool.get('alice').signOut()
    expect(pool.get('alice').state.status).toBe('signedOut')
    expect((await pool.get('bob').getAccessToken()).value).toBe(bob?.value)
    expect(await pool.get('carol').ready()).toMatchObject({ status: 'signedOut', reason: 'none' })
  })

  it('a session that went out of memory is read from the store when it is handed out again', async () => {
    const { pool, signIn } = setUp({ maxSessions: 5 })
    for (let user = 0; user < 20; user++) await signIn(`u${user}`)
    expect(pool.size).toBe(5)
    const kept = pool.get('u0')
    const { value } = await kept.getAccessToken()
    for (let user = 1; user < 20; user++) await pool.get(`u${user}`).getAccessToken()
    expect(pool.size).toBe(5)
    // Whoever still holds a manager loses nothing either.
    expect((await kept.getAccessToken()).value).toBe(value)
    expect(pool.get('u0')).not.toBe(kept)
    expect((await pool.get('u0').getAccessToken()).value).toBe(value)
  })

  it('loses no call to a crowd: those under way stay in memory until they are done', async () => {
    const { pool, signIn } = setUp({ maxSessions: 5 })
    for (let user = 0; user < 50; user++) await signIn(`u${user}`)
    const managers = Array.from({ length: 50 }, (_, user) => pool.get(`u${user}`))
    const all = await Promise.all(managers.map((manager) => manager.getAccessToken()))
    expect(new Set(all.map(({ value }) => value)).size).toBe(50)
    pool.get('another')
    expect(pool.size).toBe(5)
    // Nor does one that is used after it went out leave anything behind that the pool does not know of.
    await managers[0]?.getAccessToken()
    expect(pool.get('u0')).not.toBe(managers[0])
    expect(managers[0]?.state.status).toBe('signedIn')
    expect(pool.size).toBe(5)
  })

  it('those go first that were not handed out for the longest time, and none that is in use', async () => {
    const { pool } = setUp({ maxSessions: 3 })
    const [a, b] = [pool.get('a'), pool.get('b')]
    let done = () => {}
    const using = pool.use('b', () => new Promise<void>((resolve) => (done = resolve)))
    pool.get('c')
    pool.get('a')
    for (const account of ['d', 'e']) pool.get(account)
    expect(pool.get('b')).toBe(b)
    expect(pool.get('a')).not.toBe(a)
    done()
    await using
    await expect(pool.use('x', () => Promise.reject(new Error('own')))).rejects.toThrow('own')
    for (let account = 0; account < 9; account++) pool.get(`${account}`)
    expect(pool.get('b')).not.toBe(b)
    expect(pool.size).toBe(3)
  })

  it('grows beyond its size for sessions in use, and shrinks again', async () => {
    const { pool } = setUp({ maxSessions: 2 })
    const ends: (() => void)[] = []
    const all = Array.from({ length: 300 }, (_, n) =>
      pool.use(`${n}`, () => new Promise<void>((resolve) => ends.push(resolve))),
    )
    expect(pool.size).toBe(300)
    for (const end of ends) end()
    await Promise.all(all)
    for (let n = 0; n < 10; n++) pool.get(`x${n}`)
    expect(pool.size).toBe(2)
  })

  it('a session with tokens the store has yet to take stays in memory until it took them', async () => {
    const { pool, signIn, store, clock, server } = setUp({ maxSessions: 2 })
    await signIn('alice')
    const alice = pool.get('alice')
    // The answer comes, and from then on the store refuses.
    server.after = async (_, answer) => {
      store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
      return answer
    }
    const failed = alice.refresh().catch((error) => error.code)
    await clock.advance(100)
    for (let n = 0; n < 20; n++) pool.get(`x${n}`)
    expect(pool.get('alice')).toBe(alice)
    store.fault = () => undefined
    await clock.advance(5_000)
    await failed
    expect(server.requests).toHaveLength(1)
    for (let n = 0; n < 20; n++) pool.get(`y${n}`)
    expect(pool.get('alice')).not.toBe(alice)
    // What it had in memory only is what the store has now.
    await pool.get('alice').refresh()
    expect(server.requests.map(({ outcome }) => outcome)).not.toContain('invalid_grant')
  })

  it('asks for the metadata once, however many sessions need it', async () => {
    const { pool, signIn, server, clock, paths } = setUp()
    for (let user = 0; user < 5; user++) await signIn(`u${user}`)
    await clock.advance(Number(server.expiresIn) * 1000)
    await Promise.all(Array.from({ length: 5 }, (_, user) => pool.get(`u${user}`).getAccessToken()))
    expect(paths.filter((path) => path.includes('well-known'))).toHaveLength(1)
    expect(paths.filter((path) => path.includes('token'))).toHaveLength(5)
  })

  it('refreshes those in use ahead of expiry, and no others', async () => {
    const { pool, signIn, server, clock } = setUp({ refresh: { jitter: 0 } })
    await signIn('used')
    await signIn('idle')
    const lifetime = Number(server.expiresIn) * 1000
    await clock.advance(lifetime * 0.9)
    const before = await pool.get('used').getAccessToken()
    await clock.advance(1_000)
    expect((await pool.get('used').getAccessToken()).value).not.toBe(before.value)
    expect(server.requests).toHaveLength(1)
    await clock.advance(10 * lifetime)
    expect(server.requests).toHaveLength(1)
    await pool.get('idle').getAccessToken()
    expect(server.requests).toHaveLength(2)
  })

  it('has no timer for sessions at rest, and one for any number with limits', async () => {
    const plain = setUp()
    for (let user = 0; user < 50; user++) await plain.signIn(`u${user}`)
    await plain.clock.advance(0)
    expect([plain.clock.pending, plain.pool.alarms]).toEqual([0, 0])
    const limited = setUp({ limits: sessionLimits({ idleTimeout: 60_000 }) })
    for (let user = 0; user < 50; user++) await limited.signIn(`u${user}`)
    await limited.clock.advance(0)
    expect([limited.clock.pending, limited.pool.alarms]).toEqual([1, 50])
    await limited.clock.advance(61_000)
    expect(limited.pool.get('u7').state).toMatchObject({ status: 'signedOut', reason: 'idle' })
  })

  it('tells of the events of every session, whenever it came into memory', async () => {
    const { pool, signIn } = setUp()
    await signIn('alice')
    const heard: string[] = []
    const stop = pool.on('signed_out', ({ account, reason }) => heard.push(`${account} ${reason}`))
    await signIn('bob')
    await Promise.all(['alice', 'bob'].map((account) => pool.get(account).signOut()))
    await Promise.resolve()
    expect(heard.sort()).toEqual(['alice signed_out', 'bob signed_out'])
    stop()
    await signIn('alice')
    await pool.get('alice').signOut()
    expect(heard).toHaveLength(2)
  })

  it('dispose empties the memory and stops the timer; using it again begins anew', async () => {
    const { pool, signIn, clock } = setUp({ limits: sessionLimits({ idleTimeout: 60_000 }) })
    await signIn('alice')
    const { value } = await pool.get('alice').getAccessToken()
    pool.dispose()
    expect([pool.size, clock.pending]).toEqual([0, 0])
    expect((await pool.get('alice').getAccessToken()).value).toBe(value)
  })

  it.each<[string, Record<string, unknown>]>([
    ['maxSessions', { maxSessions: 0 }],
    ['maxSessions', { maxSessions: 1.5 }],
    ['account', { account: 'alice' }],
    ['scope', { scope: 1 }],
  ])('refuses at construction a wrong %s', (name, options) => {
    expect(() => setUp(options)).toThrow(name)
  })

  it('refuses an account that is none', () => {
    const { pool } = setUp()
    for (const account of ['', undefined, 7]) expect(() => pool.get(account as string)).toThrow('account')
  })
})
