import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { bffServer, nodeBff, nodeUpgrade } from 'tokenward/bff'
import { afterEach, describe, expect, it } from 'vitest'
import { unreachedBff } from './unreached-bff.ts'

const bff = unreachedBff()

/** An app that says what it got. */
const app = async (request: IncomingMessage, response: ServerResponse) => {
  const body = await text(request)
  if (request.url === '/slow') await new Promise((resolve) => setTimeout(resolve, 200))
  response.end(`${request.method} ${request.url}: ${body}`)
}

const servers = {
  bffServer: () => bffServer(bff, app),
  'a server of your own': () => createServer(nodeBff(bff, app)).on('upgrade', nodeUpgrade(bff)),
  'a server that looks at upgrades first': () =>
    createServer(nodeBff(bff, app)).on('upgrade', (...of) => void nodeUpgrade(bff)(...of)),
}

const stops: (() => unknown)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

async function listening(server: ReturnType<typeof bffServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => server.close().closeAllConnections())
  return (server.address() as AddressInfo).port
}

/** Sends `requests` on one connection, each in two pieces, and gives the bodies of the answers. */
function answersTo(port: number, requests: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    let all = ''
    const socket = connect(port, '127.0.0.1', async () => {
      for (const request of requests) {
        const half = request.length - 3
        socket.write(request.slice(0, half))
        await new Promise((done) => setTimeout(done, 20))
        socket.write(request.slice(half))
      }
    })
    socket.on('data', (chunk) => {
      all += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.once('close', () => resolve(all))
  })
}

const OFFER = [
  'Connection: Upgrade, HTTP2-Settings',
  'Upgrade: h2c',
  'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
]

/** As java.net.http.HttpClient sends its first request to a plain http URL. */
const offering = (path: string, body: string, ...more: readonly string[]) =>
  [`POST ${path} HTTP/1.1`, 'Host: app', ...OFFER, `Content-Length: ${body.length}`, ...more, '', body].join('\r\n')

describe.each(Object.entries(servers))('%s', (_, start) => {
  it('answers a request that offers HTTP/2 over plain HTTP as any other', async () => {
    const port = await listening(start())
    const answered = await answersTo(port, [offering('/app', 'a body')])
    expect([...answered.matchAll(/^(?:HTTP\/1\.1 \d+|POST .*)/gm)].map(String)).toEqual([
      'HTTP/1.1 200',
      'POST /app: a body',
    ])
  })

  it("judges one to the backend's own paths as any other, too", async () => {
    const port = await listening(start())
    const answered = await answersTo(port, [offering('/auth/logout', 'a=1', 'X-Tokenward: 0')])
    expect(answered).toMatch(/^HTTP\/1\.1 403 /)
    expect(answered).toContain('x-tokenward: header_missing')
  })

  it('answers none that comes before the answer to another one, and goes on with everybody else', async () => {
    const port = await listening(start())
    const slow = 'GET /slow HTTP/1.1\r\nHost: app\r\n\r\n'
    for (const requests of [[slow, offering('/app', 'x')], Array(3).fill(offering('/slow', 'x'))])
      expect((await answersTo(port, requests)).match(/^HTTP/gm)?.length ?? 0).toBeLessThan(2)
    expect(await answersTo(port, [offering('/app', 'y')])).toContain('POST /app: y')
  })
})

it('keeps idle connections for longer than load balancers do, which would else answer 502 now and then', async () => {
  const port = await listening(bffServer(bff, app))
  const { headers } = await fetch(`http://127.0.0.1:${port}/`)
  const [, seconds] = /timeout=(\d+)/.exec(headers.get('keep-alive') ?? '') ?? []
  expect(Number(seconds)).toBeGreaterThan(75)
})

it('gives an upload an hour, not the five minutes of Node, and header fields no longer than Node does', () => {
  const { requestTimeout, headersTimeout } = bffServer(bff)
  expect([requestTimeout, headersTimeout]).toEqual([3_600_000, createServer().headersTimeout])
})

describe('behind a proxy that takes the beginning away from the paths', () => {
  const below = unreachedBff('/shop/auth')
  // What docs/bff.md says.
  const restored = () => {
    const restore = (request: IncomingMessage) => {
      request.url = `/shop${request.url}`
    }
    return bffServer(below, app).prependListener('request', restore).prependListener('upgrade', restore)
  }
  const session = 'GET /auth/session HTTP/1.1\r\nHost: app\r\nX-Tokenward: 1\r\nConnection: close\r\n\r\n'
  const handshake = [
    'GET /api/live HTTP/1.1',
    'Host: app',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    '',
    '',
  ].join('\r\n')

  it('the backend answers once they are as the browser has them, and the app sees them so', async () => {
    const port = await listening(restored())
    expect(await answersTo(port, [session])).toContain('{"status":"signedOut","reason":"none"}')
    const page = 'GET /page HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n'
    expect(await answersTo(port, [page])).toContain('GET /shop/page: ')
  })

  it('so does it to WebSockets', async () => {
    const port = await listening(restored())
    expect(await answersTo(port, [handshake])).toMatch(/^HTTP\/1\.1 4\d\d /)
  })
})
