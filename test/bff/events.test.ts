import { memoryStore } from 'tokenward/node'
import {
  allowInsecureLoopback,
  createBackchannelLogout,
  createDenylist,
  type DenylistStore,
} from 'tokenward/resource-server'
import { afterEach, describe, expect, it } from 'vitest'
import type { SessionAnswer } from '../../src/bff/page-answers.ts'
import { sessionLimits } from '../../src/manager/session-limits.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { manualClock } from '../support/manual-clock.ts'
import { type BffSite, bffSite, type Visitor, visitor } from './bff-site.ts'

let site: BffSite
afterEach(() => site?.stop())

/** An event stream of a visitor, and what it has said so far. */
async function streamOf(person: Visitor, host?: string) {
  const response = await person.ask('/auth/events', {}, host)
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  const said: SessionAnswer[] = []
  let comments = 0
  let text = ''
  const read = async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const events = (text + part.value).split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        const data = /^event: state\ndata: (.*)$/.exec(event)?.[1]
        if (data) said.push(JSON.parse(data))
        else if (event === ':') comments++
      }
    }
  }
  const ended = read()
  await expect.poll(() => said.length).toBe(1)
  return { response, said, ended, comments: () => comments, close: () => reader.cancel() }
}

const last = (said: readonly SessionAnswer[]) => [said.at(-1)?.status, said.at(-1)?.reason]

describe('the event stream', () => {
  it('tells the session as it is, and its end on every host, whichever host ended it', async () => {
    site = await bffSite({ hosts: 2 })
    const [alice, bob] = [await site.signedIn('alice'), await site.signedIn('bob')]
    const streams = await Promise.all(site.hosts.map((host) => streamOf(alice, host)))
    const other = await streamOf(bob)
    for (const { response, said } of streams) {
      expect(response.headers.get('content-type')).toBe('text/event-stream')
      // Compressed or collected on the way, an event would come with the next one.
      expect(response.headers.get('cache-control')).toBe('no-store, no-transform')
      expect(response.headers.getSetCookie()).toEqual([])
      expect(said).toMatchObject([{ status: 'signedIn', health: 'ok', session: { subject: 'alice' } }])
    }
    await alice.ask('/auth/logout', { method: 'POST' })
    await Promise.all(streams.map(({ ended }) => ended))
    expect(streams.map(({ said }) => last(said))).toEqual([
      ['signedOut', 'signed_out'],
      ['signedOut', 'signed_out_elsewhere'],
    ])
    expect(other.said).toHaveLength(1)
    await other.close()
  })

  it('BFF-13: a logout at the authorization server ends the streams of that person on all hosts, whichever heard of it', async () => {
    const entries = new Set<(entries: readonly unknown[]) => void>()
    const store: DenylistStore = {
      async append(added) {
        for (const hear of entries) hear(added)
      },
      follow({ onEntries, onCurrent }) {
        entries.add(onEntries)
        onCurrent(Date.now())
        return () => void entries.delete(onEntries)
      },
    }
    const denylists = [1, 2].map(() => createDenylist({ store, maxTokenLifetime: 30 * 86_400_000 }))
    let host = 0
    site = await bffSite({
      hosts: 2,
      hostPool: () => ({ denylist: denylists[host++] as (typeof denylists)[0] }),
      bff: (_, issuer) => ({
        backchannelLogout: createBackchannelLogout({
          issuer,
          clientId: 'web',
          denylist: denylists[0] as (typeof denylists)[0],
          [allowInsecureLoopback]: true,
        }),
      }),
    })
    const [alice, bob] = [await site.signedIn('alice'), await site.signedIn('bob')]
    // Only the other host has a stream of hers.
    const [hers, his] = [await streamOf(alice, site.hosts[1]), await streamOf(bob, site.hosts[1])]
    const body = new URLSearchParams({ logout_token: await site.server.logoutToken('alice') })
    expect((await fetch(`${site.origin}/auth/backchannel`, { method: 'POST', body })).status).toBe(200)
    await hers.ended
    expect(last(hers.said)).toEqual(['signedOut', 'session_ended'])
    expect(his.said).toHaveLength(1)
    await his.close()
  })

  it('BFF-13: such a logout does not wait for the store', async () => {
    const store = faultyStore(memoryStore<unknown>())
    const denylist = createDenylist({ maxTokenLifetime: 30 * 86_400_000 })
    site = await bffSite({ pool: { store, denylist } })
    const alice = await site.signedIn('alice')
    const hers = await streamOf(alice)
    let goOn = () => {}
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    store.delay = () => held
    await denylist.deny({ issuer: site.server.issuer, subject: 'alice', before: Date.now() })
    await hers.ended
    expect(last(hers.said)).toEqual(['signedOut', 'session_ended'])
    goOn()
    await expect.poll(async () => (await alice.session()).reason).toBe('session_ended')
  })

  it('says that a session has another name, and is open under that name', async () => {
    site = await bffSite()
    const alice = await site.signedIn()
    const stream = await streamOf(alice)
    await site.server.agree(`${site.origin}/auth/login`, 'alice', alice.cookies)
    await stream.ended
    expect(last(stream.said)).toEqual(['signedOut', 'renamed'])
    const again = await streamOf(alice)
    expect(again.said[0]?.status).toBe('signedIn')
    await again.close()
  })

  it('keeps no session alive, and ends with its limit', async () => {
    const clock = manualClock(Date.now())
    site = await bffSite({ pool: { clock, limits: sessionLimits({ idleTimeout: 60_000 }) }, bff: () => ({ clock }) })
    const stream = await streamOf(await site.signedIn())
    await clock.advance(59_000)
    expect(stream.said).toHaveLength(1)
    await expect.poll(stream.comments).toBeGreaterThan(0)
    await clock.advance(16_000)
    await stream.ended
    expect(last(stream.said)).toEqual(['signedOut', 'idle'])
  })

  it('finds out by itself what a lost message would have told', async () => {
    const clock = manualClock(Date.now())
    site = await bffSite({ hosts: 2, pool: { clock }, bff: () => ({ clock }) })
    const alice = await site.signedIn()
    const stream = await streamOf(alice, site.hosts[1])
    site.hub.mode = 'drop'
    await alice.ask('/auth/logout', { method: 'POST' })
    expect(stream.said).toHaveLength(1)
    await clock.advance(15_000)
    await stream.ended
    expect(last(stream.said)).toEqual(['signedOut', 'signed_out_elsewhere'])
  })

  it('leaves nothing behind when the page goes away', async () => {
    const clock = manualClock(Date.now())
    site = await bffSite({ bff: () => ({ clock }) })
    const alice = await site.signedIn()
    const before = clock.pending
    const streams = await Promise.all(Array.from({ length: 8 }, () => streamOf(alice)))
    expect(clock.pending).toBe(before + 8)
    await Promise.all(streams.map(({ close }) => close()))
    await expect.poll(() => clock.pending).toBe(before)
  })

  it('is open a hundred times at most for one session, and for others all the same', async () => {
    site = await bffSite()
    const [alice, bob] = [await site.signedIn('alice'), await site.signedIn('bob')]
    const streams = []
    for (let number = 0; number < 100; number++) streams.push(await streamOf(alice))
    const refused = await alice.ask('/auth/events')
    expect([refused.status, refused.headers.get('x-tokenward')]).toEqual([429, 'too_many_connections'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await refused.json()).message).toContain('100 event streams and WebSockets open at this host')
    expect((await alice.ask('/api/x')).status).toBe(200)
    await (await streamOf(bob)).close()

    await streams.pop()?.close()
    await expect.poll(async () => (await alice.ask('/auth/events')).status).toBe(200)
    await Promise.all(streams.map(({ close }) => close()))
  })

  it('is for nobody who is not signed in, and for no other site', async () => {
    site = await bffSite()
    const refused = await visitor(site.origin).ask('/auth/events')
    expect([refused.status, refused.headers.get('x-tokenward')]).toEqual([401, 'ERR_SIGNED_OUT'])
    const alice = await site.signedIn()
    expect((await alice.go('/auth/events')).status).toBe(403)
    expect((await alice.ask('/auth/events', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
  })
})
