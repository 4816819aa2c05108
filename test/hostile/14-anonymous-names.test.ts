import { describe, expect, it } from 'vitest'
import { alwaysOnline, memoryStore, noChannel, queueLock, type UserAgent, webCrypto } from '../../src/index.ts'
import { sessionLimits } from '../../src/manager/session-limits.ts'
import { createSessionPool } from '../../src/session-pool/create-session-pool.ts'
import type { SessionPoolOptions } from '../../src/session-pool/session-pool.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { manualClock } from '../support/manual-clock.ts'
import { simulatedServer } from '../support/simulated-server.ts'

function website(options: Partial<SessionPoolOptions> = {}) {
  const clock = manualClock()
  const server = simulatedServer(clock.now)
  const store = faultyStore(memoryStore<unknown>())
  const platform = {
    ...{ store, lock: queueLock(), channel: noChannel, lifecycle: alwaysOnline, clock, crypto: webCrypto },
    fetch: server.fetch as typeof fetch,
  }
  const pool = createSessionPool(
    {
      ...{ issuer: server.issuer, clientId: 'spa', scope: 'notes', resources: ['https://api.example/'] },
      redirectUri: 'https://site.example/callback',
      ...options,
    },
    platform,
  )
  const signIn = (account: string) => {
    const { accessToken, refreshToken } = server.issue()
    const expiresAt = clock.now() + Number(server.expiresIn) * 1000
    return pool.get(account).adopt({ accessToken, refreshToken, expiresAt })
  }
  return { pool, store, signIn, clock }
}

type Pool = ReturnType<typeof website>['pool']
type Session = ReturnType<Pool['get']>

describe('a name that nobody signed in under costs no memory once its request is over', () => {
  const calls: readonly [string, (session: Session) => Promise<unknown>][] = [
    ['ready()', (session) => session.ready()],
    ['fetch()', (session) => session.fetch('https://api.example/notes')],
    ['getAccessToken()', (session) => session.getAccessToken()],
    ['headersFor()', (session) => session.headersFor('https://api.example/notes')],
    ['refresh()', (session) => session.refresh()],
    ['signOut()', (session) => session.signOut()],
    ['completeSignIn()', (session) => session.completeSignIn('https://site.example/callback?code=c&state=s')],
    ['a signIn() that cannot be', (session) => session.signIn({ prompt: 'none' })],
  ]

  it.each(calls)('%s', async (_, call) => {
    const { pool, clock } = website({ limits: sessionLimits({ idleTimeout: 60_000, maxAge: 600_000 }) })
    for (let visitor = 0; visitor < 50; visitor++) await call(pool.get(`v${visitor}`)).catch(() => {})
    // A sign-out is done here before it is done at the server.
    await new Promise((resolve) => setImmediate(resolve))
    expect([pool.size, pool.alarms, clock.pending]).toEqual([0, 0, 0])
  })

  it('use(), whatever it does', async () => {
    const { pool } = website()
    for (let visitor = 0; visitor < 50; visitor++)
      await pool.use(`v${visitor}`, async (session) => {
        await session.ready()
        await session.getAccessToken().catch(() => {})
      })
    expect(pool.size).toBe(0)
  })

  it('a sign-in that goes away by a redirect and never comes back', async () => {
    const { pool } = website()
    let gone = 0
    const userAgent: UserAgent = {
      authorize() {
        gone++
        return new Promise(() => {})
      },
      callbackUrl: () => undefined,
    }
    for (let visitor = 0; visitor < 50; visitor++) void pool.get(`v${visitor}`).signIn({ userAgent })
    while (gone < 50) await new Promise((resolve) => setImmediate(resolve))
    expect(pool.size).toBe(0)
  })

  it('also while the store does not answer well', async () => {
    const { pool, store } = website()
    store.fault = () => 'before'
    for (let visitor = 0; visitor < 50; visitor++) await pool.get(`v${visitor}`).ready()
    expect(pool.size).toBe(0)
  })

  it('nor as many at once', async () => {
    const { pool } = website()
    const visitors = Array.from({ length: 200 }, (_, visitor) => pool.get(`v${visitor % 100}`))
    await Promise.all(visitors.flatMap((session) => [session.ready(), session.getAccessToken().catch(() => {})]))
    expect(pool.size).toBe(0)
  })
})

describe('whoever holds one that left notices nothing', () => {
  it('it says what it said', async () => {
    const { pool } = website()
    const session = pool.get('visitor')
    const state = await session.ready()
    expect(session.state).toEqual(state)
    expect(session.state).toMatchObject({ status: 'signedOut', reason: 'none' })
    expect(pool.size).toBe(0)
  })

  it('a sign-in brings it back, and it stays', async () => {
    const { pool, signIn } = website()
    const session = pool.get('alice')
    await session.ready()
    await signIn('alice')
    expect(pool.size).toBe(1)
    expect(session.state.status).toBe('signedIn')
    await session.ready()
    expect(pool.size).toBe(1)
  })

  it('it never says that somebody who signed in meanwhile is signed out', async () => {
    const { pool, signIn } = website({ maxSessions: 2 })
    const session = pool.get('alice')
    await session.ready()
    await signIn('alice')
    await session.getAccessToken()
    for (const other of ['a', 'b', 'c']) await signIn(other)
    expect(session.state.status).not.toBe('signedOut')
    expect((await session.ready()).status).toBe('signedIn')
  })

  it('one that is listened to stays, and hears the sign-in', async () => {
    const { pool, signIn } = website()
    const heard: string[] = []
    pool.get('alice').subscribe(({ status }) => heard.push(status))
    await pool.get('alice').ready()
    await signIn('alice')
    expect(heard.at(-1)).toBe('signedIn')
  })

  it('one call that is done takes nothing from another that is under way', async () => {
    const { pool } = website()
    const session = pool.get('visitor')
    let open = () => {}
    const using = pool.use('visitor', async (tokens) => {
      await new Promise<void>((resolve) => {
        open = resolve
      })
      return tokens.ready()
    })
    await session.ready()
    expect(pool.size).toBe(1)
    open()
    expect((await using).status).toBe('signedOut')
    expect(pool.size).toBe(0)
  })
})

it('a name longer than any is refused before anything is kept of it', async () => {
  const { pool } = website()
  for (const length of [513, 4_096, 1_000_000]) {
    const name = 'x'.repeat(length)
    expect(() => pool.get(name)).toThrow('account')
    await expect(pool.use(name, async () => {})).rejects.toThrow('1 to 512')
  }
  expect(pool.size).toBe(0)
  expect((await pool.get('x'.repeat(512)).ready()).status).toBe('signedOut')
})
