import { describe, expect, it } from 'vitest'
import type { Lock } from '../../src/ports.ts'
import { type Context, type World, world } from '../support/world.ts'

const revoked = (w: World) => w.server.revoked.map(({ token }) => token)
const busy = () => new Response('', { status: 503 })

/** When the server was asked to revoke something, while it `answers` so. */
function asked(w: World, answers: () => Response | undefined): number[] {
  const times: number[] = []
  w.server.onRevoke = () => {
    times.push(w.clock.elapsed())
    return answers()
  }
  return times
}

/** Locks of which that of the outbox does what is asked. */
function outboxLock(request: Lock['request']): Lock {
  return {
    spans: 'store',
    request: (name, options, run) => (name.endsWith('.outbox') ? request(name, options, run) : run()),
  }
}

it('REV-01: what another context revoked on our behalf is reported as revoked', async () => {
  const w = world()
  const a = await w.signedIn({ revokeReplaced: true })
  const b = await w.opened()
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  w.server.onRevoke = () => answered
  // The replaced refresh token keeps `a` working on the outbox, and the lock with it.
  await w.after(0, a.manager.adopt({ accessToken: 'at-x', refreshToken: 'rt-x', expiresAt: w.clock.now() + 300_000 }))
  await w.settle()
  const { revoked } = await w.after(0, b.manager.signOut())
  answer()
  expect(await w.after(1_000, revoked)).toBe('revoked')
  expect(w.server.revoked.map(({ token }) => token)).toEqual(['rt-1', 'at-1', 'rt-x', 'at-x'])
})

describe('what the server does not take', () => {
  it('REV-04: is tried again, further and further apart, and the rest of the outbox waits with it', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    const times = asked(w, busy)
    const { revoked: report } = await w.after(0, manager.signOut())
    expect(await w.after(0, report)).toBe('pending')
    await w.clock.advance(60_000)
    const waits = times.slice(1).map((time, index) => time - times[index]!)
    expect(waits.length).toBeGreaterThanOrEqual(4)
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(1_600 * 2 ** index)
      expect(wait).toBeLessThanOrEqual(2_400 * 2 ** index)
    }
    // It is always the first of them that is asked about.
    expect((await w.record())?.outbox.map(({ token }) => token)).toEqual(['rt-1', 'at-1'])
    w.server.onRevoke = () => {}
    await w.clock.advance(120_000)
    expect(revoked(w)).toEqual(['rt-1', 'at-1'])
  })

  it('begins with the shortest wait again once everything had been taken', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    asked(w, busy)
    await w.after(0, manager.signOut())
    await w.clock.advance(10_000)
    w.server.onRevoke = () => {}
    await w.clock.advance(20_000)
    expect(revoked(w)).toHaveLength(2)
    await manager.adopt({ ...w.server.issue(), expiresAt: w.clock.now() + 300_000 })
    const times = asked(w, busy)
    await w.after(0, manager.signOut())
    await w.clock.advance(2_400)
    expect(times).toHaveLength(2)
  })

  it('waits its turn: a nudge meanwhile, as that of another change, asks nothing', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    const times = asked(w, () => new Response('', { status: 503, headers: { 'retry-after': '60' } }))
    await w.after(0, manager.signOut())
    await manager.adopt({ ...w.server.issue(), expiresAt: w.clock.now() + 300_000 })
    await w.after(1_000, manager.refresh())
    await w.clock.advance(30_000)
    expect(times).toHaveLength(1)
  })

  it('a sign-out meanwhile asks at once, says what came of it, and leaves one turn to wait for', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    const times = asked(w, busy)
    await w.after(0, manager.signOut())
    await manager.adopt({ ...w.server.issue(), expiresAt: w.clock.now() + 300_000 })
    const { revoked: report } = await w.after(0, manager.signOut())
    expect(await w.after(0, report)).toBe('pending')
    expect(times).toHaveLength(2)
    w.server.onRevoke = () => {}
    await w.clock.advance(10_000)
    expect(revoked(w)).toEqual(['rt-1', 'at-1', 'rt-2', 'at-2'])
  })

  it('ERR-06 REV-11: is told: what, why, and whether it is tried again', async () => {
    const w = world()
    const { manager, events } = await w.signedIn()
    let answers = [busy, () => new Response('{"error":"invalid_client"}', { status: 401 })]
    w.server.onRevoke = () => answers.shift()?.()
    await w.after(0, manager.signOut())
    await w.clock.advance(3_000)
    expect(events.filter(({ type }) => type.startsWith('revo'))).toMatchObject([
      { type: 'revocation_failed', kind: 'refresh_token', reason: 'server_unavailable', final: false },
      { type: 'revocation_failed', kind: 'refresh_token', reason: 'invalid_client', final: true },
      { type: 'revoked', kind: 'access_token' },
    ])
    answers = [() => new Response('{"error":"unsupported_token_type"}', { status: 400 })]
    await manager.adopt({ ...w.server.issue(), expiresAt: w.clock.now() + 300_000 })
    await w.after(1_000, manager.signOut())
    // Of the one that the server does not revoke nothing is told.
    expect(events.filter(({ type }) => type.startsWith('revo')).slice(3)).toMatchObject([
      { type: 'revoked', kind: 'access_token' },
    ])
  })
})

describe('a server that revokes refresh tokens alone', () => {
  const refused = () => new Response('{"error":"unsupported_token_type"}', { status: 400 })

  /** Signs out of a new session with two access tokens; how many of its tokens the server was asked about. */
  async function signsOut(w: World, { manager }: Context) {
    let questions = 0
    // The refresh token comes first.
    w.server.onRevoke = () => (++questions === 1 ? undefined : refused())
    await manager.adopt({ ...w.server.issue(), expiresAt: w.clock.now() + 300_000 })
    await w.after(100, manager.getAccessToken({ resource: 'https://other.example/' }))
    const { revoked: report, tokens } = await w.after(100, manager.signOut())
    expect(tokens).toHaveLength(3)
    expect(await w.after(100, report)).toBe('revoked')
    expect((await w.record())?.outbox).toEqual([])
    return questions
  }

  it('REV-04: is asked about access tokens once, and again at the eighth sign-out after that', async () => {
    const w = world()
    const context = await w.opened()
    const questions = []
    for (let session = 0; session < 10; session++) questions.push(await signsOut(w, context))
    expect(questions).toEqual([2, 1, 1, 1, 1, 1, 1, 1, 2, 1])
  })

  it('REV-04: is asked about the access token of a session that has nothing else', async () => {
    const w = world()
    const context = await w.opened()
    await signsOut(w, context)
    let questions = 0
    w.server.onRevoke = () => {
      questions++
      return refused()
    }
    await context.manager.adopt({ accessToken: 'lonely', expiresAt: w.clock.now() + 300_000 })
    const { revoked: report } = await w.after(100, context.manager.signOut())
    expect(await w.after(100, report)).toBe('unsupported')
    expect(questions).toBe(1)
  })
})

describe('one context at a time works it off', () => {
  it.each(['frozen', 'refused'])('but when the lock for that is %s, it is done all the same, once', async (kind) => {
    const w = world()
    let grant = async () => {}
    const lock = outboxLock((_, { signal }, run) =>
      kind === 'refused'
        ? Promise.reject(new Error('denied'))
        : new Promise((resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason))
            grant = async () => resolve(await run())
          }),
    )
    const { manager } = await w.signedIn({ lock })
    const { revoked: report } = await w.after(0, manager.signOut())
    if (kind === 'frozen') {
      await w.clock.advance(1_999)
      expect(revoked(w)).toEqual([])
      await w.clock.advance(1)
    }
    expect(await w.after(0, report)).toBe('revoked')
    expect(revoked(w)).toEqual(['rt-1', 'at-1'])
    const { get } = (await w.opened()).store.count
    await grant()
    await w.clock.advance(5_000)
    expect(get).toBeGreaterThan(0)
    expect(revoked(w)).toEqual(['rt-1', 'at-1'])
  })

  it('the lock is asked for by a name of its own, and no timer is left of the wait for it', async () => {
    const w = world()
    const names: string[] = []
    const lock: Lock = {
      spans: 'store',
      request: (name, _, run) => {
        names.push(name)
        return run()
      },
    }
    const { manager } = await w.signedIn({ lock })
    const before = w.clock.pending
    await w.after(0, manager.signOut())
    await w.settle()
    expect(new Set(names.map((name) => name.replace(/^.*\./, '.')))).toContain('.outbox')
    expect(w.clock.pending).toBeLessThanOrEqual(before)
  })

  it('tokens that come while a run is under way are in the next one, and both reports say so', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    let open = () => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    w.server.onRevoke = () => opened
    const first = await w.after(0, manager.signOut())
    await manager.adopt({ ...w.server.issue(), expiresAt: w.clock.now() + 300_000 })
    const second = await w.after(0, manager.signOut())
    open()
    expect(await w.after(100, Promise.all([first.revoked, second.revoked]))).toEqual(['revoked', 'revoked'])
    expect(revoked(w)).toEqual(['rt-1', 'at-1', 'rt-2', 'at-2'])
  })
})

describe('a store that refuses', () => {
  it('to forget what was revoked is asked again later; revoked twice is no harm', async () => {
    const w = world()
    const { manager, store } = await w.signedIn()
    w.server.onRevoke = () => {
      store.fault = (operation) => (operation === 'swap' ? 'before' : undefined)
    }
    await w.after(0, manager.signOut())
    await w.settle()
    expect((await w.record())?.outbox).toHaveLength(2)
    w.server.onRevoke = () => {}
    store.fault = () => undefined
    await w.clock.advance(10_000)
    expect((await w.record())?.outbox).toEqual([])
    expect(revoked(w)).toEqual(['rt-1', 'rt-1', 'at-1'])
  })
})

describe('dispose()', () => {
  it('ends the turns that wait, and asks nothing more', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    const times = asked(w, busy)
    await w.after(0, manager.signOut())
    await w.settle()
    manager.dispose()
    await w.clock.advance(600_000)
    expect(times).toHaveLength(1)
    expect(w.clock.pending).toBe(0)
  })

  it.each([
    ['what is answered after it is the last', () => undefined, ['rt-1']],
    ['what fails after it is not tried again', busy, []],
  ])('while one is being revoked: %s', async (_, answer, taken) => {
    const w = world()
    const { manager } = await w.signedIn()
    let open = () => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    let times = 0
    w.server.onRevoke = async () => {
      times++
      await opened
      return answer()
    }
    await w.after(0, manager.signOut())
    manager.dispose()
    open()
    await w.clock.advance(600_000)
    expect(times).toBe(1)
    expect(revoked(w)).toEqual(taken)
    expect(w.clock.pending).toBe(0)
  })
})

it('a lock that is lost while it is held does not ask the server a second time', async () => {
  const w = world()
  const stolen = outboxLock(async (_name, _options, run) => {
    await run()
    throw new DOMException('', 'AbortError')
  })
  const { manager } = await w.signedIn({ lock: stolen })
  const times = asked(w, busy)
  await w.after(100, manager.signOut())
  await w.clock.advance(1_000)
  expect(times).toHaveLength(1)
})
