import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TokenManagerError } from '../../src/errors.ts'
import type { SessionRecord } from '../../src/session/record.ts'
import { type Held, LOADING, type SessionEffect, type SessionEvent, transition } from '../../src/session/state.ts'

const error = new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'timeout')

function record(grantId: string, generation: number, more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    ...{ version: 1, issuer: 'https://as.example', clientId: 'spa', grantId, generation, scope: 'notes' },
    ...{ refreshToken: `rt-${grantId}-${generation}`, accessTokens: {}, outbox: [], obtainedAt: 1, usedAt: 1 },
    signedInAt: grantId.charCodeAt(0),
    ...more,
  }
}

function grave(grantId: string, generation: number, reason: 'signed_out' | 'rejected' = 'signed_out'): SessionRecord {
  return record(grantId, generation, { refreshToken: undefined, scope: '', signedOut: { at: 1, reason } })
}

/** Runs events one after the other. */
function run(events: readonly SessionEvent[], from: Held = LOADING): { held: Held; effects: readonly SessionEffect[] } {
  let held = from
  let effects: readonly SessionEffect[] = []
  for (const event of events) [held, effects] = transition(held, event)
  return { held, effects }
}

const read = (record: SessionRecord | undefined, order: number, own = false): SessionEvent => ({
  type: 'read',
  record,
  order,
  own,
})

const grants = fc.constantFrom('a', 'b')
const generations = fc.integer({ min: 1, max: 4 })
const aRecord = fc.oneof(
  fc.tuple(grants, generations).map(([grantId, generation]) => record(grantId, generation)),
  fc.tuple(grants, generations).map(([grantId, generation]) => grave(grantId, generation)),
  fc
    .tuple(grants, generations)
    .map(([grantId, generation]) => record(grantId, generation, { refreshToken: undefined, doubt: 'x' })),
)
const anEvent: fc.Arbitrary<SessionEvent> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(aRecord, fc.integer({ min: 1, max: 30 }), fc.boolean()).map(([r, o, own]) => read(r, o, own)),
  },
  fc.integer({ min: 1, max: 30 }).map((order) => read(undefined, order)),
  fc.tuple(aRecord, fc.boolean(), fc.nat()).map(([from, usable, retryAt]) => {
    const error = new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'timeout', undefined, { retryAt })
    return { type: 'refresh_failed' as const, from, error, usable }
  }),
  grants.map((grantId) => ({ type: 'ended' as const, grantId, reason: 'signed_out' as const })),
  fc
    .constantFrom('sign_in_failed' as const, 'storage_lost' as const, 'incompatible_version' as const)
    .map((reason) => ({ type: 'none' as const, reason })),
)
const history = fc.array(anEvent, { maxLength: 12 }).map((events) => run(events).held)

/** What a person could see, or an application could branch on. */
const visible = (held: Held) => JSON.stringify(held.state)

describe('transition: laws', () => {
  it('the generation of a grant in memory only grows', () => {
    fc.assert(
      fc.property(history, anEvent, (held, event) => {
        const [next] = transition(held, event)
        if (held.record && next.record?.grantId === held.record.grantId && !next.record.signedOut)
          expect(next.record.generation).toBeGreaterThanOrEqual(held.record.generation)
      }),
    )
  })

  it('a grant that was seen buried does not come back by a read that began earlier', () => {
    fc.assert(
      fc.property(
        history,
        grants,
        generations,
        generations,
        fc.array(anEvent, { maxLength: 5 }),
        (held, id, one, two, more) => {
          const { order } = held
          if (order === Infinity) return
          const buried = transition(held, read(grave(id, one), order + 1))[0]
          const late = more.filter((event) => event.type !== 'read' || (event.order <= order && !event.own))
          const after = run([...late, read(record(id, two), order)], buried).held
          expect(after.state.status === 'signedIn' && after.record?.grantId === id).toBe(false)
        },
      ),
    )
  })

  it('RT-18 a grant that ended here never comes back, whatever is read', () => {
    fc.assert(
      fc.property(
        history,
        grants,
        fc.array(aRecord.chain((r) => fc.nat(40).map((o) => read(r, o)))),
        (held, id, reads) => {
          const ended = transition(held, { type: 'ended', grantId: id, reason: 'signed_out' })[0]
          if (ended.state.status === 'signedIn') return
          for (const event of reads.filter(
            ({ type, ...e }) => type === 'read' && 'record' in e && e.record?.grantId === id,
          ))
            expect(transition(ended, event)[0].state.status).toBe('signedOut')
        },
      ),
    )
  })

  it('RT-18 a grant whose tombstone was read does not come back, even if the next grant does not name it', () => {
    fc.assert(
      fc.property(history, generations, generations, (held, one, two) => {
        if (held.state.status !== 'signedIn') return
        const { record: live, order } = held
        const { grantId } = live as SessionRecord
        const events = [read(grave(grantId, one), order + 1), read(record('next', 1), order + 2)]
        const after = run([...events, read(record(grantId, two), order + 3)], { ...held, unsaved: undefined }).held
        expect(after.record?.grantId).toBe('next')
      }),
    )
  })

  it('a tombstone of the living grant is always believed, however late it comes and whatever memory is ahead by', () => {
    fc.assert(
      fc.property(history, generations, fc.integer({ min: 0, max: 40 }), (held, generation, order) => {
        if (held.state.status !== 'signedIn') return
        const { grantId } = held.record as SessionRecord
        expect(transition(held, read(grave(grantId, generation), order))[0].state.status).toBe('signedOut')
      }),
    )
  })

  it('the state is the same object exactly until something visible changes, and only then are subscribers told', () => {
    fc.assert(
      fc.property(history, anEvent, (held, event) => {
        const [next, effects] = transition(held, event)
        expect(next.state === held.state).toBe(visible(next) === visible(held))
        expect(effects.includes('notify')).toBe(next.state !== held.state)
      }),
    )
  })

  it('an answer about another grant or generation changes nothing', () => {
    fc.assert(
      fc.property(history, aRecord, fc.boolean(), (held, from, usable) => {
        if (held.record?.grantId === from.grantId && held.record.generation === from.generation) return
        expect(transition(held, { type: 'refresh_failed', from, error, usable })[0]).toBe(held)
      }),
    )
  })

  it('the record in memory lives exactly when the state is signed in', () => {
    fc.assert(
      fc.property(history, (held) => {
        const lives = held.record !== undefined && held.record.signedOut === undefined
        expect(lives).toBe(held.state.status === 'signedIn')
      }),
    )
  })
})

describe('transition: examples', () => {
  const signedIn = run([read(record('a', 1), 1)])

  it('a first read signs in, or out without a reason to show', () => {
    expect(signedIn.held.state).toMatchObject({ status: 'signedIn', health: 'ok', session: { scope: 'notes' } })
    expect(signedIn.effects).toEqual(['notify', 'arm'])
    expect(run([read(undefined, 1)]).held.state).toEqual({ status: 'signedOut', reason: 'none' })
    expect(run([read(grave('a', 1, 'rejected'), 1)]).held.state).toMatchObject({
      status: 'signedOut',
      reason: 'rejected',
    })
  })

  it("another context's refresh is adopted without a new state", () => {
    const { held, effects } = run([read(record('a', 2), 2)], signedIn.held)
    expect(held.state).toBe(signedIn.held.state)
    expect(effects).toEqual(['arm', 'adopted'])
    expect(run([read(record('a', 2), 2, true)], signedIn.held).effects).toEqual(['arm'])
  })

  it('a sign-out elsewhere is called that, and brings its outbox', () => {
    const outbox = [{ kind: 'refresh_token' as const, token: 'x', addedAt: 1, grantId: 'a' }]
    const { held, effects } = run([read({ ...grave('a', 1), outbox }, 2)], signedIn.held)
    expect(held.state).toMatchObject({ status: 'signedOut', reason: 'signed_out_elsewhere' })
    expect(effects).toEqual(['notify', 'arm', 'drain'])
    const own = run([read(grave('a', 1), 2, true)], signedIn.held)
    expect(own.held.state).toMatchObject({ status: 'signedOut', reason: 'signed_out' })
  })

  it('a record that vanished is written back by who still has it', () => {
    const { held, effects } = run([read(undefined, 2)], signedIn.held)
    expect(held).toBe(signedIn.held)
    expect(effects).toEqual(['storage_lost'])
    expect(run([read(undefined, 0)], signedIn.held).effects).toEqual([])
  })

  it('a failed refresh suspends only a session without a usable token, until the next commit', () => {
    const from = record('a', 1)
    expect(run([{ type: 'refresh_failed', from, error, usable: true }], signedIn.held).held.state).toBe(
      signedIn.held.state,
    )
    const suspended = run([{ type: 'refresh_failed', from, error, usable: false }], signedIn.held)
    expect(suspended.held.state).toMatchObject({ status: 'signedIn', health: 'suspended', cause: error })
    const throttled = new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'throttled', undefined, { retryAt: 5 })
    const again = run([{ type: 'refresh_failed', from, error: throttled, usable: false }], suspended.held)
    expect(again.held.state).toBe(suspended.held.state)
    expect(run([read(record('a', 2), 3)], suspended.held).held.state).toMatchObject({ health: 'ok' })
    expect(run([read(record('a', 1), 3)], suspended.held).held.state).toBe(suspended.held.state)
  })

  it('a grant whose refresh token is of unknown outcome suggests a sign-in, and a late commit revives it', () => {
    const doubtful = run([read(record('a', 1, { refreshToken: undefined, doubt: 'x' }), 2)], signedIn.held)
    expect(doubtful.held.state).toMatchObject({ status: 'signedIn', health: 'sign_in_suggested' })
    expect(run([read(record('a', 2), 3)], doubtful.held).held.state).toMatchObject({ health: 'ok' })
  })

  it('another sign-in takes over, and another person is announced', () => {
    const alice = run([read(record('a', 1, { claims: { iss: 'i', sub: 'alice', aud: 'spa', exp: 2, iat: 1 } }), 1)])
    const bob = record('b', 1, { claims: { iss: 'i', sub: 'bob', aud: 'spa', exp: 2, iat: 1 } })
    const { held, effects } = run([read(bob, 2)], alice.held)
    expect(held.state).toMatchObject({ session: { subject: 'bob' } })
    expect(effects).toEqual(['notify', 'arm', 'user_changed'])
  })

  it('COO-15 after a newer version wrote the record nothing that is read counts', () => {
    const newer = run([{ type: 'none', reason: 'incompatible_version' }], signedIn.held)
    expect(newer.held.state).toEqual({ status: 'signedOut', reason: 'incompatible_version' })
    expect(run([read(record('a', 9), 99)], newer.held).held.state).toBe(newer.held.state)
  })

  it('a failed sign-in or an unreadable store does not take a living session away', () => {
    for (const reason of ['sign_in_failed', 'storage_lost'] as const)
      expect(run([{ type: 'none', reason, error }], signedIn.held).held).toBe(signedIn.held)
    expect(run([{ type: 'none', reason: 'sign_in_failed', error }]).held.state).toMatchObject({
      reason: 'sign_in_failed',
      error,
    })
  })

  it('after an unreadable store, the next read says whether somebody is signed in, and how the last session ended', () => {
    const unread = run([{ type: 'none', reason: 'storage_lost', error }]).held
    expect(unread.state).toEqual({ status: 'signedOut', reason: 'storage_lost', error })
    expect(run([read(undefined, 1)], unread).held.state).toEqual({ status: 'signedOut', reason: 'none' })
    expect(run([read(record('a', 1), 1)], unread).held.state).toMatchObject({ status: 'signedIn' })
    const { held, effects } = run([read(grave('a', 1), 1)], unread)
    expect(held.state).toMatchObject({ status: 'signedOut', reason: 'signed_out' })
    expect(effects).toContain('notify')
  })

  it('an unreadable store says nothing of a session that has ended, and a failed sign-in does', () => {
    const { held } = run([read(grave('a', 1), 1)])
    expect(run([{ type: 'none', reason: 'storage_lost', error }], held).held.state).toBe(held.state)
    const failed = run([{ type: 'none', reason: 'sign_in_failed', error }], held).held
    expect(failed.state).toEqual({ status: 'signedOut', reason: 'sign_in_failed', error })
  })

  it('the same person who signs in again is nobody else', () => {
    expect(run([read(record('b', 1), 2)], signedIn.held).effects).not.toContain('user_changed')
  })

  it('returnTo belongs to the page that completed the sign-in, and stays there', () => {
    const { held } = run([{ type: 'read', record: record('a', 1), order: 1, own: true, returnTo: '/notes' }])
    expect(run([read(record('a', 2), 2)], held).held.state).toMatchObject({ session: { returnTo: '/notes' } })
  })

  it('RT-16 maxAge counts from the sign-in, not from a refresh', () => {
    const [held] = transition(LOADING, read(record('a', 3, { obtainedAt: 500 }), 1), 1_000)
    expect(held.state).toMatchObject({ session: { maxAgeAt: 1_097 } })
  })
})
