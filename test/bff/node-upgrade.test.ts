import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { type AllowedSocket, type Bff, bffServer, nodeUpgrade } from 'tokenward/bff'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { unreachedBff } from './unreached-bff.ts'

const accept = 'the answer to the key'
let opened = 0
const api = createServer().on('upgrade', (_, socket) => {
  opened++
  const fields = ['Connection: Upgrade', 'Upgrade: websocket', `Sec-WebSocket-Accept: ${accept}`]
  socket.write(['HTTP/1.1 101 Switching Protocols', ...fields, '', ''].join('\r\n'))
})
beforeAll(() => new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve)))
afterAll(() => void api.close())

it.each(['while it is judged', 'while there is no token yet', 'never'])('a page that goes away %s', async (when) => {
  const page = new PassThrough()
  const leave = async (at: string) => {
    if (at === when) page.destroy()
    await setImmediate()
  }
  let isBound = false
  const allowed: AllowedSocket = {
    url: `http://127.0.0.1:${(api.address() as AddressInfo).port}/x`,
    timeout: 5_000,
    accept,
    async fields() {
      await leave('while there is no token yet')
      return { connection: 'Upgrade', upgrade: 'websocket' }
    },
    bind() {
      isBound = true
      return () => {
        isBound = false
      }
    },
  }
  const bff: object = {
    origin: 'https://app.example',
    handles: () => true,
    async openSocket() {
      await leave('while it is judged')
      return allowed
    },
    refused: () => ({ status: 502, message: '', fields: {} }),
  }
  const request: object = { method: 'GET', url: '/x', rawHeaders: [], headers: {} }
  opened = 0
  await nodeUpgrade(bff as Bff)(request as IncomingMessage, page, Buffer.alloc(0))
  expect([opened, isBound]).toEqual(when === 'never' ? [1, true] : [0, false])
  page.destroy()
  await expect.poll(() => isBound).toBe(false)
})

const stops: (() => unknown)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

/** Starts a server on a free port. Gives the port. */
async function listening(server: ReturnType<typeof createTcpServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => server.close())
  return (server.address() as AddressInfo).port
}

/** A page that keeps its end of the connection open, whatever the server does. */
function pageAt(port: number, text: string): Socket {
  const page = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => page.write(text))
  page.on('error', () => {})
  stops.push(() => page.destroy())
  return page
}

const handshakeOf = (path: string) =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: app.example',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Origin: https://other.example',
    '',
    '',
  ].join('\r\n')

it.each([
  ['that says no more', '/shop/api/live', () => {}],
  ['that says more, and then leaves', '/shop/api/live', (page: Socket) => page.end('8 bytes!')],
])('lets go of a handshake %s, as soon as it is refused', async (_, path, answered) => {
  const server = bffServer(unreachedBff())
  const port = await listening(server)
  const held = () => new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
  const statuses: string[] = []
  for (let pages = 0; pages < 5; pages++) {
    const page = pageAt(port, handshakeOf(path))
    page.once('data', (part) => {
      statuses.push(String(part).slice(0, 10))
      answered(page)
    })
  }
  await expect.poll(() => statuses).toHaveLength(5)
  expect(new Set(statuses)).toEqual(new Set(['HTTP/1.1 4']))
  await expect.poll(held).toBe(0)
})

it('gives upgrades that are not for the backend to a listener of your own', async () => {
  const seen: (string | undefined)[] = []
  const port = await listening(
    bffServer(unreachedBff(), undefined, (request, socket) => {
      seen.push(request.url)
      socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')
    }),
  )
  const answers = ['/own', '/shop/api/live'].map(
    (path) =>
      new Promise<string>((resolve) => pageAt(port, handshakeOf(path)).once('data', (part) => resolve(`${part}`))),
  )
  expect((await Promise.all(answers)).map((answer) => answer.slice(0, 12))).toEqual(['HTTP/1.1 101', 'HTTP/1.1 403'])
  expect(seen).toEqual(['/own'])
})

/** A backend that lets every handshake pass, to the API at `port`. */
function openBff(port: number): Bff {
  const allowed: AllowedSocket = {
    url: `http://127.0.0.1:${port}/x`,
    timeout: 60_000,
    accept,
    fields: async () => ({ connection: 'Upgrade', upgrade: 'websocket' }),
    bind: () => () => {},
  }
  const bff: object = {
    origin: 'https://app.example',
    handles: () => true,
    openSocket: async () => allowed,
    refused: () => ({ status: 502, message: '', fields: {} }),
  }
  return bff as Bff
}

it('gives up at the API when the page leaves before the API has answered', async () => {
  let asked: Socket | undefined
  const silent = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.resume()
    asked = socket
  })
  const site = createServer().on('upgrade', nodeUpgrade(openBff(await listening(silent))))
  const page = pageAt(await listening(site), handshakeOf('/x'))
  await expect.poll(() => asked).toBeDefined()
  page.end()
  await expect.poll(() => asked?.destroyed).toBe(true)
})

it('keeps what a page sends too early, and notices later when either end is gone without a word', async () => {
  const probed: unknown[] = []
  const page = Object.assign(new PassThrough(), { setKeepAlive: (...of: unknown[]) => probed.push(of) })
  const got = new Promise<string>((resolve) => {
    api.once('upgrade', (_, socket) => socket.once('data', (part) => resolve(`${part}`)))
  })
  page.write('early')
  const request: object = { method: 'GET', url: '/x', rawHeaders: [], headers: {} }
  const { port } = api.address() as AddressInfo
  await nodeUpgrade(openBff(port))(request as IncomingMessage, page, Buffer.alloc(0))
  expect(await got).toMatch(/^early/)
  expect(probed).toEqual([[true, 60_000]])
  page.destroy()
})
