import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose'
import { startLoopbackServer } from './loopback-server.ts'
import { type ProofCheck, proofCheck } from './proof-check.ts'
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
  readonly proofs?: ProofCheck
}

/** One request to `/notes`, preflights apart. */
export interface ApiRequest {
  /** Epoch milliseconds. */
  readonly at: number
  readonly status: number
  /** Fingerprint of the token's `jti`; absent without a valid token. */
  readonly token: string | undefined
  readonly subject: string | undefined
  /** What was wrong with the proof of a token that is bound to a key. */
  readonly error: string | undefined
}

/** What a request came with. */
interface Presented {
  /** Whether it came as a DPoP token. */
  readonly isDpop: boolean
  readonly token: string
  /** Absent without a valid token. */
  readonly claims: JWTPayload | undefined
}

/**
 * A protected API on 127.0.0.1: `GET /notes`, `POST /notes` with JWT access tokens (RFC 9068), as Bearer tokens (RFC 6750), or with a
 * proof of possession if they are bound to a key (RFC 9449).
 */
export interface Api {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  readonly port: number
  readonly requests: readonly ApiRequest[]
  /** Answers the next `count` requests 401 `invalid_token`, whatever token they carry. */
  rejectNext(count: number): void
  /** Refuses the token that comes next, from then on, as a denylist does: only a refreshed one passes. */
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
export async function startApi({ issuer, audience, origins, port, proofs = proofCheck() }: ApiOptions): Promise<Api> {
  // The keys are fetched once, while the authorization server is up, so that its outage is none of the API's.
  const keys = createRemoteJWKSet(new URL('/jwks', issuer), { cacheMaxAge: Number.POSITIVE_INFINITY })
  await keys.reload()
  const requests: ApiRequest[] = []
  const denied = new Set<string>()
  const none = { rejections: 0, denyNext: false, latency: 0, failing: false }
  let faults = { ...none }

  const verify = async (authorization = ''): Promise<Presented> => {
    const [, scheme = 'Bearer', token = ''] = /^(Bearer|DPoP) ([^ ]+)$/i.exec(authorization) ?? []
    const options = { issuer, audience, typ: 'at+jwt', requiredClaims: ['exp', 'sub', 'client_id', 'iat', 'jti'] }
    const verified = await jwtVerify(token, keys, options).catch(() => undefined)
    return { isDpop: scheme.toLowerCase() === 'dpop', token, claims: verified?.payload }
  }

  /** What is wrong with the proof of a token that is good. */
  const disproved = async (req: IncomingMessage, { isDpop, token, claims }: Presented) => {
    const { jkt } = Object(claims?.cnf) as { jkt?: string }
    if (!claims || (!jkt && !isDpop)) return undefined
    // Copied tokens come without a proof: a bound one is none for Bearer, and the other way about.
    if (!jkt || !isDpop) return 'invalid_token'
    const { method = '', url } = req
    return proofs.check(req.headers.dpop as string | undefined, { method, url: `${server.origin}${url}`, token, jkt })
  }

  const notes = async (req: IncomingMessage, res: ServerResponse) => {
    const at = Date.now()
    const presented = await verify(req.headers.authorization)
    const error = await disproved(req, presented)
    const claims = error ? undefined : presented.claims
    const { jti = '', sub: subject } = claims ?? {}
    if (claims && faults.denyNext) {
      denied.add(jti)
      faults.denyNext = false
    }
    if (faults.latency) await sleep(faults.latency)
    const rejected = faults.rejections > 0
    if (rejected) faults.rejections -= 1
    const status = faults.failing ? 503 : !claims || rejected || denied.has(jti) ? 401 : 200
    requests.push({ at, status, subject, token: claims && fingerprint(jti), error })
    if (presented.isDpop) res.setHeader('dpop-nonce', proofs.nonce())
    if (status === 503) return send(res, 503, { error: 'The API is down for maintenance.' }, { 'retry-after': '1' })
    if (status === 401) return send(res, 401, { error: 'invalid_token' }, challenge(req, presented.isDpop, error))
    return send(res, 200, { notes: [`Hello ${subject}`, `It is ${new Date(at).toISOString()}`] })
  }

  const server = await startLoopbackServer((req, res) => {
    req.resume()
    allow(origins, req, res)
    if (req.method === 'OPTIONS') return void res.writeHead(204).end()
    if (req.url?.split('?')[0] !== '/notes') return send(res, 404, { error: 'There is only /notes.' })
    notes(req, res).catch(() => res.destroy())
  }, port)

  return {
    ...{ origin: server.origin, port: server.port, requests },
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
      denied.clear()
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

// RFC 6750 §3.1: a request without a token gets no error code. RFC 9449 §7.1: nor does a scheme that was not used.
const challenge = ({ headers }: IncomingMessage, isDpop: boolean, error = 'invalid_token') => {
  const of = isDpop ? 'DPoP' : 'Bearer'
  return {
    'www-authenticate': headers.authorization
      ? `${of} realm="notes", error="${error}", error_description="The access token is expired or revoked, or is not yours"`
      : 'Bearer realm="notes", DPoP algs="ES256 EdDSA"',
  }
}

function send(res: ServerResponse, status: number, body: object, headers: Record<string, string> = {}) {
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
  res.end(JSON.stringify(body))
}
