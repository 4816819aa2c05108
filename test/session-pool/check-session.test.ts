import { describe, expect, it } from 'vitest'
import { alwaysOnline, memoryStore, queueLock, webCrypto } from '../../src/index.ts'
import { sessionLimits } from '../../src/manager/session-limits.ts'
import { createSessionPool } from '../../src/session-pool/create-session-pool.ts'
import type { SessionPoolOptions } from '../../src/session-pool/session-pool.ts'
import { channelHub } from '../support/channel-hub.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { manualClock } from '../support/manual-clock.ts'
import { simulatedServer } from '../support/simulated-server.ts'

function setUp(options: Partial<SessionPoolOptions> = {}) {
  const clock = manualClock()
  const server = simulatedServer(clock.now)
  const rows = memoryStore<unknown>()
  const hub = channelHub()
  const host = () => {
    const store = faultyStore({ get: (...key) => rows.get(...key), swap: (...change) => rows.swap(...change) })
    const pool = createSessionPool(
      {
        issuer: server.issuer,
        clientId: 'web',
        redirectUri: 'https://app.example/auth/callback',
        resources: ['https://api.example/v1'],
        ...options,
      },
      {
        store,
        lock: queueLock(),
        channel: hub.context(),
        lifecycle: alwaysOnline,
        clock,
        crypto: webCrypto,
        fetch: server.fetch,
      },
    )
    return { pool, store }
  }
  const here = host()
  const signIn = async (account: string) => {
    const { accessToken, refreshToken } = server.issue()
    await here.pool.get(account).adopt({ accessToken, refreshToken, expiresAt: clock.now() + 300_000 })
  }
  return { clock, hub, here, there: host(), signIn }
}

describe('check', () => {
  it('tells the state and when it ends, and does not count as use', async () => {
    const { clock, here, signIn } = setUp({ limits: sessionLimits({ idleTimeout: 60_000, maxAge: 600_000 }) })
    await signIn('alice')
    const began = clock.now()
    for (let n = 0; n < 5; n++) {
      await clock.advance(10_000)
      expect(await here.pool.check('alice')).toMatchObject({ state: { status: 'signedIn' }, endsAt: began + 60_000 })
    }
    await clock.advance(10_000)
    expect(await here.pool.check('alice')).toMatchObject({ state: { status: 'signedOut', reason: 'idle' } })
  })

  it('says nothing of an end where there is no limit', async () => {
    const { here, signIn } = setUp()
    await signIn('alice')
    expect((await here.pool.check('alice')).endsAt).toBeUndefined()
    expect(await here.pool.check('nobody')).toEqual({
      state: expect.objectContaining({ status: 'signedOut', reason: 'none' }),
    })
  })

  it('ends a session that another host kept too long, as it is read', async () => {
    const { clock, here, there, signIn } = setUp({ limits: sessionLimits({ maxAge: 60_000 }) })
    await signIn('alice')
    here.pool.dispose()
    await clock.advance(60_000)
    expect(await there.pool.check('alice')).toMatchObject({ state: { status: 'signedOut', reason: 'max_age' } })
  })

  it('reads again what was read long ago, even if no message came', async () => {
    const { clock, hub, here, there, signIn } = setUp({ confirmInterval: 1_000 })
    await signIn('alice')
    expect((await there.pool.check('alice')).state.status).toBe('signedIn')
    hub.mode = 'drop'
    await here.pool.get('alice').signOut()
    await clock.advance(1_001)
    expect((await there.pool.check('alice')).state.status).toBe('signedOut')
  })

  it('rejects if the store says nothing and nobody has the session in memory, and is right again afterwards', async () => {
    const { here, there, signIn } = setUp()
    await signIn('alice')
    there.store.fault = () => 'before'
    await expect(there.pool.check('alice')).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
    here.store.fault = () => 'before'
    expect((await here.pool.check('alice')).state.status).toBe('signedIn')
    there.store.fault = () => undefined
    expect((await there.pool.check('alice')).state.status).toBe('signedIn')
  })
})

describe('a pool', () => {
  it('tells where people come back to, and where tokens may go', () => {
    const { pool } = setUp().here
    expect(pool.redirectUri).toBe('https://app.example/auth/callback')
    const urls = ['https://api.example/v1/x', 'https://api.example/v2', 'http://api.example/v1', '/v1']
    expect(urls.map(pool.allows)).toEqual([true, false, false, false])
  })

  it('says of a session that has another name that it is not over', async () => {
    const { here, there, signIn } = setUp()
    await signIn('alice')
    expect((await there.pool.check('alice')).state.status).toBe('signedIn')
    await here.pool.rename('alice', 'new')
    await here.pool.check('new')
    for (const { pool } of [here, there])
      expect((await pool.check('alice')).state).toMatchObject({ status: 'signedOut', reason: 'renamed' })
    expect((await there.pool.check('new')).state.status).toBe('signedIn')
  })

  it('forgets a name that nobody is signed in under as soon as nobody listens to it any more', async () => {
    const { pool } = setUp().here
    const stop = pool.get('nobody').subscribe(() => {})
    const other = pool.get('nobody').on('signed_out', () => {})
    await pool.check('nobody')
    expect(pool.size).toBe(1)
    stop()
    stop()
    expect(pool.size).toBe(1)
    other()
    expect(pool.size).toBe(0)
  })
})
