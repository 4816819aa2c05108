import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Bff, type BffPoolOptions, createBff, nodeBff, nodeUpgrade } from 'tokenward/bff'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createSessionPool,
  memoryStore,
  type NodeSessionPoolOptions,
} from 'tokenward/node'
import { type ChannelHub, channelHub } from '../support/channel-hub.ts'
import { clientSecret, type ProgramServer, startProgramServer } from '../support/program-server.ts'

/** What the API behind the site got. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** How to build a site. */
export interface SiteOptions {
  /** Hosts that share the store. Default 1. */
  readonly hosts?: number
  /** Options of each host's backend, by the URLs of API and authorization server. */
  readonly bff?: (api: string, issuer: string) => Partial<BffPoolOptions>
  readonly pool?: Partial<NodeSessionPoolOptions>
  /** Where tokens may go, by the API's URL. Default: there. */
  readonly resources?: (api: string) => NodeSessionPoolOptions['resources']
  /** Options of one host's pool, called for each. */
  readonly hostPool?: () => Partial<NodeSessionPoolOptions>
  /** The API behind it. Default: says what it got. */
  readonly api?: RequestListener
  /** What is not the backend's. Default: 404. */
  readonly app?: RequestListener
  /** Gets each host's backend, to put it into another server as well. */
  readonly made?: (bff: Bff) => unknown
  readonly accessTokenTtl?: number
  /** Whether WebSockets reach the backend. */
  readonly upgrades?: boolean
  /** The API's side of a WebSocket. */
  readonly onApiUpgrade?: (request: IncomingMessage, socket: Duplex) => void
}

/** A site on 127.0.0.1 with oidc-provider and an API behind it. */
export interface BffSite {
  /** Where the browser goes: the first host. */
  readonly origin: string
  /** Every host. */
  readonly hosts: readonly string[]
  readonly server: ProgramServer
  /** The API's URL. */
  readonly api: string
  readonly asked: Asked[]
  /** Each host's backend, in their order. */
  readonly backends: readonly Bff[]
  /** By which the hosts hear of one another. */
  readonly hub: ChannelHub
  /** Signs somebody in, and gives a browser of theirs. */
  signedIn(account?: string): Promise<Visitor>
  stop(): Promise<void>
}

/** A browser on the site. */
export interface Visitor {
  readonly cookies: Map<string, string>
  /** What the page's script asks for: with cookies, and the field that only it can send. */
  ask(path: string, init?: RequestInit, host?: string): Promise<Response>
  /** What a navigation or another site asks for: with cookies, and nothing else. */
  go(path: string, init?: RequestInit): Promise<Response>
  session(): Promise<{ status: string; reason?: string; session?: { subject?: string } }>
}

/** Starts it; stop it. */
export async function bffSite(options: SiteOptions = {}): Promise<BffSite> {
  const {
    hosts = 1,
    bff: own,
    pool,
    resources,
    made,
    hostPool,
    api,
    app,
    accessTokenTtl,
    upgrades,
    onApiUpgrade,
  } = options
  // They listen before they know what to answer: a port that was only looked for could be somebody else's by then.
  const handlers = Array.from({ length: hosts }, (): Handler => ({ request: () => {}, upgrade: () => {} }))
  const servers = await Promise.all(
    handlers.map((handler) =>
      listening(
        (request, response) => handler.request(request, response),
        upgrades ? (request, socket, head) => handler.upgrade(request, socket, head) : undefined,
      ),
    ),
  )
  const origins = servers.map((host) => host.origin)
  const origin = origins[0] as string
  const server = await startProgramServer({
    redirectUris: [`${origin}/auth/callback`],
    ...(accessTokenTtl !== undefined && { accessTokenTtl }),
  })
  const asked: Asked[] = []
  const upstream = await listening(api ?? tellsWhatItGot(asked), onApiUpgrade)
  const store = memoryStore<unknown>()
  const hub = channelHub()
  const backends: Bff[] = []

  for (const handler of handlers) {
    const sessions = createSessionPool({
      issuer: server.issuer,
      clientId: 'web',
      clientAuthentication: clientSecretBasic(clientSecret),
      redirectUri: `${origin}/auth/callback`,
      scope: 'openid offline_access notes',
      resources: resources?.(upstream.origin) ?? [upstream.origin],
      // What hosts share is the storage, not the memory of one process: each has an object of its own.
      store: { get: (...key) => store.get(...key), swap: (...change) => store.swap(...change) },
      channel: hub.context(),
      [allowInsecureLoopback]: true,
      ...pool,
      ...hostPool?.(),
    })
    const bff = createBff({
      sessions,
      api: { '/api': `${upstream.origin}/v1` },
      ...own?.(upstream.origin, server.issuer),
    })
    backends.push(bff)
    made?.(bff)
    handler.request = app ? nodeBff(bff, app) : nodeBff(bff)
    handler.upgrade = nodeUpgrade(bff)
  }

  return {
    origin,
    hosts: origins,
    server,
    asked,
    backends,
    hub,
    api: upstream.origin,
    async signedIn(account = 'alice') {
      const cookies = new Map<string, string>()
      await server.agree(`${origin}/auth/login?returnTo=/welcome`, account, cookies)
      return visitor(origin, cookies)
    },
    async stop() {
      await Promise.all([...servers, upstream].map(({ close }) => close()))
      await server.stop()
    },
  }
}

/** A browser with these cookies. */
export function visitor(origin: string, cookies = new Map<string, string>()): Visitor {
  const send = (url: string, init: RequestInit, fields: Record<string, string>) => {
    const headers = new Headers(init.headers)
    if (cookies.size > 0 && !headers.has('cookie'))
      headers.set('cookie', [...cookies].map((pair) => pair.join('=')).join('; '))
    for (const [name, value] of Object.entries(fields)) if (!headers.has(name)) headers.set(name, value)
    return fetch(url, { ...init, headers, redirect: 'manual' })
  }
  const own: Visitor = {
    cookies,
    ask: (path, init = {}, host = origin) =>
      send(host + path, init, { 'x-tokenward': '1', 'sec-fetch-site': 'same-origin' }),
    go: (path, init = {}) => send(origin + path, init, {}),
    session: async () => (await own.ask('/auth/session')).json(),
  }
  return own
}

function tellsWhatItGot(asked: Asked[]): RequestListener {
  const answer: (...of: Parameters<RequestListener>) => Promise<void> = async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url = '', headers } = request
    asked.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ method, url }))
  }
  // A request that broke off was none.
  return (...of) => void answer(...of).catch(() => {})
}

type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown

/** What a host answers. */
interface Handler {
  request: RequestListener
  upgrade: UpgradeListener
}

/** A server on loopback. */
async function listening(listener: RequestListener, upgrade?: UpgradeListener) {
  const server = createServer(listener)
  const sockets = new Set<Duplex>()
  if (upgrade)
    server.on('upgrade', (request, socket, head) => {
      sockets.add(socket)
      upgrade(request, socket, head)
    })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      // Those are the server's no more.
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
