import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { sessionLimits } from '../../src/manager/session-limits.ts'
import { manualClock } from '../support/manual-clock.ts'
import { type BffSite, bffSite, type Visitor } from './bff-site.ts'

const clock = manualClock(Date.now())
let site: BffSite
/** Calls that the API has begun to answer, and that nobody has ended. */
let open: ServerResponse[] = []
let answer: (request: IncomingMessage, response: ServerResponse) => unknown

afterEach(async () => {
  await site?.stop()
  open = []
})

/** An API that goes on telling for as long as somebody listens. */
const telling = (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
  open.push(response)
  response.once('close', () => {
    open = open.filter((one) => one !== response)
  })
}

async function start(hosts = 1): Promise<readonly [Visitor, Visitor]> {
  answer = telling
  site = await bffSite({ hosts, api: (...of) => answer(...of), bff: () => ({ clock }), pool: { clock } })
  return [await site.signedIn('alice'), await site.signedIn('bob')]
}

/** What an answer of the API has said, and how it ended. */
async function listened(person: Visitor, host?: string) {
  const { body } = await person.ask('/api/stream', {}, host)
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader()
  const heard = { text: (await reader.read()).value ?? '', end: '' }
  const read = async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) heard.text += part.value
    heard.end = 'done'
  }
  read().catch(() => {
    heard.end = 'broken off'
  })
  return heard
}

const tell = (what: string) => {
  for (const response of open) response.write(what)
}

describe('BFF-10: what an API goes on telling', () => {
  it('ends with the session, on every host and at once, and nobody else hears less of it', async () => {
    const [alice, bob] = await start(2)
    const hers = await Promise.all(site.hosts.map((host) => listened(alice, host)))
    const his = await listened(bob)
    await clock.advance(1_000)
    await alice.ask('/auth/logout', { method: 'POST' })
    await expect.poll(() => hers.map(({ end }) => end)).toEqual(['broken off', 'broken off'])
    await expect.poll(() => open.length).toBe(1)
    tell('data: 2\n\n')
    await expect.poll(() => his.text).toBe('data: 1\n\ndata: 2\n\n')
    expect(hers.map(({ text }) => text)).toEqual(['data: 1\n\n', 'data: 1\n\n'])
  })

  it('ends within a second of its beginning where the session ended in that second', async () => {
    const [alice] = await start()
    const hers = await listened(alice)
    await alice.ask('/auth/logout', { method: 'POST' })
    await clock.advance(1_000)
    await expect.poll(() => hers.end).toBe('broken off')
    await expect.poll(() => open.length).toBe(0)
  })

  it('ends where a limit ends the session, which it does not keep alive', async () => {
    answer = telling
    site = await bffSite({
      api: telling,
      bff: () => ({ clock }),
      pool: { clock, limits: sessionLimits({ idleTimeout: 60_000 }) },
    })
    const hers = await listened(await site.signedIn())
    await clock.advance(59_000)
    expect(hers.end).toBe('')
    await clock.advance(16_000)
    await expect.poll(() => hers.end).toBe('broken off')
  })

  it('is as long as the API wants it for whoever stays signed in', async () => {
    const [, bob] = await start()
    const his = await listened(bob)
    for (let minute = 0; minute < 5; minute++) await clock.advance(60_000)
    for (const response of open) response.end('data: 2\n\n')
    await expect.poll(() => his).toEqual({ text: 'data: 1\n\ndata: 2\n\n', end: 'done' })
  })
})

describe('BFF-10: a call that waits or sends', () => {
  it('for its answer is told that nobody is signed in any more', async () => {
    const [alice] = await start()
    let asked = () => {}
    const arrived = new Promise<void>((resolve) => {
      asked = resolve
    })
    answer = () => asked()
    const waiting = alice.ask('/api/slow')
    await arrived
    await clock.advance(1_000)
    await alice.ask('/auth/logout', { method: 'POST' })
    const told = await waiting
    expect([told.status, told.headers.get('x-tokenward')]).toEqual([401, 'ERR_SIGNED_OUT'])
  })

  it('a body sends no more of it', async () => {
    const [alice] = await start()
    let received = 0
    let isCut = false
    answer = (request) => {
      request.on('data', (part: Buffer) => {
        received += part.length
      })
      request.once('error', () => {
        isCut = true
      })
    }
    const body = new TransformStream<Uint8Array, Uint8Array>()
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: body.readable, duplex: 'half' }
    const sending = alice.ask('/api/upload', init)
    const parts = body.writable.getWriter()
    await parts.write(new Uint8Array(10))
    await expect.poll(() => received).toBe(10)
    await clock.advance(1_000)
    await alice.ask('/auth/logout', { method: 'POST' })
    expect((await sending).status).toBe(401)
    await expect.poll(() => isCut).toBe(true)
    parts.abort().catch(() => {})
  })
})

it('a call that is over leaves nothing behind, however it ended', async () => {
  const [alice] = await start()
  const before = clock.pending
  answer = (_, response) => response.end('{}')
  expect(await (await alice.ask('/api/x')).text()).toBe('{}')
  answer = (_, response) => void response.writeHead(200).end('chunked'.repeat(20_000))
  expect(await (await alice.ask('/api/x')).text()).toHaveLength(140_000)
  answer = (_, response) => response.writeHead(302, { location: 'https://elsewhere.example/' }).end()
  expect((await alice.ask('/api/x')).status).toBe(502)
  answer = telling
  const stream = await alice.ask('/api/stream')
  await clock.advance(1_000)
  await stream.body?.cancel()
  await expect.poll(() => clock.pending).toBe(before)
})
