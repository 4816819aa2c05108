import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { refreshWorker } from '../../../src/browser/refresh-worker.ts'
import { refreshForPages } from '../../../src/browser/worker/refresh-for-pages.ts'
import { alwaysOnline } from '../../../src/in-process/always-online.ts'
import { memoryStore } from '../../../src/in-process/memory-store.ts'
import { systemClock } from '../../../src/in-process/system-clock.ts'
import { webCrypto } from '../../../src/in-process/web-crypto.ts'
import { createTokenManager, type TokenManager, type TokenManagerEventType } from '../../../src/index.ts'
import type { Degradation, Platform, Store } from '../../../src/ports.ts'
import { channelHub } from '../../support/channel-hub.ts'
import { faultyStore } from '../../support/faulty-store.ts'
import { lockManager } from '../../support/lock-manager.ts'
import { type SimulatedServer, simulatedServer } from '../../support/simulated-server.ts'

const told: TokenManagerEventType[] = ['refreshing', 'refreshed', 'adopted', 'waited', 'refresh_failed', 'signed_out']

interface Page {
  readonly manager: TokenManager
  readonly events: TokenManagerEventType[]
  readonly reports: Degradation[]
  /** Everything that was said between it and the worker, both ways. */
  readonly messages: unknown[]
  /** How often it started or joined the worker. */
  joined(): number
}

let server: SimulatedServer
let store: Store<unknown>
let hub: ReturnType<typeof channelHub>
let locks: ReturnType<typeof lockManager>
let ports: MessagePort[]
let managers: TokenManager[]
let fetched: string[]

beforeEach(() => {
  server = simulatedServer(Date.now, 'secret-')
  store = memoryStore()
  hub = channelHub()
  locks = lockManager()
  ports = []
  managers = []
  fetched = []
})
afterEach(() => {
  for (const manager of managers) manager.dispose()
  for (const port of ports) port.close()
})

/** What one context of the origin has; `name` tells whose requests they are. */
function platform(name: string): Platform {
  return {
    ...{ store: { ...store }, channel: hub.context(), clock: systemClock, crypto: webCrypto, lifecycle: alwaysOnline },
    lock: { spans: 'store', request: async (lock, { signal }, run) => locks.request(lock, { signal }, run) as never },
    fetch(input, init) {
      if (init?.method === 'POST') fetched.push(name)
      return server.fetch(input, init)
    },
  }
}

/** A page of the origin whose worker is `answer`. */
async function page(answer: (message: unknown) => Promise<unknown>, name = 'page'): Promise<Page> {
  const messages: unknown[] = []
  const reports: Degradation[] = []
  let joined = 0
  const create = () => {
    joined++
    const { port1, port2 } = new MessageChannel()
    ports.push(port1, port2)
    port2.onmessage = async ({ data }) => {
      messages.push(data)
      const said = await answer(data)
      messages.push(said)
      port2.postMessage(said)
    }
    return { port: port1, onerror: null } as unknown as SharedWorker
  }
  const options = { issuer: server.issuer, clientId: 'spa', scope: 'notes' }
  const manager = createTokenManager(options, {
    ...platform(name),
    refreshElsewhere: refreshWorker(create).start(options, (step) => reports.push(step)),
  })
  managers.push(manager)
  const events: TokenManagerEventType[] = []
  for (const type of told) manager.on(type, () => void events.push(type))
  await manager.ready()
  return { manager, events, reports, messages, joined: () => joined }
}

async function signIn({ manager }: Page) {
  const { accessToken, refreshToken } = server.issue()
  await manager.adopt({ accessToken, refreshToken, expiresAt: Date.now() + 300_000 })
}

/** For what has to come, on however busy a machine. */
const PATIENT = { timeout: 20_000 }

const delay = (ms: number) => async () => void (await sleep(ms))

describe('refreshing for pages', () => {
  it('the worker sends the refresh token, and the page adopts what came of it', async () => {
    const one = await page(refreshForPages(platform('worker')))
    await signIn(one)
    const before = (await one.manager.getAccessToken()).value
    const after = await one.manager.refresh()
    expect(after.value).not.toBe(before)
    expect(fetched).toEqual(['worker'])
    expect(one.events).toEqual(['adopted', 'waited'])
    expect(one.reports).toEqual([])
  })

  it('STO-03 STO-11: no message between page and worker holds a token', async () => {
    const one = await page(refreshForPages(platform('worker')))
    await signIn(one)
    await one.manager.refresh()
    expect(one.messages).toHaveLength(2)
    expect(JSON.stringify([one.messages, hub.posted])).not.toContain('secret-')
  })

  it('COO-01: pages that ask for the same refresh get one', async () => {
    server.before = delay(100)
    const answer = refreshForPages(platform('worker'))
    const pages = [await page(answer)]
    await signIn(pages[0] as Page)
    for (let more = 0; more < 3; more++) pages.push(await page(answer))
    await Promise.all(pages.map(({ manager }) => manager.refresh()))
    expect(fetched).toEqual(['worker'])
    expect(server.reuse).toBe(0)
  })

  it('RT-10: every page joins it once somebody is signed in, and again with new tokens: it does not end with the one that asked', async () => {
    const answer = refreshForPages(platform('worker'))
    const one = await page(answer)
    expect(one.joined()).toBe(0)
    await signIn(one)
    expect(one.joined()).toBe(1)
    const other = await page(answer)
    expect(other.joined()).toBe(1)
    await one.manager.refresh()
    await expect.poll(() => other.joined(), PATIENT).toBe(2)
    await one.manager.signOut()
    await sleep(20)
    expect(other.joined()).toBe(2)
  })

  it('a page that asks late, from a generation that is over, causes no refresh', async () => {
    const answer = refreshForPages(platform('worker'))
    const one = await page(answer)
    await signIn(one)
    await one.manager.refresh()
    const [message] = one.messages
    expect(await answer(message)).toBe(true)
    expect(fetched).toEqual(['worker'])
  })

  it('RT-10 RT-07: it says so as soon as the refresh token leaves, and the page that asked is not needed any more', async () => {
    let letAnswer = () => {}
    const answering = new Promise<void>((resolve) => (letAnswer = resolve))
    server.after = async (_, answer) => {
      await answering
      return answer
    }
    const answer = refreshForPages(platform('worker'))
    const one = await page(answer)
    await signIn(one)
    const other = await page(answer, 'other')
    one.manager.refresh().catch(() => {})
    await expect.poll(() => one.messages.length, PATIENT).toBe(2)
    expect(server.requests).toHaveLength(1)
    one.manager.dispose()
    const refreshed = other.manager.refresh()
    letAnswer()
    const token = await refreshed
    expect(token.value).toContain('at-')
    expect(fetched).toEqual(['worker'])
    expect(server.reuse).toBe(0)
  })

  it('COO-04: it is prompt also while another context holds the lock, and nobody is told that it is missing', async () => {
    const one = await page(refreshForPages(platform('worker')))
    await signIn(one)
    const key = hub.posted[0]?.name as string
    let release = () => {}
    void locks.request(key, {}, () => new Promise<void>((resolve) => (release = resolve)))
    const refreshed = one.manager.refresh()
    // While the lock is held.
    await expect.poll(() => one.messages.length, PATIENT).toBe(2)
    expect(one.messages[1]).toBe(true)
    release()
    await refreshed
    expect(fetched).toEqual(['worker'])
    expect(one.reports).toEqual([])
  })

  it('a rejection is the end of the session for the page as well', async () => {
    const one = await page(refreshForPages(platform('worker')))
    await signIn(one)
    server.revokeAll()
    await expect(one.manager.refresh()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'rejected' })
    expect(fetched).toEqual(['worker'])
    expect(one.manager.state).toMatchObject({ status: 'signedOut', reason: 'rejected' })
  })

  it('an outage is the back-off of all: the page does not ask the server again', async () => {
    server.before = () => new Response('', { status: 503 })
    const one = await page(refreshForPages(platform('worker')))
    await signIn(one)
    const error = await one.manager.refresh().catch((error) => error)
    expect(error).toMatchObject({ code: 'ERR_TEMPORARILY_UNAVAILABLE', retryAt: expect.any(Number) })
    expect(fetched).toEqual(['worker'])
    expect(one.manager.state).toMatchObject({ status: 'signedIn' })
  })

  it('RT-12: signed out while the worker refreshes, what it gets is revoked', async () => {
    let letAnswer = () => {}
    const answering = new Promise<void>((resolve) => (letAnswer = resolve))
    server.after = async (_, answer) => {
      await answering
      return answer
    }
    const one = await page(refreshForPages(platform('worker')))
    await signIn(one)
    const refreshed = one.manager.refresh().catch(({ code }) => code)
    await expect.poll(() => server.requests.length, PATIENT).toBe(1)
    await one.manager.signOut()
    letAnswer()
    expect(await refreshed).toBe('ERR_SIGNED_OUT')
    await expect.poll(() => server.revoked.map(({ token }) => token), PATIENT).toContain('secret-rt-2')
    expect(one.manager.state.status).toBe('signedOut')
  })

  describe('leaves it to the page', () => {
    it('when it sees no record where the page has one', async () => {
      const elsewhere = { ...platform('worker'), store: memoryStore<unknown>() }
      const one = await page(refreshForPages(elsewhere))
      await signIn(one)
      await one.manager.refresh()
      expect(fetched).toEqual(['page'])
      expect(one.reports).toEqual(['worker_unavailable'])
    })

    it('when its storage fails', async () => {
      const failing = faultyStore(store)
      const one = await page(refreshForPages({ ...platform('worker'), store: failing }))
      await signIn(one)
      failing.fault = () => 'before'
      await one.manager.refresh()
      expect(fetched).toEqual(['page'])
      expect(one.reports).toEqual(['worker_unavailable'])
    })

    it('RT-07: when the stored refresh token is older than the one the page holds', async () => {
      const answer = refreshForPages(platform('worker'))
      const one = await page(answer)
      await signIn(one)
      await one.manager.refresh()
      const message = one.messages[0] as { from: { generation: number } }
      expect(await answer({ ...message, from: { ...message.from, generation: 7 } })).toBe(false)
      expect(fetched).toEqual(['worker'])
    })

    it('STO-03: when a message would send a known client’s tokens somewhere else', async () => {
      const answer = refreshForPages(platform('worker'))
      const one = await page(answer)
      await signIn(one)
      await one.manager.refresh()
      const message = one.messages[0] as { options: object; from: { generation: number } }
      const metadata = { issuer: server.issuer, token_endpoint: 'https://evil.example/token' }
      const from = { ...message.from, generation: 2 }
      expect(await answer({ ...message, from, options: { ...message.options, metadata } })).toBe(false)
      expect(await answer({ ...message, from, insecureLoopback: true })).toBe(false)
      expect(fetched).toEqual(['worker'])
    })

    it('beyond twenty clients', async () => {
      const answer = refreshForPages(platform('worker'))
      const one = await page(answer)
      await signIn(one)
      for (let serial = 0; serial < 20; serial++)
        await answer({
          version: 1,
          options: { issuer: server.issuer, clientId: `c${serial}` },
          from: { grantId: 'g', generation: 1 },
          target: {},
        })
      await one.manager.refresh()
      expect(fetched).toEqual(['page'])
    })

    it.each<[string, (message: object) => unknown]>([
      ['nothing', () => undefined],
      ['a text', () => 'refresh'],
      ['a newer version', (whole) => ({ ...whole, version: 2 })],
      [
        'of an issuer that is none',
        (whole) => ({ ...whole, options: { issuer: 'ftp://as.example', clientId: 'spa' } }),
      ],
      ['with options that are none', (whole) => ({ ...whole, options: 1 })],
      [
        'with an unknown option',
        (whole) => ({ ...whole, options: { issuer: server.issuer, clientId: 'spa', later: 1 } }),
      ],
      ['without a grant', (whole) => ({ ...whole, from: { generation: 1 } })],
      [
        'without a generation',
        ({ from, ...whole }: { from?: object }) => ({ ...whole, from: { ...from, generation: '1' } }),
      ],
      ['with a target that is none', (whole) => ({ ...whole, target: { scope: {} } })],
    ])('a message that is %s', async (_, change) => {
      let seen: object = {}
      const one = await page(async (message) => {
        seen = message as object
        return false
      })
      await signIn(one)
      server.before = () => new Response('', { status: 503 })
      await one.manager.refresh().catch(() => {})
      const before = server.requests.length
      expect(await refreshForPages(platform('worker'))(change(seen))).toBe(false)
      expect(server.requests).toHaveLength(before)
    })
  })

  it('a tab that asked for nothing hears of it', async () => {
    const answer = refreshForPages(platform('worker'))
    const one = await page(answer)
    await signIn(one)
    const idle = await page(answer, 'idle')
    await one.manager.refresh()
    await expect.poll(() => idle.events).toEqual(['adopted'])
  })

  it('without an answer the page does it itself, and the lease keeps the two apart', async () => {
    const answer = refreshForPages(platform('worker'))
    // It works, and nobody hears of it.
    const one = await page((message) => answer(message).then(() => new Promise(() => {})))
    await signIn(one)
    server.before = delay(3_500)
    await one.manager.refresh()
    expect(fetched).toEqual(['worker'])
    expect(server.overlap).toBe(1)
    expect(one.reports).toEqual(['worker_unavailable'])
  })

  it('has one session for all who ask for the same, and hears nothing between refreshes', async () => {
    const ports = platform('worker')
    let listening = 0
    const channel = {
      post: ports.channel.post,
      subscribe: (...heard: Parameters<typeof ports.channel.subscribe>) => {
        const undo = ports.channel.subscribe(...heard)
        listening++
        return () => {
          listening--
          undo()
        }
      },
    }
    const answer = refreshForPages({ ...ports, channel })
    const one = await page(answer)
    await signIn(one)
    const others = [await page(answer, 'two'), await page(answer, 'three')]
    let most = 0
    server.before = async () => {
      await sleep(100)
      most = Math.max(most, listening)
    }
    await Promise.all([one, ...others].map(({ manager }) => manager.refresh()))
    expect(most).toBe(1)
    expect(listening).toBe(0)
  })
})
