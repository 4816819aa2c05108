import { describe, expect, it } from 'vitest'
import { alwaysOnline, memoryStore, noChannel, queueLock, webCrypto } from '../../src/index.ts'
import type { Store } from '../../src/ports.ts'
import { createSessionPool } from '../../src/session-pool/create-session-pool.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { manualClock } from '../support/manual-clock.ts'
import { simulatedServer } from '../support/simulated-server.ts'

function setUp(store: Store<unknown> = memoryStore()) {
  const clock = manualClock()
  const server = simulatedServer(clock.now)
  /** Another process: nothing in memory is shared, what is stored is. */
  const newPool = () =>
    createSessionPool(
      {
        issuer: server.issuer,
        clientId: 'spa',
        scope: 'notes',
        redirectUri: 'https://app.example/callback',
        resources: ['https://api.example/'],
      },
      {
        ...{
          store: { ...store },
          lock: queueLock(),
          channel: noChannel,
          lifecycle: alwaysOnline,
          clock,
          crypto: webCrypto,
        },
        fetch: server.fetch,
      },
    )
  const signIn = async (pool: ReturnType<typeof newPool>, account: string) => {
    const { accessToken, refreshToken } = server.issue()
    await pool.get(account).adopt({ accessToken, refreshToken, expiresAt: clock.now() + 60_000 })
    return accessToken
  }
  return { clock, server, newPool, signIn, pool: newPool() }
}

describe('SECURITY.md: a name that was planted before opens nothing', () => {
  it('rename leaves nothing under the old name, in no process, and the session under the new one', async () => {
    const { pool, newPool, signIn, server } = setUp()
    const other = newPool()
    const token = await signIn(pool, 'planted')
    expect((await other.get('planted').getAccessToken()).value).toBe(token)
    await pool.rename('planted', 'new')
    expect((await pool.get('new').getAccessToken()).value).toBe(token)
    await expect(pool.get('planted').getAccessToken()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    // A process that has it in memory learns of it as of any sign-out, and brings nothing back.
    other.dispose()
    await expect(other.get('planted').getAccessToken()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    expect((await other.get('new').getAccessToken()).value).toBe(token)
    expect((await other.get('new').refresh()).value).not.toBe(token)
    expect([server.revoked, server.reuse]).toEqual([[], 0])
  })

  it('takes a sign-in along that is on its way', async () => {
    const { pool, server } = setUp()
    let url = ''
    const userAgent = {
      callbackUrl: () => undefined,
      authorize(to: string) {
        url = to
        return new Promise<string>(() => {})
      },
    }
    void pool.get('begun').signIn({ userAgent })
    while (!url) await new Promise((resolve) => setTimeout(resolve))
    await pool.rename('begun', 'session')
    const answer = server.authorize(url)
    await expect(pool.get('begun').completeSignIn(answer)).rejects.toMatchObject({ reason: 'state_mismatch' })
    expect(await pool.get('session').completeSignIn(answer)).toMatchObject({ status: 'signedIn' })
    expect(await pool.get('begun').ready()).toMatchObject({ status: 'signedOut' })
  })

  it('waits for a refresh that is under way, and takes along what it brings', async () => {
    const { pool, signIn, server, clock } = setUp()
    const token = await signIn(pool, 'planted')
    let answer = () => {}
    const asked = new Promise<void>((arrived) => {
      server.before = () =>
        new Promise<void>((resolve) => {
          answer = resolve
          arrived()
        })
    })
    const refreshing = pool.get('planted').refresh()
    await asked
    let isRenamed = false
    const renaming = pool.rename('planted', 'new').then(() => (isRenamed = true))
    await clock.advance(1_000)
    expect(isRenamed).toBe(false)
    server.before = () => {}
    answer()
    const { value } = await refreshing
    await clock.advance(1_000)
    await renaming
    expect(value).not.toBe(token)
    expect((await pool.get('new').getAccessToken()).value).toBe(value)
    expect((await pool.get('new').refresh()).value).not.toBe(value)
    expect([server.revoked, server.reuse]).toEqual([[], 0])
  })

  it('refuses a name that has a session already', async () => {
    const { pool, signIn } = setUp()
    await signIn(pool, 'alice')
    const token = await signIn(pool, 'bob')
    await expect(pool.rename('alice', 'bob')).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' })
    await expect(pool.rename('alice', 'alice')).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' })
    expect((await pool.get('bob').getAccessToken()).value).toBe(token)
    expect(await pool.get('alice').ready()).toMatchObject({ status: 'signedIn' })
  })

  it('is the same where there is no session', async () => {
    const { pool } = setUp()
    await pool.rename('nobody', 'new')
    expect(await pool.get('new').ready()).toMatchObject({ status: 'signedOut', reason: 'none' })
  })

  it('a store that fails leaves the session under one name, and says so', async () => {
    const faulty = faultyStore(memoryStore<unknown>())
    const { pool, signIn } = setUp(faulty)
    const token = await signIn(pool, 'alice')
    const before = faulty.count.swap
    faulty.fault = (operation) => (operation === 'swap' && faulty.count.swap === before + 2 ? 'before' : undefined)
    await expect(pool.rename('alice', 'new')).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
    faulty.fault = () => undefined
    expect((await pool.get('alice').getAccessToken()).value).toBe(token)
    expect(await pool.get('new').ready()).toMatchObject({ status: 'signedOut' })
  })
})
