import type { TokenSet } from '../manager/token-manager.ts'
import type { Fetch } from '../ports.ts'
import { jsonResponse, readProof, unsignedIdToken } from './scripted-answers.ts'
import type { SeenApiCall, SeenRevocation, SeenTokenRequest } from './seen-requests.ts'

export type { SeenTokenRequest }
export { jsonResponse, unsignedIdToken }

/** What a script does about one request: nothing, or give its own answer. A rejection is a network that failed. */
// biome-ignore lint/suspicious/noConfusingVoidType: a script that returns nothing lets the server answer
export type ScriptedAnswer = Promise<Response | void> | Response | void

/**
 * An authorization server behind a `fetch`. It has discovery, a token endpoint with strict rotation (a refresh token that comes a
 * second time ends its family, RFC 9700 §4.14.2), and revocation. Every other origin is an API that answers 200.
 */
export interface ScriptedAuthorizationServer {
  /** Its issuer identifier: `https://as.example`. */
  readonly issuer: string
  /** Give it to a manager as option `fetch`. */
  readonly fetch: Fetch
  /** Every token request, oldest first. */
  readonly requests: readonly SeenTokenRequest[]
  /** Every revocation, oldest first. */
  readonly revoked: readonly SeenRevocation[]
  /** How often a refresh token was presented that had been used. */
  readonly reuse: number
  /** How many token requests were under way at the same time, at most. */
  readonly overlap: number
  /** The refresh tokens it would still accept. */
  readonly living: readonly string[]
  /** What `expires_in` says, seconds; anything, to be a bad server; `undefined` leaves it out. Default 300. */
  expiresIn: unknown
  /** Whether refresh tokens rotate. Default true. */
  rotate: boolean
  /**
   * Whether it offers DPoP, and binds what it issues to the key of the proof (RFC 9449 §5), whose signature it does not check.
   * Default false.
   */
  dpop: boolean
  /** The nonce that proofs have to hold (RFC 9449 §8). Default `undefined`: none. */
  dpopNonce: string | undefined
  /** `sub` of the ID tokens that come with token answers. Default `undefined`: none come. */
  subject: string | undefined
  /** Further claims of those ID tokens, or other values for the usual ones. Default none. */
  claims: Record<string, unknown>
  /**
   * The person says yes.
   * @param url the authorization request
   * @returns the redirect URI with the answer
   */
  authorize(url: string): string
  /** A new pair of tokens, as a sign-in would give it; for `adopt()`. */
  issue(): Required<Pick<TokenSet, 'accessToken' | 'refreshToken'>>
  /** Ends every family: each refresh token is answered `invalid_grant` from now on. */
  revokeAll(): void
  /** Called for each token request before it is processed; what it returns is sent instead, and nothing is issued. */
  before: (request: SeenTokenRequest) => ScriptedAnswer
  /** Called for each token request after it was processed; what it returns or throws replaces the answer. */
  after: (request: SeenTokenRequest, answer: Response) => Promise<Response> | Response
  /** Called for each revocation request; what it returns is sent, and nothing is revoked. */
  onRevoke: () => ScriptedAnswer
  /** Called for each discovery request; what it returns is sent instead of the metadata. */
  onDiscovery: () => ScriptedAnswer
  /** Every API request, oldest first. */
  readonly calls: readonly SeenApiCall[]
  /** Answers API requests. Default 200 with an empty JSON object. */
  api: (request: Request) => Promise<Response> | Response
}

const issuer = 'https://as.example'

/**
 * A server that has issued nothing yet.
 * @param now its wall clock, for ID tokens and `calls`; default stands at 0
 * @param word what every code and token of it begins with; default ''
 */
export function scriptedAuthorizationServer(now: () => number = () => 0, word = ''): ScriptedAuthorizationServer {
  const requests: SeenTokenRequest[] = []
  const revoked: SeenRevocation[] = []
  const calls: SeenApiCall[] = []
  /** Code → nonce. */
  const codes = new Map<string, string | null>()
  /** Refresh token → its family; a used one stays known. */
  const families = new Map<string, { alive: boolean; current: string; jwk?: string | undefined }>()
  let serial = 0
  let reuse = 0
  let running = 0
  let overlap = 0

  const server: ScriptedAuthorizationServer = {
    issuer,
    requests,
    revoked,
    calls,
    expiresIn: 300,
    subject: undefined,
    claims: {},
    rotate: true,
    dpop: false,
    dpopNonce: undefined,
    before: () => undefined,
    after: (_, answer) => answer,
    onRevoke: () => undefined,
    onDiscovery: () => undefined,
    api: () => new Response('{}', { headers: { 'content-type': 'application/json' } }),
    get living() {
      return [...new Set(families.values())].filter(({ alive }) => alive).map(({ current }) => current)
    },
    get reuse() {
      return reuse
    },
    get overlap() {
      return overlap
    },
    issue() {
      const family = { alive: true, current: `${word}rt-${++serial}` }
      families.set(family.current, family)
      return { accessToken: `${word}at-${serial}`, refreshToken: family.current }
    },
    authorize(url) {
      const { searchParams } = new URL(url)
      const code = `${word}code-${++serial}`
      codes.set(code, searchParams.get('nonce'))
      const answer = new URLSearchParams({ code, state: searchParams.get('state') ?? '', iss: issuer })
      return `${searchParams.get('redirect_uri')}?${answer}`
    },
    revokeAll() {
      for (const family of families.values()) family.alive = false
    },
    async fetch(input, init) {
      const request = new Request(input as Request, init)
      const { pathname, origin } = new URL(request.url)
      if (origin !== issuer) {
        const { url, headers } = request
        calls.push({ url, authorization: headers.get('authorization'), proof: headers.get('dpop'), at: now() })
        return server.api(request)
      }
      if (pathname.startsWith('/.well-known/'))
        return (await server.onDiscovery()) ?? jsonResponse({ ...metadata, ...(server.dpop && dpopMetadata) })

      const params = new URLSearchParams(await request.text())
      if (pathname === '/revoke') return (await server.onRevoke()) ?? revoke(params)

      overlap = Math.max(overlap, ++running)
      try {
        return await token(params, request.headers.get('dpop'))
      } finally {
        running--
      }
    },
  }
  return server

  function revoke(params: URLSearchParams): Response {
    const token = params.get('token') ?? ''
    revoked.push({ token, hint: params.get('token_type_hint') })
    const family = families.get(token)
    if (family) family.alive = false
    return new Response(null)
  }

  async function token(params: URLSearchParams, proof: string | null): Promise<Response> {
    const refreshToken = params.get('refresh_token') ?? undefined
    const seen: SeenTokenRequest = {
      grantType: params.get('grant_type') ?? '',
      params,
      outcome: 'scripted',
      ...(refreshToken !== undefined && { refreshToken }),
      ...(proof !== null && { proof }),
    }
    requests.push(seen)

    const scripted = await server.before(seen)
    return scripted ?? server.after(seen, process(seen))
  }

  function process(seen: SeenTokenRequest): Response {
    seen.outcome = 'scripted'
    const { jwk, nonce } = server.dpop && seen.proof ? readProof(seen.proof) : {}
    const { dpopNonce } = server
    const lacksNonce = jwk !== undefined && dpopNonce !== undefined && nonce !== dpopNonce
    if (lacksNonce) return jsonResponse({ error: 'use_dpop_nonce' }, 400, { 'dpop-nonce': dpopNonce })

    seen.outcome = 'issued'
    if (seen.refreshToken === undefined) return redeem(seen.params.get('code') ?? '', jwk)
    return rotate(seen, seen.refreshToken, jwk)
  }

  function redeem(code: string, jwk: string | undefined): Response {
    const nonce = codes.get(code)
    if (!codes.delete(code)) return jsonResponse({ error: 'invalid_grant' }, 400)

    const { accessToken, refreshToken } = server.issue()
    const family = families.get(refreshToken)
    if (family) family.jwk = jwk
    return tokens(jwk, accessToken, refreshToken, nonce)
  }

  function rotate(seen: SeenTokenRequest, refreshToken: string, jwk: string | undefined): Response {
    const family = families.get(refreshToken)
    const isReuse = family !== undefined && family.current !== refreshToken
    if (isReuse) {
      reuse++
      family.alive = false
    }

    const isOfThisKey = !family?.jwk || family.jwk === jwk
    if (!family?.alive || !isOfThisKey) {
      seen.outcome = 'invalid_grant'
      return jsonResponse({ error: 'invalid_grant' }, 400)
    }

    const accessToken = `${word}at-${++serial}`
    if (!server.rotate) return tokens(jwk, accessToken)

    family.current = `${word}rt-${serial}`
    families.set(family.current, family)
    return tokens(jwk, accessToken, family.current)
  }

  function tokens(jwk: unknown, accessToken: string, refreshToken?: string, nonce?: string | null): Response {
    const iat = Math.floor(now() / 1000)
    const claims = { iss: issuer, aud: 'spa', sub: server.subject, iat, exp: iat + 600, ...(nonce && { nonce }) }
    const idToken =
      server.subject === undefined ? undefined : unsignedIdToken({ ...claims, ...server.claims }, `${word}c2ln`)
    // JSON leaves out what is undefined.
    return jsonResponse({
      id_token: idToken,
      access_token: accessToken,
      token_type: jwk ? 'DPoP' : 'Bearer',
      expires_in: server.expiresIn,
      refresh_token: refreshToken,
    })
  }
}

const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/revoke`,
  end_session_endpoint: `${issuer}/end`,
}

const dpopMetadata = { dpop_signing_alg_values_supported: ['ES256'] }
