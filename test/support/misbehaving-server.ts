import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuthorizationServerMetadata } from '../../src/index.ts'
import { json, type TokenBody } from './wild-answers.ts'

/**
 * What the server does with a refresh token that was used before. `strict`: ends the family (RFC 9700 §4.14.2). `grace`: within
 * `graceTime` hands out the same pair again. `none`: refresh tokens do not change.
 */
export type Rotation = 'strict' | 'grace' | 'none'

/** What happens to one token request. */
export type RequestFault =
  /** This is answered, and nothing done. */
  | { readonly kind: 'refuse'; readonly answer: () => Response }
  /** It is done, and the answer changed. */
  | { readonly kind: 'change'; readonly change: (body: TokenBody) => TokenBody }
  /** Nothing is done, the connection is reset. */
  | { readonly kind: 'reset' }
  /** It is done, the connection reset in place of an answer. */
  | { readonly kind: 'lose' }
  /** It is done, and never answered. */
  | { readonly kind: 'hang' }
  /** It is done, and answered this much later. */
  | { readonly kind: 'late'; readonly ms: number }

/** One request to the token endpoint. */
export interface SeenRequest {
  /** Epoch ms. */
  readonly at: number
  /** Who asked: `context` in the query of the token endpoint. */
  readonly context: string
  /** The refresh token presented. */
  readonly refreshToken: string
  readonly family: string
  /** The request that presented it before, if that was processed or is to be. */
  readonly reused: SeenRequest | undefined
  /** Others that presented a token of this family were not answered yet. */
  readonly overlapping: boolean
  /** What became of it. `gone`: the client left before the answer. */
  outcome: 'pending' | 'granted' | 'invalid_grant' | 'refused' | 'lost' | 'gone'
  /** Epoch ms; when it was answered or lost. */
  endedAt?: number
}

/** An authorization server on 127.0.0.1 that behaves as servers do, and an API that takes its tokens. */
export interface MisbehavingServer {
  readonly issuer: string
  readonly port: number
  /** The metadata for the context called `context`; `origin` if it is reached by way of a proxy. */
  metadata(context?: string, origin?: string): AuthorizationServerMetadata
  /** The API's address. */
  readonly api: string
  rotation: Rotation
  graceTime: number
  /** `expires_in` of what it issues, seconds. */
  expiresIn: () => number
  /** Milliseconds before a token request is processed, and after. */
  latency: { before: number; after: number }
  /** Every refresh. */
  readonly requests: readonly SeenRequest[]
  /** How many presented a token that had been used; with grace, outside its window. */
  readonly reuse: number
  /** The most token requests of one family at once. */
  readonly overlap: number
  /** API calls by status. */
  readonly calls: ReadonlyMap<number, number>
  /** A new pair, as a sign-in would give it. */
  issue(): {
    readonly accessToken: string
    readonly refreshToken: string
    readonly expiresAt: number
    readonly family: string
  }
  /** Whether the family still lives. */
  isAlive(family: string): boolean
  /** Ends every family. */
  revokeAll(): void
  /** Does this with the next `times` token requests. */
  next(fault: RequestFault, times?: number): void
  /** How many faults wait for their request. */
  readonly faultsWaiting: number
  /** Does this with every token request that has no fault of its own; `undefined`: nothing. */
  always(fault: RequestFault | undefined): void
  stop(): Promise<void>
}

interface Family {
  readonly id: string
  alive: boolean
  current: string
  running: number
}

/** Starts one on a free port. */
export async function startMisbehavingServer(): Promise<MisbehavingServer> {
  const requests: SeenRequest[] = []
  const calls = new Map<number, number>()
  const families = new Map<string, Family>()
  /** Refresh token → the first request that came with it, and was or will be processed. */
  const presented = new Map<string, SeenRequest>()
  /** Refresh token → when it was used, and the answer to that. */
  const used = new Map<string, { readonly body: TokenBody; readonly at: number }>()
  /** Access token → when it expires. */
  const accessTokens = new Map<string, number>()
  const queue: RequestFault[] = []
  let steady: RequestFault | undefined
  let reuse = 0
  let overlap = 0

  const http = createServer((req, res) => void handle(req, res).catch(() => res.destroy()))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  const issuer = `http://127.0.0.1:${port}`

  const server: MisbehavingServer = {
    issuer,
    port,
    requests,
    calls,
    api: `${issuer}/api/`,
    rotation: 'strict',
    graceTime: 30_000,
    expiresIn: () => 300,
    latency: { before: 0, after: 0 },
    metadata: (context = '', origin = issuer) => ({
      issuer,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token?context=${encodeURIComponent(context)}`,
      revocation_endpoint: `${origin}/revoke`,
    }),
    get reuse() {
      return reuse
    },
    get overlap() {
      return overlap
    },
    issue() {
      const family: Family = { id: randomBytes(6).toString('hex'), alive: true, current: '', running: 0 }
      const seconds = server.expiresIn()
      const { access_token, refresh_token } = pair(family, seconds)
      const expiresAt = Date.now() + seconds * 1000
      return { accessToken: access_token, refreshToken: refresh_token, expiresAt, family: family.id }
    },
    isAlive: (id) => [...families.values()].some((family) => family.id === id && family.alive),
    revokeAll() {
      for (const family of families.values()) family.alive = false
    },
    next(fault, times = 1) {
      for (let i = 0; i < times; i++) queue.push(fault)
    },
    get faultsWaiting() {
      return queue.length
    },
    always(fault) {
      steady = fault
    },
    async stop() {
      const closed = new Promise((resolve) => http.close(resolve))
      http.closeAllConnections()
      await closed
    },
  }
  return server

  async function handle(req: IncomingMessage, res: ServerResponse) {
    const url = new URL(req.url ?? '/', issuer)
    const { origin = '*' } = req.headers
    res.setHeader('access-control-allow-origin', origin)
    res.setHeader('access-control-expose-headers', 'retry-after, www-authenticate, dpop-nonce')
    // A browser sends a request again by itself when a reused connection breaks: that would look like reuse.
    res.setHeader('connection', 'close')
    if (req.method === 'OPTIONS') {
      const allowed = { 'access-control-allow-headers': 'authorization, dpop', 'access-control-max-age': '600' }
      return void res.writeHead(204, allowed).end()
    }
    if (url.pathname === '/.well-known/openid-configuration') return send(res, json(server.metadata()))
    if (url.pathname.startsWith('/api/')) return call(req, res)
    if (url.pathname === '/revoke') return revoke(new URLSearchParams(await text(req)), res)
    if (url.pathname !== '/token') return void res.writeHead(404).end()
    await token(new URLSearchParams(await text(req)), url.searchParams.get('context') ?? '', res)
  }

  async function call(req: IncomingMessage, res: ServerResponse) {
    const [, value = ''] = req.headers.authorization?.split(' ') ?? []
    const good = (accessTokens.get(value) ?? 0) > Date.now()
    const status = good ? 200 : 401
    calls.set(status, (calls.get(status) ?? 0) + 1)
    await send(res, json({}, status, good ? {} : { 'www-authenticate': 'Bearer error="invalid_token"' }))
  }

  async function revoke(form: URLSearchParams, res: ServerResponse) {
    const family = families.get(form.get('token') ?? '')
    if (family) family.alive = false
    res.end()
  }

  async function token(form: URLSearchParams, context: string, res: ServerResponse) {
    const refreshToken = form.get('refresh_token') ?? ''
    const family = families.get(refreshToken)
    const before = server.rotation === 'none' ? undefined : presented.get(refreshToken)
    const seen: SeenRequest = {
      at: Date.now(),
      context,
      refreshToken,
      family: family?.id ?? '',
      reused: before,
      overlapping: (family?.running ?? 0) > 0,
      outcome: 'pending',
    }
    requests.push(seen)
    const fault = queue.shift() ?? steady
    // What is not processed spends nothing.
    const isProcessed = fault?.kind !== 'refuse' && fault?.kind !== 'reset'
    if (!before && isProcessed) presented.set(refreshToken, seen)
    if (family) overlap = Math.max(overlap, ++family.running)
    res.once('close', () => {
      if (family) family.running--
      seen.endedAt ??= Date.now()
      if (!res.writableFinished && seen.outcome !== 'lost') seen.outcome = 'gone'
    })
    if (server.latency.before) await sleep(server.latency.before)
    if (fault?.kind === 'refuse') {
      seen.outcome = 'refused'
      return send(res, fault.answer())
    }
    if (fault?.kind === 'reset') {
      seen.outcome = 'lost'
      return void res.socket?.resetAndDestroy()
    }
    const answer = refresh(seen, family, fault)
    const wait = server.latency.after + (fault?.kind === 'late' ? fault.ms : 0)
    if (wait) await sleep(wait)
    if (fault?.kind === 'lose' || fault?.kind === 'hang') {
      seen.outcome = 'lost'
      if (fault.kind === 'lose') res.socket?.resetAndDestroy()
      return
    }
    await send(res, answer)
  }

  /** Does what the refresh token asks for. */
  function refresh(seen: SeenRequest, family: Family | undefined, fault: RequestFault | undefined): Response {
    const before = used.get(seen.refreshToken)
    const inGrace = server.rotation === 'grace' && before && Date.now() - before.at < server.graceTime
    const isReuse = family !== undefined && family.current !== seen.refreshToken
    if (isReuse && !inGrace) {
      reuse++
      family.alive = false
    }
    seen.outcome = family?.alive ? 'granted' : 'invalid_grant'
    if (!family?.alive) return json({ error: 'invalid_grant' }, 400)
    const body = inGrace ? before.body : granted(family)
    if (!before) used.set(seen.refreshToken, { body, at: Date.now() })
    return json(fault?.kind === 'change' ? { ...body, ...fault.change(body) } : body)
  }

  function granted(family: Family) {
    const seconds = server.expiresIn()
    const { refresh_token, ...body } = pair(family, seconds, server.rotation !== 'none')
    const given = { ...body, token_type: 'Bearer', expires_in: seconds }
    return server.rotation === 'none' ? given : { ...given, refresh_token }
  }

  function pair(family: Family, seconds: number, rotate = true) {
    const secret = () => `${family.id}.${randomBytes(16).toString('base64url')}`
    const access_token = secret()
    accessTokens.set(access_token, Date.now() + seconds * 1000)
    if (rotate) family.current = secret()
    families.set(family.current, family)
    return { access_token, refresh_token: family.current }
  }
}

async function send(res: ServerResponse, answer: Response) {
  for (const [name, value] of answer.headers) res.setHeader(name, value)
  const body = Buffer.from(await answer.arrayBuffer())
  if (answer.status !== 204) res.setHeader('content-length', body.length)
  res.writeHead(answer.status).end(body)
}
