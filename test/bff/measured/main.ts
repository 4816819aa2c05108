// What a website's own backend costs and how quickly it closes, on two hosts with one Redis: npm run bff -- --check --rounds 100 --megabytes 1024
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { loadavg } from 'node:os'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Agent, request } from 'undici'
import { startFrontServer } from '../../../examples/website/front.ts'
import { childProgram } from '../../support/processes/child-program.ts'
import { clientSecret, startProgramServer } from '../../support/program-server.ts'
import { startRedis } from '../../support/redis-server.ts'
import { costs, type Way } from './costs.ts'
import type { HostMessage, HostSettings } from './host-process.ts'
import { startPeer } from './peer.ts'

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '100' },
    megabytes: { type: 'string', default: '1024' },
  },
})
const rounds = Number(values.rounds)
const bytes = Number(values.megabytes) * 2 ** 20
/** Lifetime of access tokens, seconds. */
const TTL = 15
const TABS = 8

const rows: { what: string; is: string; atMost: string; ok: boolean }[] = []
function report(what: string, is: number | string, atMost?: number, unit = ''): void {
  const ok = atMost === undefined || Number(is) <= atMost
  rows.push({ what, is: `${is}${unit}`, atMost: atMost === undefined ? '' : `${atMost}${unit}`, ok })
  console.log(
    `${ok ? ' ' : '!'} ${what.padEnd(72)} ${`${is}${unit}`.padStart(12)} ${atMost === undefined ? '' : `at most ${atMost}${unit}`}`,
  )
}

const dispatcher = new Agent({ connections: 64, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 })
const api = await startApi()
const redis = await startRedis()
// The browser goes to one address; what is behind it takes turns.
const front = await startFrontServer()
const server = await startProgramServer({ accessTokenTtl: TTL, redirectUris: [`${front.origin}/auth/callback`] })
const peer = await startPeer(api.url)
const program = await childProgram('test/bff/measured/host-process.ts')
const settings: HostSettings = {
  redisPort: redis.port,
  issuer: server.issuer,
  clientSecret,
  redirectUri: `${front.origin}/auth/callback`,
  api: api.url,
  key: randomBytes(32).toString('hex'),
}
const children = [1, 2].map(() => program({ argument: settings, limit: 3_600_000 }))
const hosts = await Promise.all(children.map((child) => child.message<HostMessage & { type: 'ready' }>()))
front.sendTo(...hosts.map(({ port }) => `http://127.0.0.1:${port}`))

try {
  console.log(`Load ${loadavg()[0]?.toFixed(1)}, ${rounds} rounds, ${values.megabytes} MB each way\n`)
  await oneTokenRequest()
  await ends()
  await streams()
  await costs({ ways: await ways(), report })
} finally {
  for (const child of children) child.process.kill('SIGKILL')
  await Promise.all([front.close(), peer.stop(), server.stop(), redis.stop(), dispatcher.destroy()])
  api.close()
}
if (values.check && rows.some(({ ok }) => !ok)) process.exitCode = 1

/** The same call, by whoever sends it on. */
async function ways(): Promise<readonly Way[]> {
  const cookie = await signedIn('alice')
  const asked = async (url: string, headers: Record<string, string> = {}) => {
    const { statusCode, body } = await request(url, { headers, dispatcher })
    await body.dump()
    if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`)
  }
  return [
    { name: 'plain proxying with undici', call: () => asked(`http://127.0.0.1:${hosts[0]?.plainPort}/x`) },
    { name: 'tokenward/bff', call: () => asked(`${at(0)}/api/x`, { cookie, 'x-tokenward': '1' }) },
    {
      name: 'express-openid-connect + http-proxy-middleware',
      call: () => asked(`${peer.origin}/api/x`, { cookie: peer.cookie }),
    },
  ]
}

async function signedIn(account: string): Promise<string> {
  const cookies = new Map<string, string>()
  await server.agree(`${front.origin}/auth/login`, account, cookies)
  return `session=${cookies.get('session')}`
}

function at(host: number): string {
  return `http://127.0.0.1:${hosts[host % hosts.length]?.port}`
}

async function call(host: number, cookie: string, path = '/api/x'): Promise<number> {
  const { statusCode, body } = await request(at(host) + path, { headers: { cookie, 'x-tokenward': '1' }, dispatcher })
  await body.dump()
  return statusCode
}

/** 200 calls at the expiry of the access token. */
async function oneTokenRequest(): Promise<void> {
  const cookie = await signedIn('alice')
  report('the cookie', cookie.length + '__Host-'.length, 100, ' B')
  await Promise.all([call(0, cookie), call(1, cookie)])
  server.grants.splice(0)
  await sleep(TTL * 1_000 + 500)
  const statuses = await Promise.all(Array.from({ length: 200 }, (_, n) => call(n, cookie)))
  report('200 calls at expiry on 2 hosts: not answered', statuses.filter((status) => status !== 200).length, 0)
  report('… token requests', server.grants.length, 1)
  report(
    '… of these refused, as a reused refresh token is',
    server.grants.filter((one) => !one.endsWith('granted')).length,
    0,
  )
}

/** Back-channel logouts: event streams and WebSockets of 8 tabs on both hosts. */
async function ends(): Promise<void> {
  const delays: number[] = []
  for (let round = 0; round < rounds; round++) {
    const account = `person-${round}`
    const cookie = await signedIn(account)
    const tabs = await Promise.all(
      Array.from({ length: TABS }, async (_, tab) => Promise.all([eventStream(tab, cookie), webSocket(tab, cookie)])),
    )
    const token = await server.logoutToken(account)
    const told = performance.now()
    const answered = request(`${at(round)}/auth/backchannel`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `logout_token=${token}`,
      dispatcher,
    }).then(({ body }) => body.dump())
    const times = await Promise.all(tabs.flat().map(({ ended }) => ended))
    await answered
    delays.push(...times.map((time) => time - told))
  }
  delays.sort((a, b) => a - b)
  const quantile = (share: number) => (delays[Math.ceil(delays.length * share) - 1] ?? 0).toFixed(0)
  report(
    `${delays.length} streams and sockets, from the logout token to their end: median`,
    quantile(0.5),
    undefined,
    ' ms',
  )
  report('… p99', quantile(0.99), 100, ' ms')
  report('… the last', quantile(1), undefined, ' ms')
}

async function eventStream(host: number, cookie: string): Promise<{ readonly ended: Promise<number> }> {
  const { body } = await request(`${at(host)}/auth/events`, {
    headers: { cookie, 'x-tokenward': '1' },
    dispatcher: new Agent({ bodyTimeout: 0 }),
  })
  const first = new Promise<void>((resolve) => body.once('data', () => resolve()))
  const ended = new Promise<number>((resolve) => {
    body.on('data', (chunk) => {
      if (String(chunk).includes('signedOut')) resolve(performance.now())
    })
  })
  await first
  return { ended }
}

async function webSocket(host: number, cookie: string): Promise<{ readonly ended: Promise<number> }> {
  const { port } = new URL(at(host))
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => {})
  const opened = new Promise<void>((resolve) => socket.once('data', () => resolve()))
  const ended = new Promise<number>((resolve) => socket.once('close', () => resolve(performance.now())))
  const key = randomBytes(16).toString('base64')
  const fields = [`Host: 127.0.0.1:${port}`, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
  socket.write(
    [
      'GET /api/live HTTP/1.1',
      ...fields,
      `Sec-WebSocket-Key: ${key}`,
      `Origin: ${front.origin}`,
      `Cookie: ${cookie}`,
      '',
      '',
    ].join('\r\n'),
  )
  await opened
  return { ended }
}

/** A large body each way, and the memory of the host meanwhile. */
async function streams(): Promise<void> {
  const cookie = await signedIn('alice')
  await call(0, cookie)
  for (const [what, run] of [
    ['up', () => upload(cookie)],
    ['down', () => download(cookie)],
  ] as const) {
    const before = await memory()
    let most = before
    let isDone = false
    const watching = (async () => {
      while (!isDone) {
        most = Math.max(most, await memory())
        await sleep(50)
      }
    })()
    const began = performance.now()
    const arrived = await run()
    isDone = true
    await watching
    report(`${values.megabytes} MB ${what}: bytes that did not arrive`, bytes - arrived, 0)
    report('… more memory of the host at its most', ((most - before) / 2 ** 20).toFixed(0), 64, ' MB')
    report('… throughput', (bytes / 2 ** 20 / ((performance.now() - began) / 1_000)).toFixed(0), undefined, ' MB/s')
  }
}

async function memory(): Promise<number> {
  const [child] = children
  const answer = child?.message<HostMessage & { type: 'memory' }>()
  child?.process.send('memory')
  return (await answer)?.rss ?? 0
}

async function upload(cookie: string): Promise<number> {
  const chunk = Buffer.alloc(65_536, 'x')
  async function* body() {
    for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk
  }
  const { body: answer } = await request(`${at(0)}/api/sink`, {
    method: 'POST',
    headers: { cookie, 'x-tokenward': '1' },
    body: Readable.from(body()),
    dispatcher,
  })
  return Number(await answer.text())
}

async function download(cookie: string): Promise<number> {
  const { body } = await request(`${at(0)}/api/source`, { headers: { cookie, 'x-tokenward': '1' }, dispatcher })
  let arrived = 0
  for await (const chunk of body) arrived += chunk.length
  return arrived
}

/** An API that answers, swallows, pours, and opens WebSockets. */
async function startApi() {
  const chunk = Buffer.alloc(65_536, 'y')
  const listener = createServer(async (incoming, response) => {
    if (incoming.url?.endsWith('/sink')) {
      let size = 0
      for await (const part of incoming) size += part.length
      response.end(String(size))
      return
    }
    incoming.resume()
    if (!incoming.url?.endsWith('/source')) {
      response.end('{}')
      return
    }
    for (let sent = 0; sent < bytes; sent += chunk.length)
      if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve))
    response.end()
  })
  listener.on('upgrade', (incoming: IncomingMessage, socket) => {
    socket.on('error', () => {})
    const key = `${incoming.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash('sha1').update(key).digest('base64')
    const fields = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`]
    socket.write(['HTTP/1.1 101 Switching Protocols', ...fields, '', ''].join('\r\n'))
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/v1`,
    close() {
      listener.close()
      listener.closeAllConnections()
    },
  }
}
