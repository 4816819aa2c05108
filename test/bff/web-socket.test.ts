import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type BffSite, bffSite, type Visitor } from './bff-site.ts'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const accepted = (key: string) =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

let site: BffSite
let alice: Visitor
let seen: IncomingMessage[] = []
/** What the API does with a handshake. Default: opens it and sends back what comes. */
let answer: (request: IncomingMessage, socket: Duplex) => void
const open = (request: IncomingMessage, socket: Duplex) => {
  const accept = accepted(String(request.headers['sec-websocket-key']))
  const fields = [
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    'Set-Cookie: session=x',
  ]
  socket.write(['HTTP/1.1 101 Switching Protocols', ...fields, '', ''].join('\r\n'))
  socket.pipe(socket)
}

beforeAll(async () => {
  site = await bffSite({
    hosts: 2,
    upgrades: true,
    onApiUpgrade: (request, socket) => {
      socket.on('error', () => {})
      seen.push(request)
      answer(request, socket)
    },
    bff: (api) => ({ api: { '/api': { url: `${api}/v1`, webSockets: true }, '/closed': `${api}/v1` } }),
  })
  alice = await site.signedIn()
})
afterAll(() => site?.stop())
afterEach(() => {
  seen = []
})

interface Opened {
  readonly socket: Socket
  readonly head: string
  /** What came after the head so far. */
  text(): string
  readonly closed: Promise<void>
}

/** A handshake, byte for byte; resolves with the head of the answer. */
function handshake(
  fields: Readonly<Record<string, string | undefined>> = {},
  { path = '/api/x', host = site.origin }: { readonly path?: string; readonly host?: string } = {},
): Promise<Opened> {
  const given: Record<string, string | undefined> = {
    Host: new URL(host).host,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': KEY,
    Origin: site.origin,
    Cookie: `session=${alice.cookies.get('session')}`,
    ...fields,
  }
  const lines = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
  const { hostname, port } = new URL(host)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () =>
      socket.write([`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n')),
    )
    const closed = new Promise<void>((done) => socket.once('close', () => done()))
    let all = ''
    const result = () => {
      const at = all.indexOf('\r\n\r\n')
      return { socket, head: all.slice(0, at), text: () => all.slice(at + 4), closed }
    }
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      all += chunk.toString('latin1')
      if (all.includes('\r\n\r\n')) resolve(result())
    })
    socket.once('close', () => resolve(result()))
  })
}

const statusOf = ({ head }: Opened) => Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1])

describe('BFF-15: a WebSocket of the page', () => {
  it('is opened at the API with the token, and carries bytes both ways', async () => {
    answer = open
    const opened = await handshake(
      { 'X-Forwarded-For': '1.2.3.4', Authorization: 'Basic x' },
      { path: '/api/x?room=1' },
    )
    expect(statusOf(opened)).toBe(101)
    expect(opened.head).toContain(`sec-websocket-accept: ${accepted(KEY)}`)
    expect(opened.head.toLowerCase()).not.toContain('set-cookie')
    const { url, headers } = seen[0] as IncomingMessage
    expect(url).toBe('/v1/x?room=1')
    expect(headers.authorization).toMatch(/^Bearer ey/)
    for (const name of ['cookie', 'origin', 'x-forwarded-for']) expect([name, headers[name]]).toEqual([name, undefined])
    opened.socket.write('there and back')
    await expect.poll(opened.text).toBe('there and back')
    opened.socket.destroy()
  })

  it('BFF-13: is closed when the session ends, on every host and at once', async () => {
    answer = open
    const own = await site.signedIn('bob')
    const cookie = `session=${own.cookies.get('session')}`
    const sockets = await Promise.all(site.hosts.map((host) => handshake({ Cookie: cookie }, { host })))
    const others = await handshake()
    expect(sockets.map(statusOf)).toEqual([101, 101])
    await own.ask('/auth/logout', { method: 'POST' })
    await Promise.all(sockets.map(({ closed }) => closed))
    expect(others.socket.destroyed).toBe(false)
    others.socket.destroy()
  })

  it('is one of a hundred at most of one session at one host', async () => {
    answer = open
    const own = await site.signedIn('carol')
    const fields = { Cookie: `session=${own.cookies.get('session')}` }
    const sockets = []
    for (let number = 0; number < 100; number++) sockets.push(await handshake(fields))
    expect(new Set(sockets.map(statusOf))).toEqual(new Set([101]))
    expect(statusOf(await handshake(fields))).toBe(429)
    expect(seen).toHaveLength(100)
    expect(statusOf(await handshake(fields, { host: site.hosts[1] as string }))).toBe(101)

    sockets.pop()?.socket.destroy()
    await expect.poll(async () => statusOf(await handshake(fields))).toBe(101)
    for (const { socket } of sockets) socket.destroy()
  })

  it('ends at the API when the page goes away, and at the page when the API does', async () => {
    let api: Duplex | undefined
    const gone = new Promise<void>((resolve) => {
      answer = (request, socket) => {
        socket.once('close', resolve)
        open(request, socket)
      }
    })
    ;(await handshake()).socket.destroy()
    await gone
    answer = (request, socket) => {
      api = socket
      open(request, socket)
    }
    const { closed } = await handshake()
    api?.destroy()
    await closed
  })

  it('gets one new token when the API refuses the first', async () => {
    let refusals = 0
    answer = (request, socket) => {
      if (refusals++ > 0) return open(request, socket)
      return socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    }
    const opened = await handshake()
    expect(statusOf(opened)).toBe(101)
    expect(seen).toHaveLength(2)
    opened.socket.destroy()
    answer = (_, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    expect(statusOf(await handshake())).toBe(502)
  })

  it.each<[string, Readonly<Record<string, string | undefined>>, { readonly path?: string } | undefined, number]>([
    ['from another origin', { Origin: 'https://evil.example' }, undefined, 403],
    ['from a sibling host', { 'Sec-Fetch-Site': 'same-site', Origin: 'http://127.0.0.1:1' }, undefined, 403],
    ['from a sandboxed frame', { Origin: 'null' }, undefined, 403],
    ['from nobody knows where', { Origin: 'null', 'Sec-Fetch-Site': 'same-origin' }, undefined, 403],
    ['from nowhere', { Origin: undefined }, undefined, 403],
    ['by something that sends no origin', { Origin: undefined, 'Sec-Fetch-Site': 'same-origin' }, undefined, 403],
    ['by a fetch of another site', { 'Sec-Fetch-Site': 'cross-site' }, undefined, 403],
    ['without a session', { Cookie: undefined }, undefined, 401],
    ['with two cookies', { Cookie: `session=${'A'.repeat(43)}; session=${'B'.repeat(43)}` }, undefined, 401],
    ['with a cookie that nobody gave', { Cookie: `session=${'A'.repeat(43)}` }, undefined, 401],
    ['of another version', { 'Sec-WebSocket-Version': '8' }, undefined, 400],
    ['without a key', { 'Sec-WebSocket-Key': undefined }, undefined, 400],
    ['with a key that is no key', { 'Sec-WebSocket-Key': 'x' }, undefined, 400],
    ['of another protocol', { Upgrade: 'tls/1.2' }, undefined, 400],
    // Who does not take that offer answers as to any request (RFC 9110 §7.8), here one without the field of the page.
    ['of HTTP/2', { Upgrade: 'h2c' }, undefined, 403],
    ['to an API that has none', {}, { path: '/closed/x' }, 404],
    ['to a path of our own', {}, { path: '/auth/session' }, 404],
    ['up from an API', {}, { path: '/api/..%2fadmin' }, 400],
    ['by a path that two could read in two ways', {}, { path: '/api/x/../y' }, 400],
  ])('is not opened %s', async (_, fields, where, status) => {
    answer = open
    const refused = await handshake(fields, where)
    await refused.closed
    expect([statusOf(refused), seen]).toEqual([status, []])
  })

  it('is not opened where the API answers anything else', async () => {
    for (const text of [
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
    ]) {
      answer = (_, socket) => socket.end(text)
      const refused = await handshake()
      await refused.closed
      expect(statusOf(refused)).toBe(502)
    }
    answer = (_, socket) => socket.destroy()
    expect(statusOf(await handshake())).toBe(502)
  })

  it('is closed where it is not the backend that is asked', async () => {
    const refused = await handshake({}, { path: '/elsewhere' })
    await refused.closed
    expect(refused.head).toBe('')
  })
})
