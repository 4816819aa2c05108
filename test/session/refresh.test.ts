import { describe, expect, it } from 'vitest'
import { targetKey } from '../../src/session/target-key.ts'
import { idToken, json } from '../support/simulated-server.ts'
import { type World, world } from '../support/world.ts'

/** The refresh tokens that were sent, in order. */
const sent = (w: World) => w.server.requests.map((request) => request.refreshToken)

/** A promise to be kept by hand. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { open, opened }
}

describe('refreshOnce: one at a time', () => {
  it('RT-03 COO-01: one token request for any number of callers in any number of contexts', async () => {
    for (const lock of ['shared', 'none', 'never'] as const) {
      const w = world({ lock })
      const first = await w.signedIn()
      const contexts = [first, ...(await Promise.all(Array.from({ length: 7 }, () => w.opened())))]
      await w.clock.advance(301_000)
      const calls = contexts.flatMap(({ manager }) => Array.from({ length: 25 }, () => manager.getAccessToken()))
      const values = new Set(
        (await w.after(lock === 'never' ? 20_000 : 1_000, Promise.all(calls))).map(({ value }) => value),
      )
      expect(values.size).toBe(1)
      expect(sent(w)).toEqual(['rt-1'])
      expect(w.server.reuse).toBe(0)
    }
  })

  it('RT-03: all callers share a failure too, and the next call may try again', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    await w.clock.advance(301_000)
    w.server.before = () => new Response('', { status: 503 })
    const calls = Promise.allSettled(Array.from({ length: 100 }, () => manager.getAccessToken()))
    const reasons = new Set((await w.after(1_000, calls)).map((one) => (one as PromiseRejectedResult).reason))
    expect(reasons.size).toBe(1)
    expect([...reasons][0]).toMatchObject({ code: 'ERR_TEMPORARILY_UNAVAILABLE', status: 503 })
    expect(w.server.requests).toHaveLength(1)
    w.server.before = () => {}
    await w.clock.advance(3_000)
    expect((await w.after(1_000, manager.getAccessToken())).value).toMatch(/^at-/)
  })

  it('COO-02: whoever waited behind another context adopts what it brought, and sends nothing', async () => {
    for (const lock of ['shared', 'none'] as const) {
      const w = world({ lock })
      const [a, b] = [await w.signedIn(), await w.opened()]
      await w.clock.advance(301_000)
      const open = w.hold()
      const both = Promise.all([a.manager.getAccessToken(), b.manager.getAccessToken()])
      await w.clock.advance(4_000)
      open()
      const [one, two] = await w.after(1_000, both)
      expect(one.value).toBe(two.value)
      expect(w.server.requests).toHaveLength(1)
      expect(b.told).toContain('waited')
    }
  })

  it('RT-04: two resources are refreshed one after the other, the second with what the first brought', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    await w.clock.advance(301_000)
    const both = Promise.all([
      manager.getAccessToken({ resource: 'https://x/' }),
      manager.getAccessToken({ resource: 'https://y/' }),
    ])
    const [x, y] = await w.after(1_000, both)
    expect(sent(w)).toEqual(['rt-1', 'rt-2'])
    expect(w.server.requests.map(({ params }) => params.get('resource'))).toEqual(['https://x/', 'https://y/'])
    expect([x.resource, y.resource]).toEqual(['https://x/', 'https://y/'])
    expect(w.server.overlap).toBe(1)
    expect(Object.keys((await w.record())!.accessTokens)).toHaveLength(2)
  })

  it('RT-05: a narrower token does not narrow the grant, and what the grant lacks is refused without a request', async () => {
    const w = world()
    const { manager } = await w.signedIn({ scope: 'read write' })
    await w.clock.advance(301_000)
    expect((await w.after(100, manager.getAccessToken({ scope: 'read' }))).scope).toBe('read')
    expect((await w.after(100, manager.getAccessToken({ scope: 'write' }))).scope).toBe('write')
    expect((await w.after(100, manager.getAccessToken())).scope).toBe('read write')
    expect(w.server.requests.map(({ params }) => params.get('scope'))).toEqual(['read', 'write', null])
    await expect(manager.getAccessToken({ scope: 'read admin' })).rejects.toMatchObject({
      ...{ code: 'ERR_STEP_UP_REQUIRED', reason: 'insufficient_scope', scope: 'admin' },
    })
    expect(w.server.requests).toHaveLength(3)
  })

  it('RT-16: what a server says about how long its refresh token lives ends nothing', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    const hints = { refresh_token_expires_in: 100, refresh_token_timeout: 100, authorization_expires_in: 100 }
    w.server.after = async (_, answer) => json({ ...(await answer.json()), ...hints })
    await w.after(100, manager.refresh())
    await w.clock.advance(400_000)
    await w.after(100, manager.getAccessToken())
    expect(sent(w)).toEqual(['rt-1', 'rt-2'])
    expect(manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
  })

  it('RT-01 RT-17: a rotating server gets the newest refresh token, one that does not rotate always the same', async () => {
    for (const rotate of [true, false]) {
      const w = world()
      const { manager } = await w.signedIn()
      w.server.rotate = rotate
      for (let turn = 0; turn < 4; turn++) {
        await w.clock.advance(301_000)
        await w.after(100, manager.getAccessToken())
      }
      expect(new Set(sent(w)).size).toBe(rotate ? sent(w).length : 1)
      expect(w.server.reuse).toBe(0)
      expect(w.server.requests.every(({ outcome }) => outcome === 'issued')).toBe(true)
    }
  })

  it('refresh() brings a new token although the present one is good, once for all who ask at once', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    const all = await w.after(
      1_000,
      Promise.all([a, a, b].map(({ manager }) => manager.refresh({ reason: 'password' }))),
    )
    expect(all.map(({ value }) => value)).toEqual(['at-2', 'at-2', 'at-2'])
    expect(w.server.requests).toHaveLength(1)
    expect(a.events.find(({ type }) => type === 'refreshed')).toMatchObject({
      reason: 'password',
      attempt: 1,
      generation: 2,
    })
    expect((await w.after(1_000, a.manager.refresh())).value).toBe('at-3')
  })
})

describe('refreshOnce: locks that do not come', () => {
  it('COO-04: with the lock held by a frozen page the others go on without it, within its bound', async () => {
    const w = world({ lock: 'never' })
    const { manager } = await w.signedIn()
    await w.clock.advance(301_000)
    const token = manager.getAccessToken()
    await w.clock.advance(2_900)
    expect(w.server.requests).toHaveLength(0)
    expect((await w.after(400, token)).value).toBe('at-2')
  })

  it('COO-04: with the lock held for ever, what another context commits is taken at once', async () => {
    const w = world({ lock: 'never' })
    const { manager } = await w.signedIn()
    await w.clock.advance(301_000)
    const token = manager.getAccessToken()
    await w.clock.advance(500)
    const accessTokens = {
      [targetKey({})]: {
        value: 'at-9',
        type: 'Bearer',
        obtainedAt: w.clock.now(),
        expiresAt: w.clock.now() + 9e5,
        scope: 'notes',
      },
    }
    await w.write((record) => ({ ...record, generation: 2, refreshToken: 'rt-9', accessTokens }))
    expect((await w.after(300, token)).value).toBe('at-9')
    expect(w.server.requests).toHaveLength(0)
  })

  it('a still valid token never waits for a lock', async () => {
    const w = world({ lock: 'never' })
    const { manager } = await w.signedIn()
    await w.clock.advance(280_000)
    expect((await w.after(0, manager.getAccessToken())).value).toBe('at-1')
  })

  it('COO-05: a page frozen while it holds lock and lease, not having sent, sends nothing when it thaws', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    await w.clock.advance(301_000)
    // The first read confirms the session, the second one is made under the lock.
    a.store.delay = async () => void (a.store.count.get > reads + 1 && a.freeze())
    const reads = a.store.count.get
    const frozen = a.manager.getAccessToken()
    await w.settle()
    a.store.delay = async () => {}
    expect((await w.record())?.lease).toBeUndefined()
    const token = await w.after(20_000, b.manager.getAccessToken())
    expect(token.value).toBe('at-2')
    a.thaw()
    expect((await w.after(1_000, frozen)).value).toBe('at-2')
    expect(sent(w)).toEqual(['rt-1'])
  })

  it('a page frozen after its claim was written, not having sent, is waited for, then taken over; it sends nothing', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    await w.clock.advance(301_000)
    const { open, opened } = gate()
    const swap = a.store.swap
    a.store.swap = async (...args) => {
      const done = await swap(...args)
      await opened
      return done
    }
    const slept = a.manager.getAccessToken()
    await w.settle()
    expect((await w.record())?.lease).toMatchObject({ locked: true, beat: 0 })
    const token = b.manager.getAccessToken()
    await w.clock.advance(12_000)
    expect(w.server.requests).toHaveLength(0)
    expect((await w.after(5_000, token)).value).toBe('at-2')
    a.store.swap = swap
    open()
    expect((await w.after(1_000, slept)).value).toBe('at-2')
    expect(sent(w)).toEqual(['rt-1'])
  })
})

describe('refreshOnce: leases', () => {
  it('a lease taken under the lock we now hold is dead at once; its refresh token is in doubt, and waited for', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    await w.clock.advance(301_000)
    w.server.before = () => new Promise(() => {})
    void a.manager.getAccessToken()
    await w.settle()
    a.crash()
    w.server.before = () => {}
    const token = b.manager.getAccessToken()
    await w.clock.advance(900)
    expect(w.server.requests).toHaveLength(1)
    expect((await w.record())?.doubt).toBeDefined()
    expect((await w.after(400, token)).value).toBe('at-2')
    expect(sent(w)).toEqual(['rt-1', 'rt-1'])
    expect((await w.record())?.lease).toBeUndefined()
  })

  it('RT-11: any other lease is dead when nothing about it changed for the lease time on our own clock', async () => {
    const w = world({ lock: 'none' })
    const [a, b] = [await w.signedIn(), await w.opened()]
    await w.clock.advance(301_000)
    w.server.before = () => new Promise(() => {})
    void a.manager.getAccessToken()
    await w.settle()
    a.crash()
    w.server.before = () => {}
    const token = b.manager.getAccessToken()
    await w.clock.advance(13_000)
    expect(w.server.requests).toHaveLength(1)
    expect((await w.after(1_500, token)).value).toBe('at-2')
  })

  it('COO-05: a look at the storage that took longer than a message sends nothing', async () => {
    const w = world({ lock: 'none' })
    const [a, b] = [await w.signedIn(), await w.opened()]
    await w.clock.advance(301_000)
    const answer = w.hold()
    void a.manager.getAccessToken()
    await w.settle()
    a.freeze()
    const token = b.manager.getAccessToken()
    const { get } = b.store
    b.store.get = async (key) => {
      const seen = await get(key)
      const isTakenOver = Boolean((await w.record())?.doubt)
      if (!isTakenOver) return seen

      // Its last look before it sends: what that brings is over by the time it is there.
      b.store.get = get
      a.thaw()
      answer()
      await w.settle()
      return seen
    }
    await w.clock.advance(14_000)
    expect((await w.after(3_000, token)).value).toBe('at-2')
    expect(sent(w)).toEqual(['rt-1'])
    expect(w.server.reuse).toBe(0)
  })

  it('to hold the lock says nothing about a lease that was taken without it', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    await w.clock.advance(301_000)
    await w.write((record) => ({ ...record, lease: { owner: 'x', beat: 0, locked: false } }))
    const token = manager.getAccessToken()
    await w.clock.advance(12_500)
    expect(w.server.requests).toHaveLength(0)
    expect((await w.after(2_000, token)).value).toBe('at-2')
  })

  it('a lease whose beat moves is alive, and who waits for it too long is told to come back', async () => {
    const w = world({ lock: 'none' })
    const { manager } = await w.signedIn()
    await w.clock.advance(301_000)
    await w.write((record) => ({ ...record, lease: { owner: 'x', beat: 0, locked: false } }))
    const token = manager.getAccessToken()
    token.catch(() => {})
    for (let beat = 1; beat < 8; beat++) {
      await w.clock.advance(7_000)
      await w.write((record) => ({ ...record, lease: { owner: 'x', beat, locked: false } }))
    }
    await expect(w.after(1_000, token)).rejects.toMatchObject({
      code: 'ERR_TEMPORARILY_UNAVAILABLE',
      reason: 'coordination_timeout',
    })
    expect(w.server.requests).toHaveLength(0)
  })

  it('every call settles even when the lock never comes and a lease never dies', async () => {
    const w = world({ lock: 'never' })
    const { manager } = await w.signedIn()
    await w.clock.advance(301_000)
    const token = manager.getAccessToken()
    token.catch(() => {})
    for (let beat = 0; beat < 16; beat++) {
      await w.write((record) => ({ ...record, lease: { owner: 'x', beat, locked: false } }))
      await w.clock.advance(7_000)
    }
    await expect(w.after(0, token)).rejects.toMatchObject({ reason: 'coordination_timeout' })
  })

  it('a claim that was lost to another context sends nothing until that one is done', async () => {
    const w = world({ lock: 'none' })
    const { manager, store } = await w.signedIn()
    await w.clock.advance(301_000)
    const swap = store.swap
    store.swap = async (...args) => {
      store.swap = swap
      await w.write((record) => ({ ...record, lease: { owner: 'x', beat: 0, locked: false } }))
      return swap(...args)
    }
    const token = manager.getAccessToken()
    await w.clock.advance(10_000)
    expect(w.server.requests).toHaveLength(0)
    await w.after(8_000, token)
    expect(sent(w)).toEqual(['rt-1'])
  })

  it('after a sleep between claim and wire nothing is sent on that claim, on whichever clock the sleep shows', async () => {
    for (const sleep of ['both', 'wall'] as const) {
      const w = world()
      const { manager, store } = await w.signedIn({
        metadata: { issuer: w.server.issuer, token_endpoint: `${w.server.issuer}/token` },
      })
      await w.clock.advance(301_000)
      const { open, opened } = gate()
      const owners: unknown[] = []
      const swap = store.swap
      store.swap = async (...args) => {
        store.swap = swap
        const done = await swap(...args)
        owners.push((await w.record())?.lease?.owner)
        await opened
        return done
      }
      w.server.before = async () => void owners.push((await w.record())?.lease?.owner)
      const token = manager.getAccessToken()
      await w.settle()
      if (sleep === 'wall') w.clock.jump(6_000)
      else await w.clock.advance(6_000)
      open()
      expect((await w.after(2_000, token)).value).toBe('at-2')
      // The one that was sent stands on a claim of its own.
      expect(new Set(owners).size).toBe(2)
      expect((await w.record())?.doubt).toBeUndefined()
      expect(w.server.requests).toHaveLength(1)
    }
  })

  it('who always sleeps before the wire gives up, gives the lease back, and is told to come back', async () => {
    const w = world()
    const { manager, store, told } = await w.signedIn()
    await w.clock.advance(301_000)
    const before = await w.record()
    const swap = store.swap
    store.swap = async (...args) => {
      const done = await swap(...args)
      w.clock.jump(6_000)
      return done
    }
    await expect(w.after(2_000, manager.getAccessToken())).rejects.toMatchObject({
      ...{ code: 'ERR_TEMPORARILY_UNAVAILABLE', reason: 'coordination_timeout' },
    })
    expect(w.server.requests).toHaveLength(0)
    expect(await w.record()).toEqual({ ...before, lease: undefined })
    expect(told).not.toContain('storage_corrupt')
  })
})

describe('refreshOnce: commits', () => {
  it('COO-03: nobody hears of new tokens, and nobody gets one, before they are stored', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    await w.clock.advance(301_000)
    w.hub.mode = 'deliver'
    const before = w.hub.posted.length
    const { open, opened } = gate()
    a.store.delay = async (operation) => {
      if (operation === 'swap' && w.server.requests.length) await opened
    }
    let got = 0
    const calls = [a, b].map(({ manager }) => manager.getAccessToken().then(() => got++))
    await w.clock.advance(500)
    expect(w.server.requests).toHaveLength(1)
    expect([got, w.hub.posted.length, a.told.includes('refreshed')]).toEqual([0, before, false])
    open()
    await w.after(500, Promise.all(calls))
    expect(got).toBe(2)
    expect(w.hub.posted.length).toBe(before + 1)
  })

  it('COO-06: a late writer leaves a newer generation alone, revokes nothing, and takes what is there', async () => {
    const w = world({ lock: 'none' })
    const { manager } = await w.signedIn()
    await w.clock.advance(301_000)
    const now = w.clock.now()
    const accessTokens = {
      [targetKey({})]: { value: 'at-9', type: 'Bearer', obtainedAt: now, expiresAt: now + 9e5, scope: 'notes' },
    }
    w.server.after = async (_, answer) => {
      await w.write((record) => ({ ...record, generation: 2, refreshToken: 'rt-9', accessTokens }))
      return answer
    }
    expect((await w.after(1_000, manager.getAccessToken())).value).toBe('at-9')
    await w.clock.advance(10_000)
    expect(await w.record()).toMatchObject({ generation: 2, refreshToken: 'rt-9', outbox: [] })
    expect((await w.record())?.lease).toBeUndefined()
    expect(w.server.revoked).toEqual([])
  })

  it('COO-06: where the newer generation has no token for this resource, it is fetched with the newer refresh token', async () => {
    const w = world({ lock: 'none' })
    const { manager } = await w.signedIn()
    const other = w.server.issue()
    let first = true
    w.server.after = async (_, answer) => {
      if (first) await w.write((record) => ({ ...record, generation: 2, refreshToken: other.refreshToken }))
      first = false
      return answer
    }
    const token = await w.after(2_000, manager.getAccessToken({ resource: 'https://x/' }))
    expect(token.resource).toBe('https://x/')
    expect(sent(w)).toEqual(['rt-1', other.refreshToken])
  })

  it('a commit leaves the lease of another claim, which is released by its owner', async () => {
    const w = world({ lock: 'none' })
    const [a, b] = [await w.signedIn(), await w.opened()]
    await w.clock.advance(301_000)
    const { open, opened } = gate()
    const swap = a.store.swap
    let held = false
    a.store.swap = async (...args) => {
      if (w.server.requests.length) held = true
      if (held) await opened
      return swap(...args)
    }
    const slow = a.manager.getAccessToken()
    await w.clock.advance(1)
    expect(held).toBe(true)
    const taking = b.manager.getAccessToken()
    // B finds the lease dead, claims, and waits its second; in that second A commits.
    await w.clock.advance(13_300)
    expect((await w.record())?.doubt).toBeDefined()
    open()
    expect((await w.after(0, slow)).value).toBe('at-2')
    expect((await w.after(1_500, taking)).value).toBe('at-2')
    expect(w.server.requests).toHaveLength(1)
    expect((await w.record())?.lease).toBeUndefined()
  })

  it('RT-18: signed out meanwhile, the new tokens go into the outbox and are revoked; nothing comes back', async () => {
    for (const where of ['here', 'elsewhere'] as const) {
      const w = world()
      const [a, b] = [await w.signedIn(), await w.opened()]
      await w.clock.advance(301_000)
      const open = w.hold()
      const token = a.manager.getAccessToken()
      token.catch(() => {})
      await w.clock.advance(100)
      const report = await w.after(100, (where === 'here' ? a : b).manager.signOut())
      expect(report.local).toBe('removed')
      open()
      await expect(w.after(3_000, token)).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
      await w.clock.advance(3_000)
      expect(w.server.revoked.map(({ token }) => token)).toEqual(expect.arrayContaining(['rt-1', 'rt-2', 'at-2']))
      for (const { manager } of [a, b]) expect(manager.state.status).toBe('signedOut')
      expect(await w.record()).toMatchObject({ signedOut: {}, outbox: [] })
      expect(await report.revoked).toBe('uncertain')
    }
  })

  it.each([
    ['same person', 'alice', false, []],
    ['same person, with revokeReplaced', 'alice', true, ['at-1', 'at-2', 'rt-1', 'rt-2']],
    ['another person', 'bob', false, ['at-1', 'at-2', 'rt-1', 'rt-2']],
  ])(
    'a sign-in of the %s meanwhile: nobody gets the late tokens of the old grant',
    async (_, subject, revokeReplaced, revoked) => {
      const w = world()
      const { manager } = w.context({ revokeReplaced })
      const person = (sub: string) =>
        idToken({ iss: w.server.issuer, aud: 'spa', sub, iat: w.clock.now() / 1000, exp: 9e9 })
      await w.after(100, manager.adopt({ ...w.server.issue(), idToken: person('alice') }))
      const open = w.hold()
      const token = manager.refresh()
      token.catch(() => {})
      await w.clock.advance(100)
      const next = { accessToken: 'next-at', refreshToken: 'next-rt', idToken: person(subject) }
      await w.after(100, manager.adopt(next))
      open()
      const told = await w.after(
        1_000,
        token.then(
          ({ value }) => value,
          ({ code }) => code,
        ),
      )
      // The same person's call goes on in the new session.
      expect(told).toBe(subject === 'alice' ? 'next-at' : 'ERR_SIGNED_OUT')
      await w.clock.advance(3_000)
      expect(w.server.revoked.map(({ token }) => token).sort()).toEqual(revoked)
      expect((await w.after(0, manager.getAccessToken())).value).toBe('next-at')
    },
  )

  it('RT-18: signed out and in again meanwhile: the late tokens are of what was signed out, and are revoked', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    const open = w.hold()
    const token = manager.refresh()
    token.catch(() => {})
    await w.clock.advance(100)
    await w.after(100, manager.signOut())
    await w.after(100, manager.adopt({ accessToken: 'next-at', refreshToken: 'next-rt' }))
    open()
    await expect(w.after(1_000, token)).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    await w.clock.advance(3_000)
    expect(w.server.revoked.map(({ token }) => token)).toEqual(['rt-1', 'at-1', 'rt-2', 'at-2'])
    expect(manager.state.status).toBe('signedIn')
  })

  it('COO-07: listeners run outside: they may refresh, and throw, and nobody waits for them', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    const inside: unknown[] = []
    const listen = async () => {
      inside.push((await manager.getAccessToken()).value)
      if (inside.length === 1) inside.push((await manager.refresh()).value)
      await new Promise(() => {})
    }
    manager.on('refreshed', () => void listen())
    manager.on('refreshing', () => {
      throw new Error('of a listener')
    })
    let first = true
    manager.subscribe(() => {
      if (!first) throw new Error('of a subscriber')
      first = false
    })
    expect((await w.after(1_000, manager.refresh())).value).toBe('at-2')
    await w.clock.advance(1_000)
    expect(inside.slice(0, 2)).toEqual(['at-2', 'at-3'])
  })

  it('a back-off after a failed discovery: nothing is claimed, and others are not kept waiting', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    await w.clock.advance(301_000)
    w.server.onDiscovery = () => json({}, 500)
    const swaps = await w.record()
    await expect(w.after(1_000, manager.getAccessToken())).rejects.toMatchObject({
      code: 'ERR_TEMPORARILY_UNAVAILABLE',
    })
    expect((await w.record())?.lease).toBeUndefined()
    expect(swaps?.generation).toBe(1)
    w.server.onDiscovery = () => {}
    expect((await w.after(2_000, manager.getAccessToken())).value).toBe('at-2')
  })
})
