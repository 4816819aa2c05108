import { describe, expect, it } from 'vitest'
import { sessionLimits } from '../../src/manager/session-limits.ts'
import type { SessionRecord } from '../../src/session/record.ts'
import { targetKey } from '../../src/session/target-key.ts'
import { scriptedUserAgent } from '../support/scripted-user-agent.ts'
import { idToken, json } from '../support/simulated-server.ts'
import { type Context, type World, world } from '../support/world.ts'

type Change = (record: SessionRecord) => unknown

const other = { owner: 'x', beat: 7, locked: false }
const taken: Change = (record) => ({ ...record, lease: other })
const invalidGrant = () => json({ error: 'invalid_grant' }, 400)
const outage = () => new Response('', { status: 503 })

/** A context whose access token has expired, where no lock keeps others out. */
async function expired(w: World, options?: Parameters<World['signedIn']>[0]): Promise<Context> {
  const context = await w.signedIn(options)
  await w.clock.advance(301_000)
  return context
}

/** Lets the record change while the answer to the next token request is on its way. */
function meanwhile(w: World, change: Change, answer?: () => Response) {
  let times = 0
  w.server.after = async (_, own) => {
    if (times++ === 0) await w.write((record) => change(record as SessionRecord))
    return own
  }
  if (!answer) return
  w.server.before = async () => {
    if (times++ > 0) return undefined
    await w.write((record) => change(record as SessionRecord))
    return answer()
  }
}

/** The record as another sign-in, of the same age, would have made it. */
const another: Change = (record) => ({
  ...record,
  grantId: 'another',
  refreshToken: 'rt-of-another',
  accessTokens: {},
  lease: undefined,
})

const quietly = (call: Promise<unknown>) => call.catch((error) => error)

/** One tab refreshes, and another one signs out before the answer comes. `open()` lets it come. */
async function signedOutMeanwhile() {
  const w = world({ lock: 'none' })
  const [a, b] = [await w.signedIn(), await w.opened()]
  await w.clock.advance(1_000)
  const open = w.hold()
  const call = quietly(a.manager.refresh())
  await w.clock.advance(100)
  await w.after(1_000, b.manager.signOut())
  return { w, a, b, open, call }
}

describe('new tokens, and meanwhile', () => {
  it('another claim was made: they are stored, and that claim stands', async () => {
    const w = world({ lock: 'none' })
    const { manager } = await expired(w)
    meanwhile(w, taken)
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at-2')
    expect(await w.record()).toMatchObject({ generation: 2, refreshToken: 'rt-2', lease: other })
  })

  it('another context stored newer ones: those stay, and a lease of ours goes', async () => {
    for (const lease of ['ours', 'of another'] as const) {
      const w = world({ lock: 'none' })
      const { manager } = await expired(w)
      const now = w.clock.now()
      const newer = {
        [targetKey({})]: {
          value: 'at-9',
          type: 'Bearer',
          obtainedAt: now,
          expiresAt: now + 9e5,
          scope: 'notes',
          generation: 2,
        },
      }
      meanwhile(w, (record) => ({
        ...record,
        ...{ generation: 2, refreshToken: 'rt-9', accessTokens: newer },
        lease: lease === 'ours' ? record.lease : other,
      }))
      expect((await w.after(1_000, manager.getAccessToken())).value).toBe('at-9')
      expect(await w.record()).toMatchObject({ generation: 2, refreshToken: 'rt-9' })
      expect((await w.record())?.lease).toEqual(lease === 'ours' ? undefined : other)
      expect(w.server.requests).toHaveLength(1)
      expect(w.server.revoked).toEqual([])
    }
  })

  it('the storage was cleared, or went back to what it was: the session is written whole', async () => {
    for (const change of [() => undefined, (record: SessionRecord) => ({ ...record, generation: 0, outbox: [] })]) {
      const w = world({ lock: 'none' })
      const { manager } = await expired(w)
      const { issuer, clientId, grantId, scope, signedInAt } = (await w.record())!
      meanwhile(w, change)
      expect((await w.after(100, manager.getAccessToken())).value).toBe('at-2')
      const kept = { version: 1, issuer, clientId, grantId, scope, signedInAt }
      expect(await w.record()).toMatchObject({ ...kept, generation: 2, refreshToken: 'rt-2', outbox: [] })
      const late = await w.opened()
      expect((await w.after(100, late.manager.getAccessToken())).value).toBe('at-2')
    }
  })

  it('what a storage that went back has to revoke is not forgotten', async () => {
    const w = world({ lock: 'none' })
    const { manager } = await expired(w)
    w.server.onRevoke = outage
    meanwhile(w, (record) => ({
      ...record,
      generation: 0,
      outbox: [{ kind: 'refresh_token', token: 'rt-0', addedAt: w.clock.now(), grantId: 'before' }],
    }))
    await w.after(100, manager.getAccessToken())
    expect((await w.record())?.outbox.map(({ token }) => token)).toEqual(['rt-0'])
  })

  it('RT-18: signed out elsewhere: of the answer every token is revoked, and none of the old ones again', async () => {
    const { w, open, call } = await signedOutMeanwhile()
    const before = w.server.revoked.length
    open()
    expect(await w.after(1_000, call)).toMatchObject({ code: 'ERR_SIGNED_OUT' })
    await w.clock.advance(1_000)
    const revoked = w.server.revoked.map(({ token }) => token)
    expect(revoked.slice(0, before)).toEqual(expect.arrayContaining(['rt-1', 'at-1']))
    expect(revoked.slice(before)).toEqual(['rt-2', 'at-2'])
  })

  it('RT-18: signed out elsewhere: a refresh token that did not rotate, and what other APIs got, is not revoked again', async () => {
    const w = world({ lock: 'none' })
    w.server.rotate = false
    const [a, b] = [await w.signedIn(), await w.opened()]
    const other = await w.after(1_000, a.manager.getAccessToken({ resource: 'https://x/' }))
    const open = w.hold()
    const call = quietly(a.manager.refresh())
    await w.clock.advance(100)
    await w.after(1_000, b.manager.signOut())
    const before = w.server.revoked.map(({ token }) => token)
    expect(before).toEqual(expect.arrayContaining(['rt-1', 'at-1', other.value]))
    open()
    await w.after(1_000, call)
    const revoked = w.server.revoked.map(({ token }) => token).slice(before.length)
    expect(revoked).toEqual([expect.stringMatching(/^at-/)])
    expect(before).not.toContain(revoked[0])
  })

  it.each(['the tab that signed out', 'the tab that refreshes', 'a new tab'])(
    'RT-18: signed out elsewhere, the storage was cleared, and in %s the same person signed in again: the answer is revoked',
    async (where) => {
      const { w, a, b, open, call } = await signedOutMeanwhile()
      await w.write(() => undefined)
      const signsIn = { 'the tab that signed out': b, 'the tab that refreshes': a }[where] ?? (await w.opened())
      await w.after(100, signsIn.manager.adopt(w.server.issue()))
      await w.clock.advance(100)
      const { grantId, refreshToken } = (await w.record())!
      open()
      expect(await w.after(1_000, call)).toMatchObject({ code: 'ERR_SIGNED_OUT' })
      await w.clock.advance(1_000)
      const revoked = new Set(w.server.revoked.map(({ token }) => token))
      expect([...revoked].sort()).toEqual(['at-1', 'at-2', 'rt-1', 'rt-2'])
      expect(await w.record()).toMatchObject({ grantId, refreshToken })
    },
  )

  it('REV-05: signed out here, but the same person had signed in elsewhere, in a storage that lost nothing: the answer is dropped', async () => {
    const w = world({ lock: 'none' })
    const [a, b] = [await w.signedIn(), await w.opened()]
    const open = w.hold()
    const call = quietly(a.manager.refresh())
    await w.clock.advance(100)
    w.hub.mode = 'drop'
    await w.after(100, b.manager.adopt(w.server.issue()))
    expect(await w.after(100, a.manager.signOut())).toMatchObject({ local: 'superseded' })
    open()
    await w.after(1_000, call)
    await w.clock.advance(1_000)
    expect(w.server.revoked).toEqual([])
    expect(b.manager.state.status).toBe('signedIn')
  })

  it('RT-18: signed out elsewhere, and the storage was cleared: the answer brings no session back', async () => {
    const { w, a, open, call } = await signedOutMeanwhile()
    await w.write(() => undefined)
    const written: unknown[] = []
    a.store.fault = (operation, _key, value) => {
      if (operation === 'swap') written.push(value)
      return undefined
    }
    open()
    expect(await w.after(1_000, call)).toMatchObject({ code: 'ERR_SIGNED_OUT' })
    await w.clock.advance(1_000)
    expect(written[0]).toMatchObject({ signedOut: { reason: 'signed_out' }, accessTokens: {} })
    expect(new Set(w.server.revoked.map(({ token }) => token))).toEqual(new Set(['rt-1', 'at-1', 'rt-2', 'at-2']))
    expect(a.manager.state).toMatchObject({ status: 'signedOut', reason: 'signed_out_elsewhere' })
    expect((await w.opened()).manager.state.status).toBe('signedOut')
  })

  it('signed out here while the storage refused: the answer is what ends the record', async () => {
    const w = world({ lock: 'none' })
    const { manager, store } = await w.signedIn()
    const open = w.hold()
    const call = quietly(manager.refresh())
    await w.clock.advance(100)
    store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
    expect(await w.after(0, manager.signOut({ reason: 'session_ended' }))).toMatchObject({ local: 'memory_only' })
    store.fault = () => undefined
    open()
    expect(await w.after(0, call)).toMatchObject({ code: 'ERR_SIGNED_OUT' })
    const at = w.clock.now()
    expect(await w.record()).toMatchObject({ signedOut: { at, reason: 'session_ended' }, accessTokens: {} })
    await w.clock.advance(5_000)
    const revoked = w.server.revoked.map(({ token }) => token)
    expect([...new Set(revoked)].sort()).toEqual(['at-1', 'at-2', 'rt-1', 'rt-2'])
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'session_ended' })
  })

  it('a limit passed here while the storage refused, but the session was used elsewhere: the answer is stored', async () => {
    const w = world({ lock: 'none' })
    const idle = { limits: sessionLimits({ idleTimeout: 20_000 }) }
    const [a, b] = [await w.signedIn(idle), await w.opened(idle)]
    await w.clock.advance(12_000)
    const open = w.hold()
    const call = quietly(a.manager.refresh())
    await w.clock.advance(100)
    a.store.fault = () => 'before'
    await w.after(10, b.manager.getAccessToken())
    await w.clock.advance(9_000)
    expect(a.manager.state).toMatchObject({ status: 'signedOut', reason: 'idle' })
    a.store.fault = () => undefined
    open()
    await w.after(0, call)
    expect(await w.record()).toMatchObject({ generation: 2, refreshToken: 'rt-2' })
    expect([a.manager.state.status, b.manager.state.status]).toEqual(['signedIn', 'signedIn'])
    expect(w.server.revoked).toEqual([])
  })

  it('the store refuses them, and another took over: only an own lease is kept alive', async () => {
    for (const lease of [other, undefined]) {
      const w = world({ lock: 'none' })
      const { manager, store, events } = await expired(w)
      store.fault = (operation, _key, value) =>
        operation === 'swap' && (value as SessionRecord).generation > 1 ? 'before' : undefined
      meanwhile(w, (record) => ({ ...record, lease }))
      expect((await w.after(100, manager.getAccessToken())).value).toBe('at-2')
      await w.clock.advance(3_000)
      expect((await w.record())?.lease).toEqual(lease)
      expect(events.filter(({ type }) => type === 'store_failed')).toMatchObject([{ during: 'commit' }])
      await w.write(() => undefined)
      await w.clock.advance(3_000)
      store.fault = () => undefined
      await w.clock.advance(1_000)
      expect(await w.record()).toMatchObject({ generation: 2, refreshToken: 'rt-2' })
    }
  })

  it('the store refuses them until another context has stored newer ones: those stay, and the own lease goes', async () => {
    const w = world({ lock: 'none' })
    const { manager, store, told } = await expired(w)
    store.fault = (operation, _key, value) =>
      operation === 'swap' && (value as SessionRecord).generation > 1 ? 'before' : undefined
    await w.after(100, manager.getAccessToken())
    expect((await w.record())?.lease).toBeDefined()
    expect(told).not.toContain('adopted')
    await w.write((record) => ({ ...record, generation: 3, refreshToken: 'rt-9' }))
    store.fault = () => undefined
    await w.clock.advance(1_000)
    expect(await w.record()).toMatchObject({ generation: 3, refreshToken: 'rt-9' })
    expect((await w.record())?.lease).toBeUndefined()
  })
})

describe('invalid_grant, and meanwhile', () => {
  it('the person signed out elsewhere: that is what ended it', async () => {
    const w = world({ lock: 'none' })
    const { manager } = await expired(w)
    const signedOut = { at: 1, reason: 'session_ended' }
    meanwhile(w, (record) => ({ ...record, signedOut, refreshToken: undefined, lease: undefined }), invalidGrant)
    expect(await w.after(1_000, quietly(manager.getAccessToken()))).toMatchObject({ reason: 'session_ended' })
    expect(await w.record()).toMatchObject({ signedOut })
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'session_ended' })
  })

  it('somebody signed in anew: that session is left alone', async () => {
    const w = world({ lock: 'none' })
    const { manager } = await expired(w)
    meanwhile(w, another, invalidGrant)
    await w.after(1_000, quietly(manager.getAccessToken()))
    expect((await w.record())?.signedOut).toBeUndefined()
    expect(await w.record()).toMatchObject({ grantId: 'another', refreshToken: 'rt-of-another', generation: 1 })
    expect(manager.state.status).toBe('signedIn')
  })

  it('the storage was cleared: the session is written back and asks once more, for the refusal was of what is gone', async () => {
    const w = world({ lock: 'none' })
    const { manager } = await expired(w)
    meanwhile(w, () => undefined, invalidGrant)
    expect((await w.after(2_000, manager.getAccessToken())).value).toBe('at-2')
    expect(manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
  })
})

describe('an answer for another person, and meanwhile', () => {
  async function alice(w: World): Promise<Context> {
    w.server.subject = 'alice'
    const context = w.context()
    const now = Math.floor(w.clock.now() / 1000)
    const claims = { iss: w.server.issuer, aud: 'spa', sub: 'alice', iat: now, exp: now + 600 }
    await context.manager.adopt({
      ...w.server.issue(),
      idToken: idToken(claims),
      expiresAt: w.clock.now() + 300_000,
    })
    await w.clock.advance(301_000)
    w.server.subject = 'bob'
    return context
  }
  const revoked = (w: World) => w.server.revoked.map(({ token }) => token).sort()

  it('RT-06: somebody signed in anew: that session is left alone, and what came is revoked', async () => {
    const w = world({ lock: 'none' })
    const { manager } = await alice(w)
    meanwhile(w, another)
    await w.after(1_000, quietly(manager.getAccessToken()))
    await w.clock.advance(1_000)
    expect((await w.record())?.signedOut).toBeUndefined()
    expect(await w.record()).toMatchObject({ grantId: 'another', refreshToken: 'rt-of-another' })
    expect(revoked(w)).toEqual(['rt-2'])
  })

  it('RT-06: the person signed out: what ended the session stays, and what came is revoked', async () => {
    const w = world({ lock: 'none' })
    const { manager } = await alice(w)
    const signedOut = { at: 1, reason: 'session_ended' }
    meanwhile(w, (record) => ({ ...record, signedOut, refreshToken: undefined, accessTokens: {}, lease: undefined }))
    await w.after(1_000, quietly(manager.getAccessToken()))
    await w.clock.advance(1_000)
    expect(await w.record()).toMatchObject({ signedOut, outbox: [] })
    expect(revoked(w)).toEqual(['rt-2'])
  })

  it('RT-06: the storage was cleared: the session ends all the same', async () => {
    const w = world({ lock: 'none' })
    const { manager } = await alice(w)
    meanwhile(w, () => undefined)
    expect(await w.after(1_000, quietly(manager.getAccessToken()))).toMatchObject({ reason: 'user_changed' })
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'user_changed' })
  })
})

describe('a failure, and meanwhile', () => {
  it('another claim was made: that one is left alone, and its turn is not held up', async () => {
    const w = world({ lock: 'none' })
    const { manager } = await expired(w)
    meanwhile(w, taken, outage)
    await w.after(100, quietly(manager.getAccessToken()))
    expect(await w.record()).toMatchObject({ lease: other })
    expect((await w.record())?.failure).toBeUndefined()
  })

  it('the lease was taken away: callers hear what the server said, and nothing is written', async () => {
    const w = world({ lock: 'none' })
    const { manager, told } = await expired(w)
    meanwhile(w, (record) => ({ ...record, lease: undefined }), outage)
    expect(await w.after(100, quietly(manager.getAccessToken()))).toMatchObject({ status: 503 })
    expect((await w.record())?.failure).toBeUndefined()
    expect(told).not.toContain('store_failed')
  })

  it('another context stored newer tokens: a useless answer with a new refresh token is just that', async () => {
    const w = world({ lock: 'none' })
    const { manager, events } = await expired(w)
    const useless = () => json({ access_token: 'a b', token_type: 'Bearer', refresh_token: 'rt-late' })
    meanwhile(w, (record) => ({ ...record, generation: 2, refreshToken: 'rt-9' }), useless)
    await w.after(100, quietly(manager.getAccessToken()))
    expect(events.filter(({ type }) => type === 'refresh_failed')).toMatchObject([
      { outcome: 'failed', reason: 'invalid_token_response' },
    ])
    expect(await w.record()).toMatchObject({ generation: 2, refreshToken: 'rt-9' })
  })

  it('the storage was cleared: what the callers hear is the failure', async () => {
    const w = world({ lock: 'none' })
    const { manager, told } = await expired(w)
    meanwhile(w, () => undefined, outage)
    expect(await w.after(100, quietly(manager.getAccessToken()))).toMatchObject({ status: 503 })
    expect(told).not.toContain('store_failed')
  })

  it.each([
    ['a refusal is of no account', () => json({ error: 'invalid_request' }, 400), undefined],
    ['an outage counts for those as well, without doubt', outage, { attempts: 1 }],
  ])('another context stored newer tokens: %s', async (_, answer, failure) => {
    const w = world({ lock: 'none' })
    const { manager } = await expired(w)
    meanwhile(w, (record) => ({ ...record, generation: 2, refreshToken: 'rt-9' }), answer)
    await w.after(100, quietly(manager.getAccessToken()))
    const record = (await w.record())!
    expect(record).toMatchObject({ generation: 2, refreshToken: 'rt-9' })
    expect([record.lease, record.doubt]).toEqual([undefined, undefined])
    if (failure) expect(record.failure).toMatchObject(failure)
    else expect(record.failure).toBeUndefined()
  })

  it('the store refuses to take the lease back: it is told, and callers hear what the server said', async () => {
    const w = world()
    const { manager, store, events } = await expired(w)
    w.server.before = () => {
      store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
      return outage()
    }
    expect(await w.after(100, quietly(manager.getAccessToken()))).toMatchObject({ status: 503 })
    expect(events.filter(({ type }) => type === 'store_failed')).toMatchObject([{ during: 'release' }])
    expect((await w.record())?.lease).toBeDefined()
  })

  it('signed out elsewhere: a rotated refresh token of an unusable answer is revoked, and the call ends', async () => {
    const w = world({ lock: 'none' })
    const [a, b] = [await expired(w), await w.opened()]
    w.server.before = async () => {
      await b.manager.signOut()
      return json({ access_token: 'a b', token_type: 'Bearer', refresh_token: 'rt-late' })
    }
    expect(await w.after(1_000, quietly(a.manager.getAccessToken()))).toMatchObject({ code: 'ERR_SIGNED_OUT' })
    expect(a.events.filter(({ type }) => type === 'refresh_failed')).toMatchObject([{ outcome: 'failed' }])
    await w.clock.advance(1_000)
    expect(w.server.revoked.map(({ token }) => token)).toContain('rt-late')
  })
})

describe('what a failure says', () => {
  it.each([
    [
      'its status and error code',
      () => json({ error: 'invalid_request' }, 400),
      { status: 400, error: 'invalid_request' },
    ],
    ['its status, when it has no code', () => new Response('', { status: 403 }), { status: 403, error: undefined }],
    [
      'its status, when its code is a text of any length',
      () => json({ error: 'x'.repeat(65) }, 400),
      { status: 400, error: undefined },
    ],
  ])('the record knows a refusal by %s', async (_, answer, cause) => {
    const w = world()
    const { manager } = await expired(w)
    w.server.before = answer
    await w.after(100, quietly(manager.getAccessToken()))
    expect((await w.record())?.failure).toMatchObject({ cause, at: w.clock.now() - 100, refusedFor: 0 })
  })

  it.each([
    ['rejected', invalidGrant, { reason: 'invalid_grant', status: 400 }],
    ['failed', outage, { reason: 'server_unavailable', status: 503, retryAt: expect.any(Number) }],
    [
      'failed',
      () => json({ access_token: 'a b', token_type: 'Bearer', refresh_token: 'rt-kept' }),
      { reason: 'invalid_token_response', retryAt: expect.any(Number) },
    ],
  ])('ERR-06: the event says %s, and why', async (outcome, answer, details) => {
    const w = world()
    const { manager, events } = await expired(w)
    w.server.before = answer
    await w.after(100, quietly(manager.getAccessToken()))
    expect(events.filter(({ type }) => type === 'refresh_failed')).toMatchObject([{ outcome, ...details }])
  })

  it('the event says store_failed when the new tokens could not be stored', async () => {
    const w = world()
    const { manager, store, events } = await expired(w)
    store.fault = (operation, _key, value) =>
      operation === 'swap' && (value as SessionRecord).generation > 1 ? 'before' : undefined
    await w.after(100, manager.getAccessToken())
    const failed = events.filter(({ type }) => type === 'refresh_failed')
    expect(failed).toMatchObject([{ outcome: 'store_failed', reason: 'store_failed' }])
  })

  it.each(['invalid_target', 'invalid_scope'])(
    '%s for another target than that of the sign-in holds nobody up',
    async (error) => {
      const w = world()
      const { manager } = await w.signedIn()
      w.server.before = () => json({ error }, 400)
      const call = quietly(manager.getAccessToken({ resource: 'https://x/' }))
      expect(await w.after(100, call)).toMatchObject({ code: 'ERR_CLIENT_REJECTED', reason: error })
      expect((await w.record())?.failure).toBeUndefined()
      expect((await w.record())?.lease).toBeUndefined()
      w.server.before = () => undefined
      expect((await w.after(100, manager.refresh())).value).toBe('at-2')
    },
  )

  it('one that a passing failure answers holds up all', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    w.server.before = outage
    await w.after(100, quietly(manager.getAccessToken({ resource: 'https://x/' })))
    expect((await w.record())?.failure).toMatchObject({ attempts: 1 })
  })
})

describe('a 401 that comes late', () => {
  it('is not answered with the token of another call when the last read is too old to go by: the person may have signed out', async () => {
    const w = world()
    const one = await w.signedIn()
    const two = await w.opened()
    const sent: (string | null)[] = []
    let answer = () => {}
    w.server.api = (request) => {
      sent.push(request.headers.get('authorization'))
      return new Promise((resolve) => {
        answer = () => resolve(new Response('', { status: 401 }))
      })
    }
    const call = quietly(one.manager.fetch('https://api.example/notes'))
    await w.settle()
    await w.after(100, one.manager.refresh())
    w.hub.mode = 'drop'
    await w.after(100, two.manager.signOut())
    await w.clock.advance(6_000)
    answer()
    await w.after(100, call)
    expect(sent).toEqual(['Bearer at-1'])
  })
})

describe('an answer after which nobody knows', () => {
  it('does not become the reason when the person signs out at that moment', async () => {
    const w = world()
    const { manager, store } = await w.signedIn()
    w.server.after = async (_, answer) => {
      if (w.server.requests.length === 1) throw new TypeError('the answer is lost')
      return answer
    }
    let isAsked = false
    let isSignOut = false
    store.fault = (operation, _, value) => {
      const record = operation === 'swap' ? (value as SessionRecord) : undefined
      isSignOut = record?.signedOut?.reason === 'signed_out'
      const isUnknown = record?.signedOut === undefined && record?.grantId !== undefined && !record.refreshToken
      if (isUnknown && !isAsked) {
        isAsked = true
        void manager.signOut()
      }
      return undefined
    }
    store.delay = () =>
      isSignOut ? new Promise((resolve) => w.clock.at(w.clock.elapsed() + 50, resolve)) : Promise.resolve()
    await w.after(5_000, quietly(manager.refresh()))
    expect(isAsked).toBe(true)
    expect(await w.record()).toMatchObject({ signedOut: { reason: 'signed_out' } })
  })
})

describe('a call that is made while this context starts, and another person', () => {
  it.each(['getAccessToken', 'refresh', 'fetch'] as const)(
    'who signs in before it has started: %s() gives nothing of theirs',
    async (call) => {
      const w = world()
      const a = await w.signedIn()
      const b = w.context()
      let start = () => {}
      const started = new Promise<void>((resolve) => {
        start = resolve
      })
      // Its first read takes long; a message brings the next one.
      b.store.delay = () => (b.store.count.get === 1 ? started : Promise.resolve())
      void b.manager.ready()
      await w.settle()
      await w.after(100, a.manager.refresh())
      // What it has read is too old by now to hand out a token at once.
      await w.clock.advance(6_000)
      expect(b.manager.state.status).toBe('signedIn')

      const { manager } = b
      const made = call === 'fetch' ? manager.fetch('https://api.example/notes') : manager[call]()
      const told = made.catch((error: unknown) => error)
      await w.after(100, a.manager.adopt(w.server.issue()))
      start()
      expect(await w.after(5_000, told)).toMatchObject({ code: 'ERR_SIGNED_OUT' })
    },
  )

  it('whose sign-in this page completes: the call is for that one', async () => {
    const w = world()
    await w.signedIn()
    const redirectUri = 'https://app.example/callback'
    const userAgent = scriptedUserAgent((url) => w.server.authorize(url), 'redirect')
    void w.context({ userAgent, redirectUri }).manager.signIn()
    await w.settle()
    const answer = w.hold()
    const { manager } = w.context({ userAgent, redirectUri })
    void manager.ready()
    await w.clock.advance(100)
    const before = manager.state
    expect(before.status).toBe('signedIn')
    const token = manager.refresh()
    answer()
    expect((await w.after(5_000, token)).value).toBe('at-4')
    expect(manager.state).not.toBe(before)
  })
})
