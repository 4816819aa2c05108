import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/in-process/memory-store.ts'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import {
  continues,
  type PendingRevocation,
  randomId,
  readRecord,
  revocable,
  type SessionRecord,
  supersedes,
  tombstone,
  withAccessToken,
  withPending,
} from '../../src/session/record.ts'
import { targetKey } from '../../src/session/target-key.ts'
import { itInDevelopment, itInProduction } from '../support/sentences.ts'
import { world } from '../support/world.ts'

const owner = { issuer: 'https://as.example', clientId: 'spa' }
const token = { value: 'at', type: 'Bearer' as const, obtainedAt: 1, expiresAt: 9, scope: 'notes' }
const full: SessionRecord = {
  ...{ version: 1, ...owner, grantId: 'g', generation: 3, refreshToken: 'rt', idToken: 'a.b.c', scope: 'notes' },
  ...{ accessTokens: { [targetKey({})]: token }, claims: { iss: owner.issuer, sub: 's', aud: 'spa', exp: 2, iat: 1 } },
  ...{ signedInAt: 1, obtainedAt: 2, usedAt: 3, lease: { owner: 'o', beat: 0, locked: true }, doubt: 'd' },
  ...{
    failure: { attempts: 1, delay: 2, beat: 'b' },
    outbox: [{ kind: 'refresh_token', token: 'old', addedAt: 1, grantId: 'g' }],
  },
}

async function found(value: unknown) {
  const store = memoryStore<unknown>()
  await store.swap('k', undefined, value)
  return readRecord(store, 'k', owner)
}

describe('readRecord', () => {
  it('takes what this version writes, as it was written', async () => {
    expect(await found(full)).toMatchObject({ record: full })
    const grave = tombstone(full, { at: 1, reason: 'signed_out' }, [])
    expect(await found(JSON.parse(JSON.stringify(grave)))).toMatchObject({ record: { signedOut: { at: 1 } } })
    expect(await readRecord(memoryStore(), 'k', owner)).toEqual({})
  })

  it("STO-04: another client's or issuer's record is not one, a newer one is left to newer code", async () => {
    expect(await found({ ...full, issuer: 'https://as.example/' })).toMatchObject({ problem: 'corrupt' })
    expect(await found({ ...full, clientId: 'other' })).toMatchObject({ problem: 'corrupt' })
    expect(await found({ version: 2 })).toMatchObject({ problem: 'newer' })
    expect(await found({ ...full, version: 0 })).toMatchObject({ problem: 'corrupt' })
    expect(await found({ ...full, version: '2' })).toMatchObject({ problem: 'corrupt' })
  })

  itInDevelopment(
    'STO-04: any member missing or of a wrong type makes it corrupt, or is harmless; it never throws',
    async () => {
      const optional = [
        'refreshToken',
        'idToken',
        'claims',
        'lease',
        'doubt',
        'failure',
        'signedOut',
        'resource',
        'expiresAt',
        'locked',
      ]
      const wrong = [null, true, 7, 'x', {}]
      const harmless: string[] = []
      const visit = async (build: (value: unknown) => unknown, path: string, value: unknown): Promise<void> => {
        const name = path.split('.').at(-1) as string
        if (!optional.includes(name) && !/^[\d ]+$/.test(name))
          expect([path, (await found(build(undefined))).problem]).toEqual([path, 'corrupt'])
        for (const bad of wrong) {
          if (typeof bad === typeof value && bad !== null) continue
          const { problem } = await found(build(bad))
          if (problem !== 'corrupt') harmless.push(`${path}=${JSON.stringify(bad)}`)
        }
        if (typeof value !== 'object' || value === null) return
        if (path === 'claims') return
        for (const [key, inner] of Object.entries(value))
          await visit((other) => build({ ...value, [key]: other }), path ? `${path}.${key}` : key, inner)
      }
      for (const [key, value] of Object.entries({ ...full, signedOut: { at: 1, reason: 'idle' } })) {
        await visit((other) => ({ ...full, [key]: other }), key, value)
      }
      // A version above 1 is newer, not corrupt; what only its owner reads may be anything.
      expect(harmless.filter((one) => !/locked=|^version=7/.test(one))).toEqual([])
    },
  )

  itInProduction('STO-04: a record without its tokens or its outbox is corrupt', async () => {
    for (const parts of [{ accessTokens: null }, { outbox: undefined }, { version: '1' }])
      expect(await found({ ...full, ...parts })).toMatchObject({ problem: 'corrupt' })
  })

  it('STO-04: no stored bytes throw, and none reach a prototype', async () => {
    const json = JSON.stringify(full)
    const polluting = json.replace(`${JSON.stringify(targetKey({}))}:`, '"__proto__":')
    const cut = fc.nat(json.length).map((end) => json.slice(0, end))
    const proto = fc.constantFrom(
      ...['{"__proto__":{"polluted":1}}', `{"__proto__":${json}}`, polluting],
      json.replace('"sub"', '"__proto__"'),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          cut,
          proto.map((text) => JSON.parse(text)),
          fc.anything(),
          fc.jsonValue(),
        ),
        async (value) => {
          const { record, problem } = await found(value ?? null)
          expect(record === undefined ? ['corrupt', 'newer'] : [undefined]).toContain(problem)
          expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
        },
      ),
      { numRuns: 500 },
    )
    const own = JSON.parse(polluting) as SessionRecord
    const after = withAccessToken(own.accessTokens, 'k', { ...token, obtainedAt: 2 })
    expect(Object.getPrototypeOf(after)).toBe(Object.prototype)
    expect(Object.keys(after)).toEqual(['k', '__proto__'])
  })
})

describe('a context and a record that is none', () => {
  it('STO-04: a corrupt record is removed by a swap on what was read, told once, and costs no living session', async () => {
    const w = world()
    const a = await w.signedIn()
    await w.write(() => ({ version: 1, accessTokens: 'x' }))
    const b = await w.opened()
    expect(b.manager.state).toEqual({ status: 'signedOut', reason: 'none' })
    await w.settle()
    expect(b.told).toEqual(['storage_corrupt'])
    expect(await w.record()).toBeUndefined()
    await w.clock.advance(6_000)
    await w.after(100, a.manager.getAccessToken())
    await w.settle()
    expect(a.told).toContain('storage_lost')
    expect(await w.record()).toMatchObject({ refreshToken: 'rt-1' })
  })

  it('COO-15: a newer record is neither written nor moved, and signs out until reload', async () => {
    const w = world()
    const a = await w.signedIn()
    const newer = { version: 2, secret: 'of the future' }
    await w.write(() => newer)
    await w.clock.advance(5_001)
    await expect(a.manager.getAccessToken()).rejects.toMatchObject({
      code: 'ERR_SIGNED_OUT',
      reason: 'incompatible_version',
    })
    const swaps = a.store.count.swap
    await expect(a.manager.refresh()).rejects.toMatchObject({ reason: 'incompatible_version' })
    await a.manager.signOut()
    await expect(a.manager.adopt({ accessToken: 'x' })).rejects.toMatchObject({ reason: 'incompatible_version' })
    await w.clock.advance(600_000)
    expect(a.store.count.swap).toBe(swaps)
    expect(await w.record()).toEqual(newer)
    expect(w.server.requests).toHaveLength(0)
  })

  it('a record that vanished is written back by a context that has it, and nothing is revoked', async () => {
    const w = world()
    const a = await w.signedIn()
    await w.write(() => undefined)
    await w.clock.advance(5_001)
    expect((await w.after(1_000, a.manager.getAccessToken())).value).toBe('at-1')
    await w.settle()
    expect(a.told.filter((type) => type === 'storage_lost')).toHaveLength(1)
    expect(await w.record()).toMatchObject({ refreshToken: 'rt-1', generation: 1 })
    expect(w.server.revoked).toEqual([])
  })
})

describe('what a record holds', () => {
  const pending = (token: string, addedAt: number): PendingRevocation => ({
    kind: 'refresh_token',
    token,
    addedAt,
    grantId: 'g',
  })
  const day = 24 * 3_600_000

  it('an outbox holds no token twice, nothing older than 30 days, and the newest 50', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(80), fc.nat(40)), { maxLength: 120 }),
        fc.array(fc.tuple(fc.nat(80), fc.nat(40)), { maxLength: 20 }),
        (old, added) => {
          const entries = (list: [number, number][]) => list.map(([id, at]) => pending(`t${id}`, at * day))
          const outbox = withPending(entries(old), entries(added), 40 * day)
          expect(new Set(outbox.map((one) => one.token)).size).toBe(outbox.length)
          expect(outbox.length).toBeLessThanOrEqual(50)
          expect(outbox.every(({ addedAt }) => 40 * day - addedAt < 30 * day)).toBe(true)
        },
      ),
    )
    const many = Array.from({ length: 60 }, (_, index) => pending(`t${index}`, index))
    expect(withPending(many, [], 60)[0]?.token).toBe('t10')
  })

  it("one more access token never drops another target's that still lives, up to 32", () => {
    const at = (obtainedAt: number, expiresAt?: number) => ({ ...token, obtainedAt, expiresAt })
    let all: SessionRecord['accessTokens'] = { old: at(1, 5), forever: at(2), alive: at(3, 100) }
    all = withAccessToken(all, 'new', at(10, 90))
    expect(Object.keys(all).sort()).toEqual(['alive', 'forever', 'new'])
    for (let index = 0; index < 40; index++) all = withAccessToken(all, `k${index}`, at(20 + index))
    expect(Object.keys(all)).toHaveLength(32)
    expect(all).toHaveProperty('k39')
    expect(all).not.toHaveProperty('k0')
  })

  it('a tombstone keeps the grant and its outbox, and nothing of the session', () => {
    const grave = tombstone(full, { at: 5, reason: 'idle' }, [pending('rt', 5)])
    expect(JSON.parse(JSON.stringify(grave))).toEqual({
      ...{
        version: 1,
        ...owner,
        grantId: 'g',
        generation: 3,
        scope: '',
        accessTokens: {},
        signedInAt: 1,
        obtainedAt: 2,
        usedAt: 3,
      },
      ...{ signedOut: { at: 5, reason: 'idle' }, outbox: [pending('old', 1), pending('rt', 5)] },
    })
  })

  it('what is to be revoked is the refresh token first, then access tokens that still live', () => {
    const accessTokens = {
      a: { ...token, value: 'dead', expiresAt: 4 },
      b: { ...token, value: 'alive' },
      c: { ...token, value: 'open', expiresAt: undefined },
    }
    expect(revocable({ ...full, accessTokens }, 5).map((one) => one.token)).toEqual(['rt', 'alive', 'open'])
  })

  it('targets with the same scope in another order are one target; another resource is another', () => {
    expect(targetKey({ scope: 'b a' })).toBe(targetKey({ scope: 'a b' }))
    expect(targetKey({ resource: 'x' })).not.toBe(targetKey({ scope: 'x' }))
    expect(targetKey({})).toBe(targetKey({ resource: undefined, scope: undefined }))
    expect(targetKey({})).toBe(targetKey({ resource: '', audience: '', scope: '' }))
    expect(targetKey({ scope: 'a b' })).toBe(targetKey({ scope: ' a  b a' }))
  })

  it('two targets share no token, whatever characters their names hold', () => {
    const part = fc.stringMatching(/^[ab \n"\\,]{0,3}$/)
    const scopes = ({ scope }: { scope: string }) => [...new Set(scope.split(' ').filter(Boolean))].sort()
    const target = fc.record({ resource: part, audience: part, scope: part })
    const meant = (one: { resource: string; audience: string; scope: string }) =>
      JSON.stringify({ ...one, scope: scopes(one) })
    fc.assert(
      fc.property(target, target, (a, b) => (targetKey(a) === targetKey(b)) === (meant(a) === meant(b))),
      { numRuns: 5_000 },
    )
    expect(targetKey({ resource: 'a b', scope: 'c' })).not.toBe(targetKey({ resource: 'a', scope: 'b c' }))
    expect(targetKey({ scope: 'a\nb' })).not.toBe(targetKey({ scope: 'a', audience: 'b' }))
  })

  it('a later generation or an end supersedes, and nothing supersedes an end', () => {
    const later = { ...full, generation: 4 }
    const grave = tombstone(full, { at: 1, reason: 'signed_out' }, [])
    expect([supersedes(later, full), supersedes(full, later), supersedes(full, full)]).toEqual([true, false, false])
    expect([supersedes(grave, later), supersedes(later, grave), supersedes(grave, grave)]).toEqual([true, false, false])
    expect(supersedes({ ...later, grantId: 'h' }, full)).toBe(false)
  })

  it('a session goes on with calls of its own grant and of the one it follows, and with nobody else’s', () => {
    const after = { ...full, follows: 'f' }
    expect(['g', 'f', 'x', undefined].map((grant) => continues(after, grant))).toEqual([true, true, false, false])
    expect([continues(full, undefined), continues(undefined, 'g'), continues(undefined, undefined)]).toEqual([
      ...[false, false, false],
    ])
  })

  it('random ids are 128 bits', () => {
    const ids = new Set(Array.from({ length: 100 }, () => randomId(webCrypto)))
    expect(ids.size).toBe(100)
    expect([...ids].every((id) => /^[\w-]{22}$/.test(id))).toBe(true)
  })
})
