import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type AccessPolicy,
  AccessTokenError,
  type AccessTokenErrorReason,
  allowInsecureLoopback,
  createDenylist,
  createGuard,
  type Denylist,
  type DpopProofOptions,
} from 'tokenward/resource-server'
import { startLoopbackServer } from './loopback-server.ts'
import { fingerprint } from './token-endpoint.ts'

/** How to start the {@link Api}. */
export interface ApiOptions {
  /** Whose tokens are accepted. */
  readonly issuer: string
  /** The `aud` a token must have. */
  readonly audience: string
  /** Origins whose scripts may call it. */
  readonly origins: readonly string[]
  /** 0 (default) takes a free one. */
  readonly port?: number
  /** How DPoP proofs are checked. Default: without nonces. */
  readonly dpop?: DpopProofOptions
  /** What every request needs beside a valid token. Default: nothing. */
  readonly policy?: AccessPolicy
  /** Tokens and sign-ins that count no more. Default: its own. */
  readonly denylist?: Denylist
  /** The guard's clock. Default `Date.now`. */
  readonly now?: () => number
}

/** One request to `/notes`, preflights apart. */
export interface ApiRequest {
  /** Epoch milliseconds. */
  readonly at: number
  readonly status: number
  /** Fingerprint of the token's `jti`; absent where the guard refused it. */
  readonly token: string | undefined
  readonly subject: string | undefined
  /** Why the guard refused it. */
  readonly reason: AccessTokenErrorReason | undefined
}

/**
 * A protected API on 127.0.0.1: `GET /notes`, `POST /notes` behind a guard, with JWT access tokens (RFC 9068), as Bearer tokens
 * (RFC 6750), or with a proof of possession if they are bound to a key (RFC 9449).
 */
export interface Api {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  readonly port: number
  readonly requests: readonly ApiRequest[]
  /** Answers the next `count` requests 401 `invalid_token`, whatever token they carry. */
  rejectNext(count: number): void
  /** Puts the token that comes next on the denylist: only a refreshed one passes. */
  denyNextToken(): void
  /** Milliseconds before every answer. */
  setLatency(milliseconds: number): void
  /** Answers 503. */
  setFailing(failing: boolean): void
  /** Forgets the log and the faults. */
  reset(): void
  /** Stops for good; nothing is left running. */
  stop(): Promise<void>
}

/** Starts an {@link Api}. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { issuer, audience, origins, port, dpop = {}, policy, denylist = createDenylist(), now = Date.now } = options
  // The keys are fetched once, while the authorization server is up, so that its outage is none of the API's.
  const keys = await (await fetch(`${issuer}/jwks`)).text()
  const requests: ApiRequest[] = []
  const none = { rejections: 0, denyNext: false, latency: 0, failing: false }
  let faults = { ...none }

  const server = await startLoopbackServer((req, res) => {
    req.resume()
    allow(origins, req, res)
    if (req.method === 'OPTIONS') return void res.writeHead(204).end()
    if (req.url?.split('?')[0] !== '/notes') return send(res, 404, { error: 'There is only /notes.' })
    notes(req, res).catch(() => res.destroy())
  }, port)

  const guard = createGuard({
    issuer: { issuer, jwksUri: `${issuer}/jwks` },
    audience,
    denylist,
    now,
    realm: 'notes',
    dpop: { baseUrl: server.origin, ...dpop },
    fetch: async () => new Response(keys),
    [allowInsecureLoopback]: true,
  })

  /** The claims of a request that may pass. */
  const admit = async (req: IncomingMessage) => {
    if (faults.denyNext && req.headers.authorization) {
      const { jti = '', exp = 0 } = await guard(req)
      faults.denyNext = false
      await denylist.deny({ issuer, jti, expiresAt: exp * 1000 })
    }
    return guard(req, policy)
  }

  const notes = async (req: IncomingMessage, res: ServerResponse) => {
    const at = Date.now()
    const { claims, refusal } = await admit(req).then(
      (claims) => ({ claims, refusal: undefined }),
      (error) => {
        if (!(error instanceof AccessTokenError)) throw error
        return { claims: undefined, refusal: error }
      },
    )
    if (faults.latency) await sleep(faults.latency)
    const rejected = faults.rejections > 0
    if (rejected) faults.rejections -= 1
    const status = faults.failing ? 503 : rejected ? 401 : (refusal?.status ?? 200)
    const { sub: subject, jti } = claims ?? {}
    requests.push({ at, status, subject, token: fingerprint(jti), reason: refusal?.reason })
    for (const [name, value] of Object.entries(refusal?.headers ?? (await guard.answerHeaders())))
      if (!name.startsWith('access-control-')) res.setHeader(name, value)
    if (status === 503) return send(res, 503, { error: 'The API is down for maintenance.' }, { 'retry-after': '1' })
    if (rejected) return send(res, 401, { error: 'invalid_token' }, challenge(req))
    if (refusal) return send(res, status, { error: refusal.error ?? 'no_credentials' })
    return send(res, 200, { notes: [`Hello ${subject}`, `It is ${new Date(at).toISOString()}`] })
  }

  return {
    origin: server.origin,
    port: server.port,
    requests,
    rejectNext: (count) => {
      faults.rejections = count
    },
    denyNextToken: () => {
      faults.denyNext = true
    },
    setLatency: (milliseconds) => {
      faults.latency = milliseconds
    },
    setFailing: (failing) => {
      faults.failing = failing
    },
    reset() {
      requests.length = 0
      faults = { ...none }
    },
    stop: () => server.refuse(),
  }
}

function allow(origins: readonly string[], req: IncomingMessage, res: ServerResponse) {
  const { origin = '' } = req.headers
  res.setHeader('vary', 'Origin')
  if (!origins.includes(origin)) return
  res.setHeader('access-control-allow-origin', origin)
  res.setHeader('access-control-allow-methods', 'GET, POST')
  res.setHeader('access-control-allow-headers', 'authorization, content-type, dpop')
  res.setHeader('access-control-expose-headers', 'www-authenticate, dpop-nonce, retry-after')
  res.setHeader('access-control-max-age', '600')
}

/** For a token that is refused though nothing is wrong with it. */
const challenge = ({ headers }: IncomingMessage) => ({
  'www-authenticate': `${/^dpop /i.test(headers.authorization ?? '') ? 'DPoP' : 'Bearer'} error="invalid_token"`,
})

function send(res: ServerResponse, status: number, body: object, headers: Record<string, string> = {}) {
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
  res.end(JSON.stringify(body))
}
