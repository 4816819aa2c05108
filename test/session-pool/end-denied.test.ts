import { describe, expect, it } from 'vitest'
import { alwaysOnline, memoryStore, noChannel, queueLock, webCrypto } from '../../src/index.ts'
import type { Denial } from '../../src/resource-server/denial.ts'
import { createDenylist, type DenylistStore } from '../../src/resource-server/denylist.ts'
import { createSessionPool } from '../../src/session-pool/create-session-pool.ts'
import type { SessionPoolOptions } from '../../src/session-pool/session-pool.ts'
import { manualClock } from '../support/manual-clock.ts'
import { idToken, simulatedServer } from '../support/simulated-server.ts'

const api = 'https://api.example/notes'

function setUp(options: Partial<SessionPoolOptions> = {}) {
  const clock = manualClock()
  const server = simulatedServer(clock.now)
  const denylist = createDenylist({ now: clock.now, maxTokenLifetime: 30 * 86_400_000 })
  const store = memoryStore<unknown>()
  const poolOf = (own: Partial<SessionPoolOptions> = {}) =>
    createSessionPool(
      {
        issuer: server.issuer,
        clientId: 'web',
        scope: 'openid notes',
        resources: ['https://api.example/'],
        denylist,
        ...options,
        ...own,
      },
      {
        store,
        lock: queueLock(),
        channel: noChannel,
        lifecycle: alwaysOnline,
        clock,
        crypto: webCrypto,
        fetch: server.fetch,
      },
    )
  const pool = poolOf()
  const signIn = async (account: string, claims: Record<string, unknown>) => {
    const iat = Math.floor(clock.now() / 1000)
    await pool.get(account).adopt({
      ...server.issue(),
      idToken: idToken({ iss: server.issuer, aud: 'web', iat, exp: iat + 300, ...claims }),
      expiresAt: clock.now() + 300_000,
    })
  }
  return { clock, server, denylist, pool, poolOf, signIn }
}

const outcome = (pool: ReturnType<typeof setUp>['pool'], account: string) =>
  pool
    .get(account)
    .fetch(api)
    .then(
      ({ status }) => status,
      ({ code, reason }) => [code, reason],
    )
const ENDED = ['ERR_SIGNED_OUT', 'session_ended']

describe('a session that a denylist names', () => {
  it.each<[string, (of: { issuer: string; before: number }) => Denial]>([
    ['its sign-in', (of) => ({ ...of, sid: 's1' })],
    ['its person', (of) => ({ ...of, subject: 'alice' })],
    ['its client', (of) => ({ ...of, clientId: 'web' })],
    ['its person with this client', (of) => ({ ...of, subject: 'alice', clientId: 'web' })],
  ])('BCL-07: by %s ends when it is used next, and its tokens are revoked', async (name, denial) => {
    const { pool, signIn, denylist, server, clock } = setUp()
    await signIn('a', { sub: 'alice', sid: 's1' })
    await signIn('b', { sub: 'bob', sid: 's2' })
    await clock.advance(2_000)
    await denylist.deny(denial({ issuer: server.issuer, before: clock.now() }))
    expect(await outcome(pool, 'a')).toEqual(ENDED)
    expect(await outcome(pool, 'b')).toEqual(name === 'its client' ? ENDED : 200)
    await clock.advance(0)
    expect(server.revoked.map(({ token }) => token)).toContain('rt-1')
    expect(server.requests).toEqual([])
    expect(server.calls).toHaveLength(name === 'its client' ? 0 : 1)
  })

  it('BCL-09: and what was granted for times when nobody is there is not revoked, late tokens neither', async () => {
    const { pool, signIn, denylist, server, clock } = setUp({ scope: 'openid offline_access notes' })
    await signIn('a', { sub: 'alice', sid: 's1' })
    await signIn('late', { sub: 'alice', sid: 's1' })
    let open = () => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    server.after = async (_, answer) => {
      await opened
      return answer
    }
    const refresh = pool.get('late').refresh()
    refresh.catch(() => {})
    await clock.advance(1_000)
    await denylist.deny({ issuer: server.issuer, sid: 's1', before: clock.now() })
    for (const account of ['a', 'late']) expect(await outcome(pool, account)).toEqual(ENDED)
    open()
    await expect(refresh).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'session_ended' })
    await clock.advance(5_000)
    expect(server.revoked).toEqual([])
    expect(server.living).toHaveLength(2)
  })

  it('BCL-08: goes on if it began later, however the clocks of the servers differ', async () => {
    const { pool, signIn, denylist, server, clock } = setUp()
    const before = clock.now()
    await denylist.deny({ issuer: server.issuer, subject: 'alice', before })
    await clock.advance(1_000)
    await signIn('later', { sub: 'alice', sid: 's2' })
    expect(await outcome(pool, 'later')).toBe(200)
    // The authorization server's clock is behind ours: the sign-in was before the logout.
    await signIn('behind', { sub: 'alice', sid: 's3', iat: Math.floor(before / 1000) - 5 })
    expect(await outcome(pool, 'behind')).toEqual(ENDED)
  })

  it('ends also after a refresh brought it later tokens', async () => {
    const { pool, signIn, denylist, server, clock } = setUp()
    await signIn('a', { sub: 'alice', sid: 's1' })
    await clock.advance(5_000)
    const before = clock.now()
    await clock.advance(5_000)
    server.subject = 'alice'
    server.claims = { sid: 's1', aud: 'web' }
    await pool.get('a').refresh()
    await denylist.deny({ issuer: server.issuer, subject: 'alice', before })
    expect(await outcome(pool, 'a')).toEqual(ENDED)
  })

  it('is ended for a process that never heard of the logout, too', async () => {
    const { pool, poolOf, signIn, denylist, server, clock } = setUp()
    await signIn('a', { sub: 'alice', sid: 's1' })
    await denylist.deny({ issuer: server.issuer, sid: 's1', before: clock.now() })
    await outcome(pool, 'a')
    const other = poolOf({ denylist: createDenylist({ now: clock.now }) })
    expect(await outcome(other, 'a')).toEqual(ENDED)
  })

  it('one that is being used for something else than a call is ended as well', async () => {
    for (const use of ['ready', 'getAccessToken', 'refresh', 'headersFor'] as const) {
      const { pool, signIn, denylist, server, clock } = setUp()
      await signIn('a', { sub: 'alice', sid: 's1' })
      await denylist.deny({ issuer: server.issuer, sid: 's1', before: clock.now() })
      await (pool.get('a')[use] as (url: unknown) => Promise<unknown>)(api).catch(() => {})
      expect(pool.get('a').state).toMatchObject({ status: 'signedOut', reason: 'session_ended' })
      expect(server.requests).toEqual([])
    }
  })

  it('a new sign-in in its place is left alone', async () => {
    const { pool, signIn, denylist, server, clock } = setUp()
    await signIn('a', { sub: 'alice', sid: 's1' })
    await denylist.deny({ issuer: server.issuer, sid: 's1', before: clock.now() })
    await signIn('a', { sub: 'alice', sid: 's2' })
    expect(await outcome(pool, 'a')).toBe(200)
  })
})

describe('a session that is in use when a denylist names it', () => {
  it('ends at once, and others do not', async () => {
    const { pool, signIn, denylist, server, clock } = setUp()
    await signIn('a', { sub: 'alice', sid: 's1' })
    await signIn('b', { sub: 'bob', sid: 's2' })
    const states: string[] = []
    let done = () => {}
    const using = ['a', 'b'].map((account) =>
      pool.use(account, async (tokens) => {
        tokens.subscribe(({ status }) => states.push(`${account} ${status}`))
        await new Promise<void>((resolve) => {
          done = resolve
        })
      }),
    )
    await clock.advance(0)
    states.splice(0)
    await denylist.deny({ issuer: server.issuer, sid: 's1', before: clock.now() })
    await clock.advance(0)
    expect(states).toEqual(['a signedOut'])
    pool.dispose()
    done()
    await Promise.race(using)
  })
})

describe('while a denylist is out of date', () => {
  /** A denylist whose store has not answered yet. `hear()` makes it current. */
  const away = (whenStale?: 'deny' | 'introspect' | 'allow') => {
    let hear = () => {}
    const store: DenylistStore = {
      append: async () => {},
      follow({ onCurrent }) {
        hear = () => onCurrent(Date.now())
        return () => {}
      },
    }
    const denylist = createDenylist({ store, ...(whenStale && { whenStale }) })
    return { denylist, hear: () => hear() }
  }
  const UNKNOWN = ['ERR_TEMPORARILY_UNAVAILABLE', 'server_unavailable']
  const check = (pool: ReturnType<typeof setUp>['pool'], account: string) =>
    pool.check(account).then(
      ({ state }) => state.status,
      ({ code, reason }) => [code, reason],
    )

  it.each(['deny', 'introspect'] as const)(
    'with %s no session can be used, and each can be as soon as it is current',
    async (whenStale) => {
      const { denylist, hear } = away(whenStale)
      const { pool, signIn, server } = setUp({ denylist })
      await signIn('a', { sub: 'alice', sid: 's1' })
      expect(await outcome(pool, 'a')).toEqual(UNKNOWN)
      expect(await check(pool, 'a')).toEqual(UNKNOWN)
      for (const use of ['getAccessToken', 'refresh', 'headersFor'] as const) {
        const used = (pool.get('a')[use] as (url: unknown) => Promise<unknown>)(api)
        await expect(used).rejects.toMatchObject({ code: 'ERR_TEMPORARILY_UNAVAILABLE' })
      }
      expect(server.requests).toEqual([])
      hear()
      expect(await check(pool, 'a')).toBe('signedIn')
      expect(await outcome(pool, 'a')).toBe(200)
    },
  )

  it('with allow sessions go on', async () => {
    const { pool, signIn } = setUp({ denylist: away('allow').denylist })
    await signIn('a', { sub: 'alice', sid: 's1' })
    expect(await check(pool, 'a')).toBe('signedIn')
    expect(await outcome(pool, 'a')).toBe(200)
  })

  it('a person can sign out, nobody is told to wait who has no session, and a session that is denied is over', async () => {
    const { denylist } = away()
    const { pool, signIn, server, clock } = setUp({ denylist })
    await signIn('a', { sub: 'alice', sid: 's1' })
    await signIn('b', { sub: 'bob', sid: 's2' })
    await (await pool.get('a').signOut()).revoked
    expect(server.revoked.map(({ token }) => token)).toContain('rt-1')
    for (const account of ['a', 'nobody']) expect(await check(pool, account)).toBe('signedOut')
    await denylist.deny({ issuer: server.issuer, sid: 's2', before: clock.now() })
    expect(await outcome(pool, 'b')).toEqual(ENDED)
  })
})

it('a denylist that is none is refused at construction', () => {
  expect(() => setUp({ denylist: {} as never })).toThrow('denylist')
})
