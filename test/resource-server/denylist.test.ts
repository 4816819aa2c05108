import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Decision } from '../../src/resource-server/decision.ts'
import type { Denial, DenylistEntry } from '../../src/resource-server/denial.ts'
import { createDenylist, type DenylistStore } from '../../src/resource-server/denylist.ts'
import { createGuard } from '../../src/resource-server/guard.ts'
import { AUDIENCE, NOW, request, SECONDS, type TestIssuer, testIssuer } from './test-issuer.ts'

const iss = 'https://as.example.com'
const HOUR = 3_600_000
let now: number

beforeEach(() => {
  now = NOW
})

const listOf = (options = {}) => createDenylist({ now: () => now, ...options })
const token = (change = {}) => ({ iss, jti: 'j', sid: 's', sub: 'u', client_id: 'c', iat: SECONDS, ...change })

describe('one token', () => {
  it('INT-05: is denied by issuer and jti', async () => {
    const list = listOf()
    await list.deny({ issuer: iss, jti: 'j', expiresAt: NOW + 1_000 })
    expect(list.check(token())).toBe('revoked')
    expect(list.check(token({ jti: 'other' }))).toBeUndefined()
    expect(list.check(token({ iss: 'https://other.example.com' }))).toBeUndefined()
    expect(list.check(token({ jti: undefined }))).toBeUndefined()
  })

  it('INT-06: until its expiry and the leeway, not longer', async () => {
    const list = listOf({ leeway: 10_000 })
    await list.deny({ issuer: iss, jti: 'j', expiresAt: NOW + 5_000 })
    now += 14_999
    expect(list.check(token())).toBe('revoked')
    now += 1_001
    expect(list.check(token())).toBeUndefined()
  })
})

describe('a token that is denied', () => {
  const refusalOf = async (spelled: (signature: string) => string) => {
    const as = await testIssuer()
    const denylist = listOf()
    const guard = createGuard({ issuer: iss, audience: AUDIENCE, fetch: as.fetch, now: () => now, denylist })
    const [head, body, signature = ''] = (await as.accessToken({ jti: 'j' })).split('.')
    await denylist.deny({ issuer: iss, jti: 'j', expiresAt: NOW + HOUR })
    const shown = `${head}.${body}.${spelled(signature)}`
    expect(shown.endsWith(signature)).toBe(false)
    return guard(request(shown)).catch(({ reason }) => reason)
  }

  it('INT-05: is so with another spelling of its signature, too', async () => {
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const mirrored = (signature: string) => {
      const bytes = Buffer.from(signature, 'base64url')
      const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
      return Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')])
    }
    expect(await refusalOf((signature) => mirrored(signature).toString('base64url'))).toBe('revoked')
  })

  it('INT-06: is asked about only once its signature is right', async () => {
    expect(await refusalOf(() => 'A'.repeat(86))).toBe('signature_invalid')
  })
})

describe('INT-07: a cut-off', () => {
  const cases: [string, Denial, 'revoked' | 'session_ended', object][] = [
    ['a sign-in', { issuer: iss, sid: 's', before: NOW }, 'session_ended', { sid: 'other' }],
    ['a person', { issuer: iss, subject: 'u', before: NOW }, 'session_ended', { sub: 'other' }],
    ['a client', { issuer: iss, clientId: 'c', before: NOW }, 'revoked', { client_id: 'other' }],
    ['a grant', { issuer: iss, subject: 'u', clientId: 'c', before: NOW }, 'revoked', { client_id: 'other' }],
    [
      'a grant (another person)',
      { issuer: iss, subject: 'u', clientId: 'c', before: NOW },
      'revoked',
      { sub: 'other' },
    ],
  ]
  it.each(cases)('of %s hits what was issued up to then, and nothing later', async (_, denial, reason, other) => {
    const list = listOf()
    await list.deny(denial)
    expect(list.check(token())).toBe(reason)
    expect(list.check(token({ iat: SECONDS - 1 }))).toBe(reason)
    expect(list.check(token({ iat: SECONDS + 1 }))).toBeUndefined()
    expect(list.check(token({ iat: undefined }))).toBe(reason)
    expect(list.check(token(other))).toBeUndefined()
    expect(list.check(token({ iss: 'https://other.example.com' }))).toBeUndefined()
  })

  it('of a later time stays, whatever order they come in', async () => {
    const list = listOf()
    await list.deny({ issuer: iss, sid: 's', before: NOW + 5_000 }, { issuer: iss, sid: 's', before: NOW })
    expect(list.check(token({ iat: SECONDS + 5 }))).toBe('session_ended')
  })

  it('lives as long as tokens do', async () => {
    const list = listOf({ maxTokenLifetime: HOUR, leeway: 0 })
    await list.deny({ issuer: iss, subject: 'u', before: NOW })
    now += HOUR - 1
    expect(list.check(token())).toBe('session_ended')
    now += 2
    expect(list.check(token())).toBeUndefined()
  })

  it('of a grant cannot be confused by names', async () => {
    const list = listOf()
    await list.deny({ issuer: iss, subject: 'b', clientId: 'c a', before: NOW })
    for (const [sub, client_id] of [
      ['a b', 'c'],
      ['ab', 'c '],
      ['b', 'c a '],
    ] as const)
      expect(list.check(token({ sub, client_id }))).toBeUndefined()
  })
})

it('INT-06: what is over leaves the memory', async () => {
  const list = listOf({ leeway: 0 })
  for (let one = 0; one < 1_000; one++) await list.deny({ issuer: iss, jti: `a${one}`, expiresAt: NOW + 1_000 })
  expect(list.status().entries).toBe(1_000)
  now += 1_001
  for (let one = 0; one < 500; one++) await list.deny({ issuer: iss, jti: `b${one}`, expiresAt: NOW + HOUR })
  expect(list.status().entries).toBe(500)
  await list.deny({ issuer: iss, jti: 'old', expiresAt: NOW })
  expect(list.status().entries).toBe(500)
})

it('INT-06: nothing is lost while the clock is a day ahead for a moment', async () => {
  let come = (_: readonly unknown[]) => {}
  const list = listOf({
    store: {
      append: async () => {},
      follow(listener: Parameters<DenylistStore['follow']>[0]) {
        come = listener.onEntries
        return () => {}
      },
    },
  })
  await list.deny({ issuer: iss, subject: 'before', before: NOW })
  now += 26 * HOUR
  come([{ denial: { issuer: iss, subject: 'meanwhile', before: NOW }, until: NOW + 24 * HOUR }])
  for (let one = 0; one < 5; one++) await list.deny({ issuer: iss, jti: `j${one}`, expiresAt: now + HOUR })
  now = NOW
  const reasons = ['before', 'meanwhile', 'never'].map((sub) => list.check(token({ sub, jti: 'x' })))
  expect(reasons).toEqual(['session_ended', 'session_ended', undefined])
})

it.each([
  {},
  { issuer: iss },
  { issuer: iss, jti: 'x' },
  { issuer: iss, jti: '', expiresAt: NOW },
  { issuer: iss, jti: 1, expiresAt: NOW },
  { issuer: iss, sid: 'x' },
  { issuer: iss, sid: 'x', subject: 'y', before: NOW },
  { issuer: iss, sid: 'x', before: '2026' },
  { issuer: iss, sid: 'x', before: Number.NaN },
  { issuer: 1, sid: 'x', before: NOW },
  { sid: 'x', before: NOW },
])('%j is refused', async (denial) => {
  await expect(listOf().deny(denial as never)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' })
})

it.each([{ maxTokenLifetime: 0 }, { leeway: -1 }, { maxStaleness: 0 }, { whenStale: 'ignore' }])(
  '%j is an invalid option',
  (options) => {
    expect(() => listOf(options)).toThrow(Object.keys(options)[0] as string)
  },
)

describe('a store', () => {
  /** Two processes on one store, with the link in the test's hand. */
  function sharedStore() {
    const entries: DenylistEntry[] = []
    const followers = new Set<Parameters<DenylistStore['follow']>[0]>()
    const store: DenylistStore & { current(at?: number): void; fails: boolean } = {
      fails: false,
      async append(added) {
        if (store.fails) throw new Error('down')
        entries.push(...added)
        for (const one of followers) one.onEntries(added)
      },
      follow(listener) {
        listener.onEntries(entries)
        followers.add(listener)
        return () => void followers.delete(listener)
      },
      current(at = now) {
        for (const one of followers) one.onCurrent(at)
      },
    }
    return store
  }

  it('tells every process, also those that come later', async () => {
    const store = sharedStore()
    const [a, b] = [listOf({ store }), listOf({ store })]
    await a.deny({ issuer: iss, jti: 'j', expiresAt: NOW + HOUR })
    const late = listOf({ store })
    store.current()
    await Promise.all([a, b, late].map((list) => list.ready()))
    for (const list of [a, b, late]) expect(list.check(token())).toBe('revoked')
    late.close()
    await a.deny({ issuer: iss, jti: 'k', expiresAt: NOW + HOUR })
    expect([b, late].map((list) => list.check(token({ jti: 'k' })))).toEqual(['revoked', undefined])
  })

  it('that fails is told to the caller, and here it holds all the same', async () => {
    const store = sharedStore()
    const list = listOf({ store })
    store.fails = true
    await expect(list.deny({ issuer: iss, jti: 'j', expiresAt: NOW + HOUR })).rejects.toThrow('down')
    expect(list.check(token())).toBe('revoked')
  })

  describe('that is silent for too long', () => {
    let as: TestIssuer
    const told: Decision[] = []
    const outcome = async (whenStale: 'deny' | 'allow', silence: number) => {
      as = await testIssuer()
      const store = sharedStore()
      const denylist = listOf({ store, whenStale, maxStaleness: 10_000 })
      store.current()
      now += silence
      const onDecision = (one: Decision) => told.push(one)
      const guard = createGuard({
        issuer: iss,
        audience: AUDIENCE,
        fetch: as.fetch,
        now: () => now,
        denylist,
        onDecision,
      })
      return guard(request(await as.accessToken())).then(
        () => 'passed',
        ({ status, reason }) => `${status} ${reason}`,
      )
    }

    it('INT-06: denies by default', async () => {
      expect(await outcome('deny', 10_000)).toBe('passed')
      expect(await outcome('deny', 10_001)).toBe('503 denylist_stale')
    })

    it('INT-06: denies once the clock was set back, until it has heard again', () => {
      const store = sharedStore()
      const list = listOf({ store, maxStaleness: 10_000 })
      store.current()
      now -= HOUR
      expect([list.stale, list.status().staleness]).toEqual(['deny', Number.POSITIVE_INFINITY])
      store.current()
      expect([list.stale, list.status().staleness]).toEqual([undefined, 0])
    })

    it('a store whose clock is ahead is up to date', () => {
      const store = sharedStore()
      const list = listOf({ store })
      store.current(now + 5_000)
      expect(list.stale).toBeUndefined()
    })

    it('or goes on and says so', async () => {
      told.length = 0
      expect(await outcome('allow', 10_001)).toBe('passed')
      expect(told).toMatchObject([{ allowed: true, degraded: 'denylist_stale' }])
    })

    it('denies before it has heard anything at all', () => {
      expect(listOf({ store: sharedStore() }).stale).toBe('deny')
      expect(listOf().stale).toBeUndefined()
    })
  })
})

it('law: a token is refused if and only if a denial that still lives covers it', async () => {
  const name = fc.constantFrom('a', 'b', 'c')
  const second = fc.integer({ min: 0, max: 20 })
  const before = second.map((one) => NOW + one * 1_000)
  const denial: fc.Arbitrary<Denial> = fc.oneof(
    fc.record({ issuer: fc.constantFrom(iss, 'x'), jti: name, expiresAt: before }),
    fc.record({ issuer: fc.constantFrom(iss, 'x'), sid: name, before }),
    fc.record({ issuer: fc.constantFrom(iss, 'x'), subject: name, before }),
    fc.record({ issuer: fc.constantFrom(iss, 'x'), clientId: name, before }),
    fc.record({ issuer: fc.constantFrom(iss, 'x'), subject: name, clientId: name, before }),
  )
  const asked = fc.record({
    iss: fc.constantFrom(iss, 'x'),
    jti: name,
    sid: name,
    sub: name,
    client_id: name,
    iat: second,
  })
  await fc.assert(
    fc.asyncProperty(fc.array(denial, { maxLength: 30 }), asked, second, async (denials, { iat, ...names }, later) => {
      now = NOW
      const list = listOf({ leeway: 0, maxTokenLifetime: 15_000 })
      for (const one of denials) await list.deny(one)
      now = NOW + later * 1_000 + 500
      const issuedAt = NOW + iat * 1_000
      const covers = (one: Denial) => {
        if (one.issuer !== names.iss) return false
        if ('jti' in one) return one.jti === names.jti && one.expiresAt > now
        if (NOW + 15_000 <= now || issuedAt > one.before) return false
        if ('sid' in one) return one.sid === names.sid
        return (
          (!('subject' in one) || one.subject === names.sub) &&
          (!('clientId' in one) || one.clientId === names.client_id)
        )
      }
      const refused = list.check({ ...names, iat: issuedAt / 1_000 }) !== undefined
      expect(refused).toBe(denials.some(covers))
    }),
    { numRuns: 2_000 },
  )
})

it('a listener hears of denials of this process and of the store, until it does not want to any more', async () => {
  let come = (_: readonly unknown[]) => {}
  const list = createDenylist({
    store: {
      append: async () => {},
      follow({ onEntries }) {
        come = onEntries
        return () => {}
      },
    },
  })
  let heard = 0
  list.subscribe(() => {
    throw new Error('its own fault')
  })
  const stop = list.subscribe(() => heard++)
  const denial = { issuer: 'https://as.example', subject: 'alice', before: Date.now() }
  await list.deny(denial)
  expect(heard).toBe(1)
  come([{ denial: { ...denial, subject: 'bob' }, until: Date.now() + 60_000 }])
  expect(heard).toBe(2)
  come(['nothing that fits'])
  expect(heard).toBe(2)
  stop()
  await list.deny(denial)
  expect(heard).toBe(2)
})
