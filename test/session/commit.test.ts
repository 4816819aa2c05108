import { describe, expect, it } from 'vitest'
import { targetKey } from '../../src/session/target-key.ts'
import { idToken, json } from '../support/simulated-server.ts'
import { type Context, type World, world } from '../support/world.ts'

const sent = (w: World) => w.server.requests.map((request) => request.refreshToken)
const lost = () => {
  throw new TypeError('fetch failed')
}

/** A signed-in context whose access token has expired. */
async function expired(w: World, options?: Parameters<World['signedIn']>[0]): Promise<Context> {
  const context = await w.signedIn(options)
  await w.clock.advance(301_000)
  return context
}

describe('only invalid_grant ends a grant', () => {
  it('RT-02: no other refusal, fault or nonsense does', async () => {
    const table: [string, () => Response | never, string][] = [
      ['400 invalid_request', () => json({ error: 'invalid_request' }, 400), 'ERR_CLIENT_REJECTED'],
      ['401 invalid_client', () => json({ error: 'invalid_client' }, 401), 'ERR_CLIENT_REJECTED'],
      ['400 unauthorized_client', () => json({ error: 'unauthorized_client' }, 400), 'ERR_CLIENT_REJECTED'],
      ['400 invalid_scope', () => json({ error: 'invalid_scope' }, 400), 'ERR_CLIENT_REJECTED'],
      ['400 invalid_target', () => json({ error: 'invalid_target' }, 400), 'ERR_CLIENT_REJECTED'],
      ['400 use_dpop_nonce', () => json({ error: 'use_dpop_nonce' }, 400), 'ERR_CLIENT_REJECTED'],
      ['400 invalid_dpop_proof', () => json({ error: 'invalid_dpop_proof' }, 400), 'ERR_CLIENT_REJECTED'],
      ['400 of html', () => new Response('<h1>Bad</h1>', { status: 400 }), 'ERR_TEMPORARILY_UNAVAILABLE'],
      ['400 empty', () => new Response('', { status: 400 }), 'ERR_TEMPORARILY_UNAVAILABLE'],
      ['403', () => new Response('', { status: 403 }), 'ERR_TEMPORARILY_UNAVAILABLE'],
      ['408', () => new Response('', { status: 408 }), 'ERR_TEMPORARILY_UNAVAILABLE'],
      ['429', () => json({ error: 'invalid_grant' }, 429), 'ERR_TEMPORARILY_UNAVAILABLE'],
      ['500', () => new Response('', { status: 500 }), 'ERR_TEMPORARILY_UNAVAILABLE'],
      ['503 of json', () => json({ error: 'invalid_grant' }, 503), 'ERR_TEMPORARILY_UNAVAILABLE'],
      [
        '302',
        () => new Response('', { status: 302, headers: { location: 'https://evil.example' } }),
        'ERR_TEMPORARILY_UNAVAILABLE',
      ],
      ['200 of html', () => new Response('<h1>Log in to the wifi</h1>'), 'ERR_TEMPORARILY_UNAVAILABLE'],
      ['200 bad json', () => new Response('{"access_token":'), 'ERR_TEMPORARILY_UNAVAILABLE'],
      ['200 without a token', () => json({ token_type: 'Bearer' }), 'ERR_RESPONSE_INVALID'],
      ['200 of another type', () => json({ access_token: 'x', token_type: 'mac' }), 'ERR_RESPONSE_INVALID'],
    ]
    for (const [name, answer, code] of table) {
      const w = world()
      const { manager, told } = await expired(w)
      w.server.before = answer
      await expect(w.after(5_000, manager.getAccessToken()), name).rejects.toMatchObject({ code })
      expect([name, manager.state.status, (await w.record())?.refreshToken]).toEqual([name, 'signedIn', 'rt-1'])
      expect(manager.state).toMatchObject({ health: 'suspended', cause: { code } })
      expect((await w.record())?.lease).toBeUndefined()
      expect(told).not.toContain('signed_out')
      w.server.before = () => {}
      await w.clock.advance(3_000)
      expect((await w.after(100, manager.getAccessToken())).value).toBe('at-2')
      expect(manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
    }
  })

  it('RT-13: invalid_grant ends the session once, everywhere, with one event a context and no further request', async () => {
    const w = world()
    const [a, b] = [await expired(w), await w.opened()]
    w.server.revokeAll()
    const calls = [a, a, b, b].map(({ manager }) => manager.getAccessToken())
    const all = await w.after(1_000, Promise.allSettled(calls))
    for (const one of all)
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'ERR_SIGNED_OUT', reason: 'rejected' } })
    await w.clock.advance(60_000)
    for (const { manager, told } of [a, b]) {
      expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'rejected' })
      expect(told.filter((type) => type === 'signed_out')).toHaveLength(1)
      await expect(manager.getAccessToken()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'rejected' })
    }
    expect(w.server.requests).toHaveLength(1)
    expect(await w.record()).toMatchObject({ signedOut: { reason: 'rejected' }, accessTokens: {}, outbox: [] })
    expect((await w.record())?.refreshToken).toBeUndefined()
  })

  it('RT-14: invalid_grant for a refresh token that is no longer the stored one is no end', async () => {
    const w = world({ lock: 'none' })
    const { manager, told } = await expired(w)
    const now = w.clock.now()
    const accessTokens = {
      [targetKey({})]: { value: 'at-9', type: 'Bearer', obtainedAt: now, expiresAt: now + 9e5, scope: 'notes' },
    }
    w.server.before = async () => {
      await w.write((record) => ({ ...record, generation: 2, refreshToken: 'rt-9', accessTokens }))
      return json({ error: 'invalid_grant' }, 400)
    }
    expect((await w.after(1_000, manager.getAccessToken())).value).toBe('at-9')
    expect(manager.state.status).toBe('signedIn')
    expect(told).not.toContain('signed_out')
  })

  it("RT-14: invalid_grant while another claim stands waits for that one's answer", async () => {
    const w = world({ lock: 'none' })
    const { manager } = await expired(w)
    w.server.before = async () => {
      await w.write((record) => ({ ...record, lease: { owner: 'x', beat: 0, locked: false } }))
      return json({ error: 'invalid_grant' }, 400)
    }
    const token = manager.getAccessToken()
    await w.clock.advance(5_000)
    expect(manager.state.status).toBe('signedIn')
    const now = w.clock.now()
    const accessTokens = {
      [targetKey({})]: { value: 'at-9', type: 'Bearer', obtainedAt: now, expiresAt: now + 9e5, scope: 'notes' },
    }
    await w.write((record) => ({ ...record, lease: undefined, generation: 2, accessTokens }))
    expect((await w.after(300, token)).value).toBe('at-9')
    expect(w.server.requests).toHaveLength(1)
  })
})

describe('an answer that was lost', () => {
  it('RT-10: one retry after a back-off, on a raised beat, never two at once; a server with grace loses nothing', async () => {
    const w = world()
    const { manager, events } = await expired(w)
    const beats: (number | undefined)[] = []
    const times: number[] = []
    w.server.before = async () => {
      beats.push((await w.record())?.lease?.beat)
      times.push(w.clock.elapsed())
      if (beats.length === 1) lost()
    }
    expect((await w.after(3_000, manager.getAccessToken())).value).toBe('at-2')
    expect(beats).toEqual([0, 1])
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(1_000)
    expect(times[1]! - times[0]!).toBeLessThanOrEqual(2_000)
    expect(w.server.overlap).toBe(1)
    expect(events.find(({ type }) => type === 'refreshed')).toMatchObject({ attempt: 2 })
    // The first request may still arrive, so the doubt stays for now.
    expect((await w.record())?.doubt).toBeDefined()
  })

  it('RT-10: a server that hangs is given up after the limit, and asked again only then', async () => {
    const w = world()
    const { manager } = await expired(w)
    w.server.before = () => (w.server.requests.length === 1 ? new Promise(() => {}) : undefined)
    const token = manager.getAccessToken()
    await w.clock.advance(10_900)
    expect(w.server.requests).toHaveLength(1)
    expect((await w.after(1_200, token)).value).toBe('at-2')
  })

  it('RT-10: two lost answers are a failure with doubt, not an end; no third request before the back-off', async () => {
    const w = world()
    const { manager } = await expired(w)
    w.server.before = lost
    await expect(w.after(2_050, manager.getAccessToken())).rejects.toMatchObject({ reason: 'network_unavailable' })
    expect(w.server.requests).toHaveLength(2)
    expect(manager.state).toMatchObject({ status: 'signedIn', health: 'suspended' })
    const record = await w.record()
    expect([record?.lease, typeof record?.doubt]).toEqual([undefined, 'string'])
    await expect(w.after(0, manager.getAccessToken())).rejects.toMatchObject({ reason: 'network_unavailable' })
    expect(w.server.requests).toHaveLength(2)
  })

  it('RT-10: it is not sent again when another claim was made meanwhile', async () => {
    const w = world({ lock: 'none' })
    const { manager } = await expired(w)
    w.server.before = async () => {
      await w.write((record) => ({ ...record, lease: { owner: 'x', beat: 0, locked: false } }))
      lost()
    }
    const token = manager.getAccessToken()
    token.catch(() => {})
    await w.clock.advance(10_000)
    expect(w.server.requests).toHaveLength(1)
    w.server.before = () => {}
    expect((await w.after(8_000, token)).value).toBe('at-2')
  })

  it('RT-10: a strict server that had processed it leaves the outcome unknown: the access token is used up, then the session ends', async () => {
    const w = world()
    const { manager, told } = await w.signedIn()
    await w.clock.advance(260_000)
    w.server.after = (_, answer) => (w.server.requests.length === 1 ? lost() : answer)
    await expect(w.after(3_000, manager.refresh())).rejects.toMatchObject({
      code: 'ERR_SIGNED_OUT',
      reason: 'outcome_unknown',
    })
    expect(sent(w)).toEqual(['rt-1', 'rt-1'])
    expect(manager.state).toMatchObject({ status: 'signedIn', health: 'sign_in_suggested' })
    expect((await w.after(0, manager.getAccessToken())).value).toBe('at-1')
    const record = await w.record()
    expect([record?.refreshToken, record?.generation, record?.lease]).toEqual([undefined, 1, undefined])
    await w.clock.advance(40_000)
    await expect(w.after(1_000, manager.getAccessToken())).rejects.toMatchObject({
      code: 'ERR_SIGNED_OUT',
      reason: 'outcome_unknown',
    })
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'outcome_unknown' })
    expect(w.server.requests).toHaveLength(2)
    expect(told.filter((type) => type === 'signed_out')).toHaveLength(1)
  })

  it('after an unknown outcome nobody asked about, the session still ends when its access token does', async () => {
    const w = world({ visible: true })
    const { manager } = await w.signedIn({ refresh: { leeway: 0 } })
    await w.clock.advance(200_000)
    w.server.after = (_, answer) => (w.server.requests.length === 1 ? lost() : answer)
    await expect(w.after(3_000, manager.refresh())).rejects.toMatchObject({ reason: 'outcome_unknown' })
    await w.clock.advance(90_000)
    expect(manager.state).toMatchObject({ status: 'signedIn' })
    await w.clock.advance(10_000)
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'outcome_unknown' })
  })

  it('an unknown outcome does not end a session that still has an access token, whichever target asks', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    w.server.after = (_, answer) => (w.server.requests.length === 1 ? lost() : answer)
    await expect(w.after(3_000, manager.getAccessToken({ resource: 'https://x/' }))).rejects.toMatchObject({
      reason: 'outcome_unknown',
    })
    expect(manager.state).toMatchObject({ status: 'signedIn', health: 'sign_in_suggested' })
    expect((await w.after(0, manager.getAccessToken())).value).toBe('at-1')
  })

  it('a late commit of the one whose answer was slow revives what another found of unknown outcome', async () => {
    const w = world({ lock: 'none' })
    const [a, b] = [await w.signedIn(), await w.opened()]
    await w.clock.advance(200_000)
    let open = () => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    const swap = a.store.swap
    a.store.swap = async (...args) => {
      if (w.server.requests.length) await opened
      return swap(...args)
    }
    const slow = a.manager.refresh()
    await w.clock.advance(100)
    await expect(w.after(17_000, b.manager.refresh())).rejects.toMatchObject({ reason: 'outcome_unknown' })
    expect(sent(w)).toEqual(['rt-1', 'rt-1'])
    expect(b.manager.state).toMatchObject({ status: 'signedIn', health: 'sign_in_suggested' })
    open()
    expect((await w.after(1_000, slow)).value).toBe('at-2')
    expect(await w.record()).toMatchObject({ generation: 2, refreshToken: 'rt-2' })
    expect(b.manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
  })

  it('RT-13: doubt goes when a refresh succeeded that began more than the request limit later, and not before', async () => {
    const w = world()
    const { manager } = await expired(w)
    w.server.before = () => void (w.server.requests.length === 1 && lost())
    await w.after(3_000, manager.getAccessToken())
    expect((await w.record())?.doubt).toBeDefined()
    await w.clock.advance(5_000)
    await w.after(100, manager.refresh())
    expect((await w.record())?.doubt).toBeDefined()
    await w.clock.advance(10_000)
    await w.after(100, manager.refresh())
    expect((await w.record())?.doubt).toBeUndefined()
  })

  it('the network that goes while the answer is on its way leaves doubt; one that was not there leaves none', async () => {
    const w = world()
    const { manager, lifecycle } = await expired(w)
    lifecycle.setOnline(false)
    w.server.before = lost
    await expect(w.after(3_000, manager.getAccessToken())).rejects.toMatchObject({ reason: 'network_unavailable' })
    expect((await w.record())?.doubt).toBeUndefined()
    expect((await w.record())?.failure).toBeUndefined()
    expect(w.server.requests).toHaveLength(1)
    lifecycle.setOnline(true)
    w.server.before = () => {
      lifecycle.setOnline(false)
      lost()
    }
    await expect(w.after(3_000, manager.getAccessToken())).rejects.toMatchObject({ reason: 'network_unavailable' })
    expect((await w.record())?.doubt).toBeDefined()
    expect(manager.state.status).toBe('signedIn')
  })

  it('an unusable success without a new refresh token is as good as lost; with one, that one is kept', async () => {
    const w = world()
    const { manager } = await expired(w)
    const record = async () => (await w.record())!
    w.server.before = () => json({ access_token: 'a b', token_type: 'Bearer', refresh_token: 'rt-kept' })
    await expect(w.after(100, manager.getAccessToken())).rejects.toMatchObject({ code: 'ERR_RESPONSE_INVALID' })
    expect(await record()).toMatchObject({ refreshToken: 'rt-kept', generation: 2, failure: { attempts: 1 } })
    expect((await record()).doubt).toBeUndefined()
    await w.clock.advance(3_000)
    w.server.before = () => json({ access_token: '', token_type: 'Bearer' })
    await expect(w.after(100, manager.getAccessToken())).rejects.toMatchObject({ code: 'ERR_RESPONSE_INVALID' })
    expect(await record()).toMatchObject({
      refreshToken: 'rt-kept',
      failure: { attempts: 2 },
      doubt: expect.any(String),
    })
  })
})

describe('who answered', () => {
  const signedInAs = async (w: World, subject: string) => {
    w.server.subject = subject
    const { accessToken, refreshToken } = w.server.issue()
    const context = w.context()
    const now = Math.floor(w.clock.now() / 1000)
    const claims = { iss: w.server.issuer, aud: 'spa', sub: subject, iat: now, exp: now + 600 }
    await context.manager.adopt({
      accessToken,
      refreshToken,
      idToken: idToken(claims),
      expiresAt: w.clock.now() + 300_000,
    })
    return context
  }

  it('RT-06: another person ends the session, stores nothing of the answer, and revokes old and new tokens', async () => {
    const w = world()
    const [a, b] = [await signedInAs(w, 'alice'), await w.opened()]
    await w.clock.advance(301_000)
    w.server.subject = 'bob'
    await expect(w.after(1_000, a.manager.getAccessToken())).rejects.toMatchObject({
      code: 'ERR_SIGNED_OUT',
      reason: 'user_changed',
    })
    await w.clock.advance(1_000)
    for (const { manager } of [a, b])
      expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'user_changed' })
    expect(w.server.revoked.map(({ token }) => token)).toEqual(['rt-2', 'rt-1'])
    expect(await w.record()).toMatchObject({ outbox: [], accessTokens: {} })
  })

  it('RT-06: what came for another person is revoked too when the person had signed out meanwhile', async () => {
    const w = world()
    const a = await signedInAs(w, 'alice')
    await w.clock.advance(301_000)
    w.server.subject = 'bob'
    const open = w.hold()
    const call = Promise.allSettled([a.manager.getAccessToken()])
    await w.clock.advance(100)
    await w.after(1_000, a.manager.signOut())
    open()
    await w.after(1_000, call)
    await w.clock.advance(1_000)
    expect(w.server.revoked.map(({ token }) => token)).toContain('rt-2')
  })

  it('RT-06: another person ends the session although the storage refuses, and both are revoked when it does not', async () => {
    const w = world()
    const { manager, store } = await signedInAs(w, 'alice')
    await w.clock.advance(301_000)
    w.server.subject = 'bob'
    w.server.after = (_, answer) => {
      store.fault = () => 'before'
      return answer
    }
    await expect(w.after(1_000, manager.getAccessToken())).rejects.toMatchObject({ reason: 'user_changed' })
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'user_changed' })
    expect(w.server.revoked).toEqual([])
    store.fault = () => undefined
    await w.clock.advance(5_000)
    expect(await w.record()).toMatchObject({ signedOut: { reason: 'user_changed' }, outbox: [] })
    expect(w.server.revoked.map(({ token }) => token)).toEqual(['rt-2', 'rt-1'])
  })

  it('RT-06: what a later ID token does not say again is kept, and what it says anew is taken', async () => {
    const w = world()
    const { manager } = await signedInAs(w, 'alice')
    w.server.claims = { email: 'alice@example.com', acr: 'bronze' }
    await w.after(100, manager.refresh())
    w.server.claims = { acr: 'gold' }
    await w.after(100, manager.refresh())
    expect(manager.state).toMatchObject({
      session: { claims: { sub: 'alice', email: 'alice@example.com', acr: 'gold' } },
    })
  })

  it('RT-06: an answer without an ID token keeps the old one', async () => {
    const w = world()
    const { manager } = await signedInAs(w, 'alice')
    const { idToken: before } = (await w.record())!
    w.server.subject = undefined
    await w.after(100, manager.refresh())
    expect((await w.record())!.idToken).toBe(before)
    expect(manager.state).toMatchObject({ session: { subject: 'alice' } })
  })
})

describe('a store that refuses', () => {
  it('at the claim: nothing is sent, the session is kept', async () => {
    const w = world()
    const { manager, store } = await expired(w)
    store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
    await expect(w.after(100, manager.getAccessToken())).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
    expect(w.server.requests).toHaveLength(0)
    expect(manager.state.status).toBe('signedIn')
    store.fault = () => undefined
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at-2')
  })

  it('STO-06: at the commit: callers get the token, it is stored as soon as that works, nobody takes over meanwhile', async () => {
    const w = world({ lock: 'none' })
    const [a, b] = [await expired(w), await w.opened()]
    // The store takes a raised beat, but not the larger record.
    a.store.fault = (operation, _key, value) =>
      operation === 'swap' && (value as { generation: number }).generation > 1 ? 'before' : undefined
    const posted = w.hub.posted.length
    expect((await w.after(100, a.manager.getAccessToken())).value).toBe('at-2')
    expect(a.told).toContain('store_failed')
    expect(a.manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
    expect(w.hub.posted.length).toBe(posted)
    const waiting = b.manager.getAccessToken()
    waiting.catch(() => {})
    await w.clock.advance(30_000)
    expect(sent(w)).toEqual(['rt-1'])
    expect((await w.after(0, a.manager.getAccessToken())).value).toBe('at-2')
    a.store.fault = () => undefined
    expect((await w.after(6_000, waiting)).value).toBe('at-2')
    expect(await w.record()).toMatchObject({ generation: 2, refreshToken: 'rt-2' })
    expect((await w.record())?.lease).toBeUndefined()
    await w.clock.advance(301_000)
    await w.after(1_000, b.manager.getAccessToken())
    expect(w.server.reuse).toBe(0)
  })

  it('STO-06: at the commit of an answer that brought only a refresh token: nobody takes over meanwhile', async () => {
    const w = world()
    const [a, b] = [await expired(w), await w.opened()]
    w.server.after = async () => json({ refresh_token: 'rt-2', token_type: 'Bearer' })
    w.server.before = () => {
      a.store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
    }
    await expect(w.after(100, a.manager.getAccessToken())).rejects.toMatchObject({ code: 'ERR_RESPONSE_INVALID' })
    b.manager.getAccessToken().catch(() => {})
    await w.clock.advance(3_000)
    expect(sent(w)).toEqual(['rt-1'])

    a.store.fault = () => undefined
    await w.clock.advance(1_000)
    expect(await w.record()).toMatchObject({ generation: 2, refreshToken: 'rt-2' })
    await w.clock.advance(30_000)
    expect(sent(w)).not.toEqual(['rt-1', 'rt-1'])
  })

  it('STO-06: at the commit, for however long: it is asked by one, a few times a second, and that is told once', async () => {
    const w = world({ lock: 'none' })
    const { manager, store, told } = await expired(w)
    store.fault = (operation, _key, value) =>
      operation === 'swap' && (value as { generation: number }).generation > 1 ? 'before' : undefined
    await w.after(100, manager.getAccessToken())
    await w.clock.advance(60_000)
    const { swap } = store.count
    await w.clock.advance(10_000)
    expect(store.count.swap - swap).toBeLessThan(50)
    expect(told.filter((type) => type === 'store_failed')).toHaveLength(1)
    expect(told).not.toContain('storage_lost')
  })

  it('STO-06: at the commit, and signed out elsewhere before it could be stored: the new tokens are revoked', async () => {
    const w = world({ lock: 'none' })
    const [a, b] = [await expired(w), await w.opened()]
    a.store.fault = (operation, _key, value) =>
      operation === 'swap' && (value as { generation: number }).generation > 1 ? 'before' : undefined
    await w.after(100, a.manager.getAccessToken())
    await w.after(1_000, b.manager.signOut())
    a.store.fault = () => undefined
    await w.clock.advance(10_000)
    expect(a.manager.state).toMatchObject({ status: 'signedOut' })
    expect(w.server.revoked.map(({ token }) => token)).toEqual(expect.arrayContaining(['rt-1', 'rt-2', 'at-2']))
    await expect(a.manager.getAccessToken()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
  })

  it('written and yet reported as failed: the tokens are there, and nothing is sent twice', async () => {
    const w = world()
    const { manager, store } = await expired(w)
    let faults = 1
    store.fault = (operation, _key, value) =>
      operation === 'swap' && (value as { generation: number }).generation > 1 && faults-- > 0 ? 'after' : undefined
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at-2')
    await w.clock.advance(6_000)
    expect(await w.record()).toMatchObject({ generation: 2, refreshToken: 'rt-2' })
    await w.clock.advance(301_000)
    expect((await w.after(1_000, manager.getAccessToken())).value).toBe('at-3')
    expect(sent(w)).toEqual(['rt-1', 'rt-2'])
  })
})

describe('back-off', () => {
  it('RT-12: it is shared by all contexts, however many ask; an outage of a minute costs a handful of requests', async () => {
    for (const outage of [() => new Response('', { status: 503 }), lost]) {
      const w = world()
      const contexts = [await expired(w), ...(await Promise.all([1, 2, 3, 4].map(() => w.opened())))]
      w.server.before = outage
      for (let second = 0; second < 60; second += 2) {
        for (const { manager } of contexts)
          for (let call = 0; call < 7; call++) manager.getAccessToken().catch(() => {})
        await w.clock.advance(2_000)
      }
      expect(w.server.requests.length).toBeGreaterThan(3)
      expect(w.server.requests.length).toBeLessThanOrEqual(8)
      for (const { manager } of contexts)
        expect(manager.state).toMatchObject({ status: 'signedIn', health: 'suspended' })
      w.server.before = () => {}
      await w.clock.advance(90_000)
      const all = await w.after(1_000, Promise.all(contexts.map(({ manager }) => manager.getAccessToken())))
      expect(new Set(all.map(({ value }) => value)).size).toBe(1)
    }
  })

  it('RT-12: Retry-After is honoured by every context, up to an hour, and said in retryAt', async () => {
    for (const [asked, waits] of [
      ['7', 7_000],
      ['999999', 3_600_000],
    ] as const) {
      const w = world()
      const [a, b] = [await expired(w), await w.opened()]
      w.server.before = () => new Response('', { status: 503, headers: { 'retry-after': asked } })
      await expect(w.after(100, a.manager.getAccessToken())).rejects.toMatchObject({ retryAt: expect.any(Number) })
      const { retryAt = 0 } = a.manager.state as { retryAt?: number }
      expect(Math.round((retryAt - w.clock.now()) / 1_000)).toBe(waits / 1_000)
      await expect(w.after(100, b.manager.getAccessToken())).rejects.toMatchObject({
        reason: 'server_unavailable',
        retryAt: expect.any(Number),
      })
      w.server.before = () => {}
      await w.clock.advance(waits - 1_000)
      for (const { manager } of [a, b])
        await expect(w.after(0, manager.getAccessToken())).rejects.toMatchObject({ reason: 'server_unavailable' })
      expect(w.server.requests).toHaveLength(1)
      await w.clock.advance(1_500)
      expect((await w.after(100, b.manager.getAccessToken())).value).toBe('at-2')
    }
  })

  it('waiting for the back-off costs no state: it stays the same object', async () => {
    const w = world()
    const { manager } = await expired(w)
    w.server.before = () => new Response('', { status: 503 })
    await expect(w.after(100, manager.getAccessToken())).rejects.toMatchObject({ status: 503 })
    const { state } = manager
    for (let call = 0; call < 3; call++)
      await expect(w.after(100, manager.getAccessToken())).rejects.toMatchObject({ reason: 'server_unavailable' })
    expect(manager.state).toBe(state)
  })

  it('ERR-05: offline for an hour is no failure: still signed in, and fresh as soon as the network is back', async () => {
    const w = world()
    const { manager, lifecycle } = await expired(w)
    lifecycle.setOnline(false)
    w.server.before = lost
    for (let minute = 0; minute < 60; minute++) {
      await expect(w.after(1_000, manager.getAccessToken())).rejects.toMatchObject({ reason: 'network_unavailable' })
      await w.clock.advance(59_000)
    }
    expect(manager.state).toMatchObject({ status: 'signedIn' })
    w.server.before = () => {}
    lifecycle.setOnline(true)
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at-2')
  })
})
