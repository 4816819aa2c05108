import { memoryStore } from 'tokenward/node'
import { createDenylist, type DenylistStore } from 'tokenward/resource-server'
import { afterEach, describe, expect, it } from 'vitest'
import { faultyStore } from '../support/faulty-store.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { type BffSite, bffSite } from './bff-site.ts'

let site: BffSite
afterEach(() => site?.stop())

describe('while the store is away', () => {
  it('nobody is signed out: who is not in memory is asked to come again, and is signed in afterwards', async () => {
    const store = faultyStore(memoryStore<unknown>())
    site = await bffSite({ pool: { store, maxSessions: 1 } })
    const alice = await site.signedIn('alice')
    const bob = await site.signedIn('bob')
    store.fault = () => 'before'
    for (const path of ['/api/x', '/auth/session']) {
      const { status, headers } = await alice.ask(path)
      expect([path, status, headers.get('x-tokenward')]).toEqual([path, 503, 'ERR_STORE_FAILED'])
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
      expect(headers.getSetCookie()).toEqual([])
    }
    store.fault = () => undefined
    expect((await alice.ask('/api/x')).status).toBe(200)
    expect((await bob.ask('/api/x')).status).toBe(200)
  })

  it('nobody can begin to sign in, and is told to try again', async () => {
    const store = faultyStore(memoryStore<unknown>())
    site = await bffSite({ pool: { store } })
    const alice = await site.signedIn()
    store.fault = () => 'before'
    const { status, headers } = await alice.go('/auth/login')
    expect([status, headers.has('retry-after'), headers.getSetCookie()]).toEqual([503, true, []])
  })

  it('signing out works in the browser at once, and in the store as soon as it is back', async () => {
    const store = faultyStore(memoryStore<unknown>())
    const clock = manualClock()
    site = await bffSite({ pool: { store, maxSessions: 1 }, bff: () => ({ clock }) })
    const alice = await site.signedIn()
    await site.signedIn('bob')
    store.fault = () => 'before'
    const out = await alice.ask('/auth/logout', { method: 'POST' })
    expect([out.status, await out.json()]).toEqual([200, { local: 'memory_only' }])
    expect(out.headers.getSetCookie()).toEqual([expect.stringContaining('Max-Age=0')])
    store.fault = () => undefined
    await clock.advance(1_000)
    await expect.poll(async () => (await alice.session()).status).toBe('signedOut')
  })
})

it('while the denylist is out of date calls have to come again, and signing out works', async () => {
  const store: DenylistStore = { append: async () => {}, follow: () => () => {} }
  site = await bffSite({ pool: { denylist: createDenylist({ store }) } })
  const alice = await site.signedIn()
  for (const path of ['/api/x', '/auth/session', '/auth/events']) {
    const { status, headers } = await alice.ask(path)
    expect([path, status, headers.get('x-tokenward')]).toEqual([path, 503, 'ERR_TEMPORARILY_UNAVAILABLE'])
  }
  const out = await alice.ask('/auth/logout', { method: 'POST' })
  expect([out.status, await out.json()]).toEqual([200, expect.objectContaining({ local: 'removed' })])
  expect((await alice.session()).status).toBe('signedOut')
})

/** Lifetime of the access tokens, ms. */
const LIFETIME = 60_000

/** `work`, while time goes by. */
async function meanwhile<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let isDone = false
  const done = work.finally(() => {
    isDone = true
  })
  while (!isDone) await clock.advance(100)
  return done
}

describe('at the expiry of the access token', () => {
  it('8 tabs on 2 hosts cost one token request, and all are answered', async () => {
    const clock = manualClock(Date.now())
    site = await bffSite({ hosts: 2, accessTokenTtl: LIFETIME / 1000, pool: { clock } })
    const alice = await site.signedIn()
    expect((await alice.ask('/api/x', {}, site.hosts[1])).status).toBe(200)
    site.server.grants.splice(0)
    await clock.advance(LIFETIME + 1_000)
    const calls = Array.from({ length: 80 }, async (_, n) => (await alice.ask('/api/x', {}, site.hosts[n % 2])).status)
    expect(await meanwhile(clock, Promise.all(calls))).toEqual(Array(80).fill(200))
    expect(site.server.grants).toEqual(['refresh_token granted'])
  })
})

describe('while the authorization server is away', () => {
  it('calls go on as long as the access token is good, and nobody is signed out then', async () => {
    const clock = manualClock(Date.now())
    site = await bffSite({ accessTokenTtl: LIFETIME / 1000, pool: { clock } })
    const alice = await site.signedIn()
    await site.server.stop()
    expect((await alice.ask('/api/x')).status).toBe(200)
    await clock.advance(LIFETIME + 1_000)
    const { status, headers } = await meanwhile(clock, alice.ask('/api/x'))
    expect([status, headers.has('retry-after')]).toEqual([503, true])
    expect(await alice.session()).toMatchObject({ status: 'signedIn', health: 'suspended' })
  })
})
