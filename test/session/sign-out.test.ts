import { describe, expect, it } from 'vitest'
import { sessionLimits } from '../../src/manager/session-limits.ts'
import { idToken } from '../support/simulated-server.ts'
import { type Context, type World, world } from '../support/world.ts'

const revoked = (w: World) => w.server.revoked.map(({ token }) => token)
const offline = () => {
  throw new TypeError('fetch failed')
}

describe('signing out', () => {
  it('REV-01 REV-02 REV-05 REV-07 REV-11: gone here and everywhere at once, then revoked, refresh token first, with its hint', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    await w.after(100, a.manager.refresh())
    await w.after(100, a.manager.refresh())
    await w.after(100, a.manager.getAccessToken({ resource: 'https://x/' }))
    const states: unknown[] = []
    a.manager.subscribe((state) => states.push(state.status))
    const report = await w.after(100, a.manager.signOut())
    expect(report).toMatchObject({
      local: 'removed',
      tokens: [
        { kind: 'refresh_token', revocation: 'pending' },
        { kind: 'access_token', revocation: 'pending' },
        { kind: 'access_token', revocation: 'pending' },
      ],
    })
    expect(report.endSessionUrl).toBeUndefined()
    expect(await w.after(100, report.revoked)).toBe('revoked')
    expect(revoked(w)).toEqual(['rt-4', 'at-4', 'at-3'])
    expect(w.server.revoked[0]?.hint).toBe('refresh_token')
    expect(a.manager.state).toEqual({ status: 'signedOut', reason: 'signed_out' })
    expect(b.manager.state).toEqual({ status: 'signedOut', reason: 'signed_out_elsewhere' })
    expect(states).toEqual(['signedIn', 'signedOut'])
    for (const { manager, told } of [a, b]) {
      await expect(manager.getAccessToken()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
      await expect(manager.fetch('https://api.example/')).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
      expect(told.filter((type) => type === 'signed_out')).toHaveLength(1)
    }
    expect(w.server.calls).toHaveLength(0)
  })

  it('STO-14: nothing of the session is left in the storage', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    const report = await w.after(100, manager.signOut())
    await w.after(100, report.revoked)
    const record = JSON.stringify(await w.record())
    expect(record).not.toMatch(/"[ra]t-\d/)
    expect(JSON.parse(record)).toMatchObject({
      signedOut: { reason: 'signed_out' },
      outbox: [],
      accessTokens: {},
      scope: '',
    })
  })

  it('REV-01: from the very turn of the call nothing is handed out, however long the store takes', async () => {
    const w = world()
    const { manager, store } = await w.signedIn()
    let open = () => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    store.delay = () => opened
    const report = manager.signOut()
    await w.settle()
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'signed_out' })
    const call = manager.fetch('https://api.example/')
    call.catch(() => {})
    await w.settle()
    open()
    await expect(w.after(100, call)).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    expect(await w.after(100, report)).toMatchObject({ local: 'removed' })
    expect(w.server.calls).toHaveLength(0)
  })

  it('REV-01: it never waits for the network, whatever that does', async () => {
    for (const [answer, outcome] of [
      [() => new Promise<never>(() => {}), undefined],
      [offline, 'pending'],
      [() => new Response('', { status: 503 }), 'pending'],
      [() => new Response('', { status: 400 }), 'failed'],
    ] as const) {
      const w = world()
      const { manager } = await w.signedIn()
      w.server.onRevoke = answer
      const report = await w.after(0, manager.signOut())
      expect([report.local, manager.state.status]).toEqual(['removed', 'signedOut'])
      if (outcome) expect(await w.after(100, report.revoked)).toBe(outcome)
    }
  })

  it('signed out offline, reloaded, online again: the outbox revokes, once', async () => {
    const w = world()
    const a = await w.signedIn()
    a.lifecycle.setOnline(false)
    w.server.onRevoke = offline
    const report = await w.after(0, a.manager.signOut())
    expect(await w.after(100, report.revoked)).toBe('pending')
    a.crash()
    expect((await w.record())?.outbox.map(({ token }) => token)).toEqual(['rt-1', 'at-1'])
    const b = await w.opened()
    await w.clock.advance(1_000)
    expect(b.manager.state).toMatchObject({ status: 'signedOut' })
    expect(revoked(w)).toEqual([])
    w.server.onRevoke = () => {}
    b.lifecycle.setOnline(true)
    await w.clock.advance(10_000)
    expect(revoked(w)).toEqual(['rt-1', 'at-1'])
    expect((await w.record())?.outbox).toEqual([])
  })

  it('a reload alone works the outbox off, and a new sign-in carries it along', async () => {
    const w = world()
    const a = await w.signedIn()
    w.server.onRevoke = offline
    await w.after(100, a.manager.signOut())
    a.crash()
    const b = await w.signedIn()
    expect((await w.record())?.outbox.map(({ token }) => token)).toEqual(['rt-1', 'at-1'])
    w.server.onRevoke = () => {}
    await w.clock.advance(10_000)
    expect(revoked(w)).toEqual(['rt-1', 'at-1'])
    expect(b.manager.state.status).toBe('signedIn')
    const c = await w.opened()
    expect(c.manager.state.status).toBe('signedIn')
  })

  it('REV-04: what the server puts off is tried again after Retry-After; what it refuses is not', async () => {
    const w = world()
    const { manager, events } = await w.signedIn()
    const times: number[] = []
    w.server.onRevoke = () => {
      times.push(w.clock.elapsed())
      return times.length === 1 ? new Response('', { status: 503, headers: { 'retry-after': '20' } }) : undefined
    }
    await w.after(100, manager.signOut())
    await w.clock.advance(19_000)
    expect(times).toHaveLength(1)
    await w.clock.advance(6_000)
    expect(revoked(w)).toEqual(['rt-1', 'at-1'])
    expect(events.find(({ type }) => type === 'revocation_failed')).toMatchObject({
      kind: 'refresh_token',
      final: false,
    })
    const x = world()
    const b = await x.signedIn()
    let asked = 0
    x.server.onRevoke = () => {
      asked++
      return new Response('{"error":"invalid_client"}', { status: 401 })
    }
    const report = await x.after(100, b.manager.signOut())
    expect(await x.after(100, report.revoked)).toBe('failed')
    await x.clock.advance(3_600_000)
    expect(asked).toBe(2)
    expect((await x.record())?.outbox).toEqual([])
  })

  it('REV-04: an outbox is given up after 30 days', async () => {
    for (const [days, given] of [
      [29, ['rt-1', 'at-1']],
      [31, []],
    ] as const) {
      const w = world()
      const { manager } = await w.signedIn()
      w.server.onRevoke = offline
      await w.after(100, manager.signOut())
      w.clock.jump(days * 86_400_000)
      w.server.onRevoke = () => {}
      await w.clock.advance(600_000)
      expect(revoked(w)).toEqual(given)
    }
  })

  it('REV-01: parallel sign-outs are one, with one revocation a token', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    const reports = await w.after(100, Promise.all([a, a, a, b, b].map(({ manager }) => manager.signOut())))
    expect(reports.every(({ local }) => local === 'removed')).toBe(true)
    await w.after(1_000, Promise.all(reports.map((report) => report.revoked)))
    expect(revoked(w).sort()).toEqual(['at-1', 'rt-1'])
    const again = await w.after(100, a.manager.signOut())
    expect(again).toMatchObject({ local: 'removed', tokens: [] })
    expect(await w.after(100, again.revoked)).toBe('revoked')
    expect(revoked(w)).toHaveLength(2)
  })

  it('a server without a revocation endpoint: unsupported, and nothing waits for ever', async () => {
    const w = world()
    const { issuer } = w.server
    const { manager } = await w.signedIn({ metadata: { issuer, token_endpoint: `${issuer}/token` } })
    const report = await w.after(100, manager.signOut())
    expect(await w.after(100, report.revoked)).toBe('unsupported')
    expect((await w.record())?.outbox).toEqual([])
  })

  it('REV-05: an access token the server does not revoke is no failure', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    let asked = 0
    w.server.onRevoke = () =>
      asked++ ? new Response('{"error":"unsupported_token_type"}', { status: 400 }) : undefined
    const report = await w.after(100, manager.signOut())
    expect(await w.after(100, report.revoked)).toBe('revoked')
  })

  it('with a refresh under way, or a doubt, the report says uncertain', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    await w.write((record) => ({ ...record, doubt: 'x' }))
    const report = await w.after(100, manager.signOut())
    expect(await w.after(100, report.revoked)).toBe('uncertain')
  })

  it('with a doubt, the report says all the same that the server refused, or does not revoke', async () => {
    for (const [error, expected] of [
      ['unauthorized_client', 'failed'],
      ['unsupported_token_type', 'unsupported'],
    ]) {
      const w = world()
      const { manager } = await w.signedIn()
      await w.write((record) => ({ ...record, doubt: 'x' }))
      w.server.onRevoke = () => new Response(JSON.stringify({ error }), { status: 400 })
      const report = await w.after(100, manager.signOut())
      expect(await w.after(100, report.revoked)).toBe(expected)
    }
  })

  it('it ends the grant it saw first: another sign-in meanwhile is left alone', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    w.hub.mode = 'drop'
    await w.after(
      100,
      b.manager.adopt({ accessToken: 'bob-at', refreshToken: 'bob-rt', expiresAt: w.clock.now() + 9e5 }),
    )
    const report = await w.after(100, a.manager.signOut())
    expect(report).toMatchObject({ local: 'superseded', tokens: [] })
    expect(await w.record()).toMatchObject({ refreshToken: 'bob-rt' })
    expect((await w.after(0, b.manager.getAccessToken())).value).toBe('bob-at')
    expect(revoked(w)).not.toContain('bob-rt')
  })

  it('endSession prepares the place to send the person to, with the ID token as the hint', async () => {
    const w = world()
    const { accessToken, refreshToken } = w.server.issue()
    const now = Math.floor(w.clock.now() / 1000)
    const hint = idToken({ iss: w.server.issuer, aud: 'spa', sub: 'alice', iat: now, exp: now + 60 })
    const { manager } = w.context({ postLogoutRedirectUri: 'https://app.example/bye' })
    await w.after(100, manager.adopt({ accessToken, refreshToken, idToken: hint }))
    const report = await w.after(100, manager.signOut({ endSession: true }))
    const url = new URL(report.endSessionUrl as string)
    expect(url.origin + url.pathname).toBe(`${w.server.issuer}/end`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      ...{ client_id: 'spa', id_token_hint: hint, post_logout_redirect_uri: 'https://app.example/bye' },
    })
    w.server.onDiscovery = offline
    const other = await w.opened({ account: 'other' })
    expect((await w.after(100, other.manager.signOut({ endSession: true }))).endSessionUrl).toBeUndefined()
  })
})

describe('signing out when the store refuses', () => {
  it('memory refuses all the same, the report says so, and the store is tried until it works', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    a.store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
    const report = await w.after(100, a.manager.signOut())
    expect(report.local).toBe('memory_only')
    expect(a.manager.state).toMatchObject({ status: 'signedOut', reason: 'signed_out' })
    const { state } = a.manager
    await w.clock.advance(30_000)
    expect(a.manager.state).toBe(state)
    await expect(a.manager.getAccessToken()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    expect(b.manager.state.status).toBe('signedIn')
    a.store.fault = () => undefined
    await w.clock.advance(6_000)
    expect(b.manager.state).toMatchObject({ status: 'signedOut', reason: 'signed_out_elsewhere' })
    expect(revoked(w)).toEqual(['rt-1', 'at-1'])
    expect(await w.record()).toMatchObject({ signedOut: { reason: 'signed_out' }, outbox: [] })
  })

  it('what it says about revocation is never more than what happened', async () => {
    const w = world()
    const { manager, store } = await w.signedIn()
    store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
    const report = await w.after(100, manager.signOut())
    const outcome = await w.after(20_000, report.revoked)
    if (outcome === 'revoked') expect(revoked(w)).toEqual(['rt-1', 'at-1'])
    else expect(outcome).toBe('pending')
  })

  it('written and yet reported as failed: it is over, everywhere, and the tokens are revoked', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    let faults = 1
    a.store.fault = (operation) => (operation === 'swap' && faults-- > 0 ? 'after' : undefined)
    await w.after(100, a.manager.signOut())
    await w.clock.advance(2_000)
    expect(b.manager.state.status).toBe('signedOut')
    expect(revoked(w).sort()).toEqual(['at-1', 'rt-1'])
  })

  it('a sign-in right after is not undone by the sign-out that still tries', async () => {
    const w = world()
    const a = await w.signedIn()
    a.store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
    await w.after(100, a.manager.signOut())
    await w.after(
      100,
      a.manager.adopt({ accessToken: 'bob-at', refreshToken: 'bob-rt', expiresAt: w.clock.now() + 9e5 }),
    )
    await w.clock.advance(1_000)
    a.store.fault = () => undefined
    await w.clock.advance(20_000)
    expect((await w.after(100, a.manager.getAccessToken())).value).toBe('bob-at')
    expect(await w.record()).toMatchObject({ refreshToken: 'bob-rt' })
    expect(revoked(w)).not.toContain('bob-rt')
    expect(revoked(w)).toContain('rt-1')
  })
})

describe('a sign-out of which no message arrived', () => {
  it('no token is used later than confirmInterval after it', async () => {
    for (const confirmInterval of [5_000, 0, 1_000]) {
      const w = world()
      const options = { confirmInterval }
      const [a, b] = [await w.signedIn(options), await w.opened(options)]
      w.hub.mode = 'drop'
      const use = () => b.manager.fetch('https://api.example/').catch(() => {})
      for (let turn = 0; turn < 30; turn++) {
        void use()
        await w.clock.advance(100)
      }
      await w.after(0, a.manager.signOut())
      const signedOutAt = w.clock.now()
      for (let turn = 0; turn < 100; turn++) {
        void use()
        await w.clock.advance(100)
      }
      const late = w.server.calls.filter(({ at }) => at > signedOutAt + confirmInterval)
      expect([confirmInterval, late.length, w.server.calls.length > 25]).toEqual([confirmInterval, 0, true])
      expect(b.manager.state).toMatchObject({ status: 'signedOut', reason: 'signed_out_elsewhere' })
    }
  })

  it('REV-07 COO-12: a page that slept reads before it uses anything, even if a read was under way when it fell asleep', async () => {
    for (const wake of ['resume', 'visible', 'online'] as const) {
      const w = world()
      const [a, b] = [await w.signedIn(), await w.opened()]
      w.hub.mode = 'drop'
      await w.clock.advance(3_000)
      // In the background, beyond half the interval: it reads, and hangs with what it read.
      let open = () => {}
      const opened = new Promise<void>((resolve) => (open = resolve))
      const get = b.store.get
      b.store.get = async (key) => {
        b.store.get = get
        const stale = await get(key)
        await opened
        return stale
      }
      expect((await w.after(0, b.manager.getAccessToken())).value).toBe('at-1')
      await w.after(0, a.manager.signOut())
      if (wake === 'resume') b.lifecycle.resume()
      else if (wake === 'visible') b.lifecycle.setVisible(true)
      else b.lifecycle.setOnline(true)
      const token = b.manager.getAccessToken()
      token.catch(() => {})
      await w.settle()
      open()
      await expect(w.after(100, token)).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    }
  })
})

describe('local limits', () => {
  it('RT-16: maxAge ends the session, refreshes or not, in every context', async () => {
    for (const visible of [true, false]) {
      const w = world({ visible })
      const options = { limits: sessionLimits({ maxAge: 900_000 }) }
      const [a, b] = [await w.signedIn(options), await w.opened(options)]
      expect(a.manager.state).toMatchObject({ session: { maxAgeAt: w.clock.now() + 900_000 } })
      for (let turn = 0; turn < 14; turn++) {
        await w.clock.advance(60_000)
        await w.after(1_000, a.manager.getAccessToken())
      }
      expect(a.manager.state.status).toBe('signedIn')
      await w.clock.advance(60_000)
      for (const { manager } of [a, b]) expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'max_age' })
      await w.clock.advance(10_000)
      expect(revoked(w).length).toBeGreaterThan(0)
    }
  })

  it('idleTimeout ends the session after its last use in any context, and use in any context keeps it', async () => {
    const w = world()
    const options = { limits: sessionLimits({ idleTimeout: 100_000 }) }
    const [a, b] = [await w.signedIn(options), await w.opened(options)]
    w.hub.mode = 'drop'
    for (let turn = 0; turn < 25; turn++) {
      await w.clock.advance(10_000)
      await w.after(100, a.manager.getAccessToken())
    }
    for (const { manager } of [a, b]) expect(manager.state.status).toBe('signedIn')
    await w.clock.advance(89_000)
    expect(a.manager.state.status).toBe('signedIn')
    await w.clock.advance(22_000)
    for (const { manager } of [a, b]) expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'idle' })
    expect(revoked(w)[0]).toMatch(/^rt-/)
  })

  it('usedAt is written at most ten times an idleTimeout, and not at all without one', async () => {
    for (const idleTimeout of [100_000, undefined]) {
      const w = world()
      const { manager, store } = await w.signedIn(idleTimeout ? { limits: sessionLimits({ idleTimeout }) } : {})
      const before = store.count.swap
      for (let turn = 0; turn < 200; turn++) {
        await w.after(0, manager.getAccessToken())
        await w.clock.advance(500)
      }
      expect(store.count.swap - before).toBeLessThanOrEqual(idleTimeout ? 11 : 0)
    }
  })
})

describe('what came of the tokens', () => {
  const reports = async (w: World, contexts: readonly Context[]) => {
    const signedOut = await w.after(100, Promise.all(contexts.map(({ manager }) => manager.signOut())))
    return w.after(5_000, Promise.all(signedOut.map(({ revoked }) => revoked)))
  }
  const refusing = () => new Response('{"error":"invalid_client"}', { status: 401 })
  const unsupported = () => new Response('{"error":"unsupported_token_type"}', { status: 400 })
  const busy = () => new Response('', { status: 503 })

  it.each([
    ['revoked', () => undefined, 'revoked'],
    ['refused', refusing, 'failed'],
    ['not what the server does', unsupported, 'unsupported'],
    ['out of reach', busy, 'pending'],
  ])('REV-11: %s: every tab says so, whichever of them asked the server', async (_, answer, outcome) => {
    for (const lock of ['shared', 'none'] as const) {
      const w = world({ lock })
      const tabs = [await w.signedIn(), await w.opened(), await w.opened(), await w.opened()]
      w.server.onRevoke = answer
      expect(await reports(w, tabs)).toEqual(tabs.map(() => outcome))
    }
  })

  it('REV-11: a tab that finds the session signed out says what came of it then, and one opened later, too', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    w.server.onRevoke = refusing
    expect(await reports(w, [a])).toEqual(['failed'])
    w.server.onRevoke = () => undefined
    expect(await reports(w, [b])).toEqual(['failed'])
    expect(await reports(w, [await w.opened()])).toEqual(['failed'])
  })

  it('REV-11: an access token that the server does not know any more is no failure once the refresh token is revoked', async () => {
    const w = world()
    const a = await w.signedIn()
    // Better Auth ends both at once, and answers so to the second.
    const unknown = new Response('{"error":"invalid_request","error_description":"Invalid access token"}', {
      status: 400,
    })
    const answers = [undefined, unknown]
    w.server.onRevoke = () => answers.shift()
    expect(await reports(w, [a])).toEqual(['revoked'])
    expect(a.events.filter(({ type }) => type.startsWith('revo'))).toMatchObject([
      { type: 'revoked', kind: 'refresh_token' },
      { type: 'revocation_failed', kind: 'access_token', final: true },
    ])
  })

  it('REV-11: without a revocation endpoint no tab says revoked', async () => {
    const w = world()
    const { issuer } = w.server
    const options = { metadata: { issuer, token_endpoint: `${issuer}/token` } }
    const tabs = [await w.signedIn(options), await w.opened(options), await w.opened(options)]
    expect(await reports(w, tabs)).toEqual(['unsupported', 'unsupported', 'unsupported'])
    expect(tabs.flatMap(({ told }) => told.filter((type) => type === 'revoked'))).toEqual([])
  })

  it('REV-11: a sign-in in between takes the answer from nobody who waits for it', async () => {
    const w = world({ lock: 'none' })
    const { manager } = await w.signedIn()
    let open = () => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    w.server.onRevoke = async () => {
      await opened
      return refusing()
    }
    const { revoked: report } = await w.after(0, manager.signOut())
    await w.after(100, manager.adopt({ ...w.server.issue(), expiresAt: w.clock.now() + 300_000 }))
    open()
    expect(await w.after(1_000, report)).toBe('failed')
    expect(manager.state.status).toBe('signedIn')
  })

  it('REV-11: what the storage lost nobody knows', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    w.server.onRevoke = async () => {
      await w.write((record) => ({ ...record, outbox: [] }))
      return undefined
    }
    const report = await w.after(100, manager.signOut())
    expect(await w.after(1_000, report.revoked)).toBe('uncertain')
  })

  it('a refresh that was under way makes it uncertain for every tab', async () => {
    const w = world()
    const tabs = [await w.signedIn(), await w.opened()]
    await w.write((record) => ({ ...record, doubt: 'x' }))
    expect(await reports(w, tabs)).toEqual(['uncertain', 'uncertain'])
  })

  it('is remembered of eight grants, and no token with it', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    for (let round = 0; round < 10; round++) {
      await w.after(100, (await w.after(100, manager.signOut())).revoked)
      await w.after(100, manager.adopt({ ...w.server.issue(), expiresAt: w.clock.now() + 300_000 }))
    }
    const { revoked: remembered = {} } = (await w.record())!
    expect(Object.values(remembered)).toEqual(Array(8).fill({ refresh_token: 'revoked', access_token: 'revoked' }))
  })
})
