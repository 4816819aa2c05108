import { describe, expect, it } from 'vitest'
import { createDenylist, type DenylistOptions, type DenylistStore } from '../../src/resource-server/denylist.ts'
import { NOW } from '../resource-server/test-issuer.ts'

const issuer = 'https://as.example.com'
const LATER = NOW + 60_000

/** A denylist, and whoever can write into its store. */
function world(options: Partial<DenylistOptions> = {}) {
  let write = (_entries: readonly unknown[]) => {}
  const store: DenylistStore = {
    append: async () => {},
    follow({ onEntries, onCurrent }) {
      onCurrent(NOW)
      write = (entries) => {
        onEntries(entries)
        onCurrent(NOW)
      }
      return () => {}
    },
  }
  const denylist = createDenylist({ store, now: () => NOW, ...options })
  return { denylist, write: (...entries: unknown[]) => write(entries) }
}

const denial = { issuer, jti: 'j', expiresAt: LATER }
const before = { issuer, before: NOW }

/** What no denylist appends. */
const foreign: readonly [string, unknown][] = [
  ...[null, undefined, true, 0, '', 'text', [], [null], {}].map((value): [string, unknown] => [
    JSON.stringify(value) ?? 'undefined',
    value,
  ]),
  ...[null, undefined, Number.NaN, Infinity, `${LATER}`, [LATER], {}].map((until): [string, unknown] => [
    `until is ${String(until)} (${typeof until})`,
    { denial, until },
  ]),
  ...[null, undefined, 'x', 1, [], {}].map((value): [string, unknown] => [
    `denial is ${JSON.stringify(value)}`,
    { denial: value, until: LATER },
  ]),
  ...[
    { ...denial, issuer: undefined },
    { ...denial, issuer: null },
    { ...denial, issuer: 1 },
    { ...denial, issuer: '' },
    { ...denial, jti: '' },
    { ...denial, jti: null },
    { ...denial, jti: { toString: 1 } },
    { ...denial, expiresAt: undefined },
    { ...denial, expiresAt: Number.NaN },
    { ...denial, expiresAt: '1' },
    { ...before },
    { ...before, sid: 1 },
    { ...before, sid: 's', before: null },
    { ...before, sid: 's', before: Number.NaN },
    { ...before, sid: 's', before: Infinity },
    { ...before, sid: 's', before: `${NOW}` },
    { ...before, sid: 's', owner: 1 },
    { ...before, sid: 's', owner: '' },
    { ...before, subject: 'person', owner: 'person' },
    { ...before, subject: ['person'] },
    { ...before, subject: 'person', clientId: null },
    { ...before, subject: 'person', clientId: undefined },
    { ...before, subject: 'person', sid: 's' },
    { ...before, clientId: {} },
    { ...before, device: 'what a newer version denies' },
    { ...denial, sid: 's', before: NOW },
  ].map((value): [string, unknown] => [JSON.stringify(value), { denial: value, until: LATER }]),
]

describe('SECURITY.md: Somebody who can write to Redis can deny anybody, but cannot take back a denial that a running process knows', () => {
  const denied = [
    { issuer, jti: 'j', expiresAt: LATER },
    { issuer, sid: 's', before: NOW },
    { issuer, subject: 'person', before: NOW },
    { issuer, clientId: 'spa', before: NOW },
  ]
  const tokens = [{ jti: 'j' }, { sid: 's' }, { sub: 'person' }, { client_id: 'spa' }].map((one) => ({
    ...{ iss: issuer, iat: NOW / 1_000 },
    ...one,
  }))

  it.each(foreign)('with an entry that is %s', async (_, entry) => {
    const { denylist, write } = world()
    await denylist.deny(...denied)
    write(entry)
    for (const token of tokens) expect(denylist.check(token)).toBeDefined()
  })

  it('with entries that deny the same for a shorter time, or no time at all', async () => {
    const { denylist, write } = world()
    await denylist.deny(...denied)
    for (const one of denied)
      for (const until of [LATER - 1, 0, -1, NOW, Number.NaN])
        write({ denial: { ...one, ...('before' in one && { before: 0 }) }, until })
    for (const token of tokens) expect(denylist.check(token)).toBeDefined()
  })
})

describe('SECURITY.md: An entry that does not fit is skipped and counted', () => {
  it.each(foreign)('hides none of those beside it, and is told: %s', async (_, entry) => {
    const told: number[] = []
    const { denylist, write } = world({ onSkipped: (count) => told.push(count) })
    write({ denial: { ...denial, jti: 'first' }, until: LATER }, entry, { denial, until: LATER })
    for (const jti of ['first', 'j']) expect(denylist.check({ iss: issuer, jti })).toBe('revoked')
    expect(denylist.status()).toEqual({ entries: 2, staleness: 0, skipped: 1 })
    expect(told).toEqual([1])
    expect(denylist.stale).toBeUndefined()
  })

  it('is told once for those that came together, and whoever listens has no say', async () => {
    const { denylist, write } = world({
      onSkipped: () => {
        throw new Error('own')
      },
    })
    write(null, 1, { denial, until: LATER })
    write('x')
    expect(denylist.status()).toMatchObject({ entries: 1, skipped: 3 })
  })
})

it('what one process may deny, every other one takes', async () => {
  const appended: unknown[] = []
  const store: DenylistStore = { append: async (entries) => void appended.push(...entries), follow: () => () => {} }
  const denylist = createDenylist({ store, now: () => NOW, maxTokenLifetime: Number.MAX_SAFE_INTEGER })
  await denylist.deny(
    { issuer, jti: 'j', expiresAt: 1e300 },
    { issuer, sid: 's', owner: 'person', before: 1e300 },
    { issuer, sid: 's', before: -1 },
    { issuer, subject: 'person', before: NOW + 0.5 },
    { issuer, subject: 'person', clientId: 'spa', before: NOW },
    { issuer, clientId: 'spa', before: NOW },
  )
  const { denylist: other, write } = world()
  write(...appended.map((entry) => JSON.parse(JSON.stringify(entry))))
  expect(other.status()).toMatchObject({ entries: denylist.status().entries, skipped: 0 })
  for (const option of ['maxTokenLifetime', 'leeway'])
    expect(() => createDenylist({ [option]: Infinity })).toThrow(option)
})
