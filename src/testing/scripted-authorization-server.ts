import type { TokenSet } from '../manager/token-manager.ts'
import type { Fetch } from '../ports.ts'
import { jsonResponse, readProof, unsignedIdToken } from './scripted-answers.ts'
import type { SeenApiCall, SeenRevocation, SeenTokenRequest } from './seen-requests.ts'

export type { SeenTokenRequest }
export { jsonResponse, unsignedIdToken }

/**
 * What a script returns for one request. `undefined`: the server answers as usual. A `Response`: it is sent instead. A script that throws
 * or rejects stands for a network that failed: the `fetch` rejects too.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a script that returns nothing lets the server answer
export type ScriptedAnswer = Promise<Response | void> | Response | void

/**
 * An authorization server for tests, in memory, behind a `fetch`. It has discovery, a token endpoint and revocation. It rotates refresh
 * tokens strictly: a refresh token that is used a second time ends the whole family of tokens that came from the same sign-in (RFC 9700
 * §4.14.2). A request to any other origin counts as a call of an API, and gets the answer of `api`. Change its members at any time.
 */
export interface ScriptedAuthorizationServer {
  /** The issuer identifier: always `https://as.example`. */
  readonly issuer: string
  /** Answers every request. Give it to a manager as option `fetch`. */
  readonly fetch: Fetch
  /** Every token request, the oldest first. */
  readonly requests: readonly SeenTokenRequest[]
  /** Every revocation request, the oldest first. */
  readonly revoked: readonly SeenRevocation[]
  /** How many token requests came with a refresh token that had been used before. A correct client never sends one. */
  readonly reuse: number
  /** The highest number of token requests that were under way at the same time. */
  readonly overlap: number
  /** The refresh tokens that the server still accepts. */
  readonly living: readonly string[]
  /**
   * The member `expires_in` of token answers, in seconds. Any value is sent as it is, also one that no correct server sends. `undefined`
   * leaves the member out. Default 300.
   */
  expiresIn: unknown
  /** Whether each refresh gives a new refresh token. Default true. */
  rotate: boolean
  /**
   * Whether the server offers DPoP. If so, tokens that were asked for with a proof are bound to its key (RFC 9449 §5). The server does
   * not check the signature of a proof. Default false.
   */
  dpop: boolean
  /** The nonce that each DPoP proof has to contain (RFC 9449 §8). `undefined`: none is asked for. Default `undefined`. */
  dpopNonce: string | undefined
  /** The claim `sub` of the ID tokens in token answers. `undefined`: token answers have no ID token. Default `undefined`. */
  subject: string | undefined
  /** Claims of these ID tokens. They are added to the usual ones, or replace those with the same name. Default: none. */
  claims: Record<string, unknown>
  /**
   * Does what happens when a person signs in and agrees.
   * @param url the URL of the authorization request
   * @returns the redirect URI with `code`, `state` and `iss`: the URL that the person comes back to
   */
  authorize(url: string): string
  /** Issues a new pair of tokens, as a sign-in would. Give it to `adopt()` of a manager. */
  issue(): Required<Pick<TokenSet, 'accessToken' | 'refreshToken'>>
  /** Ends every session: from now on each refresh token that was issued gets the answer `invalid_grant`. */
  revokeAll(): void
  /** Called for each token request, before the server looks at it. If it returns an answer, that is sent and nothing is issued. */
  before: (request: SeenTokenRequest) => ScriptedAnswer
  /**
   * Called for each token request after the server has processed it, with the server's answer. What it returns is sent. If it throws,
   * the answer is lost: the tokens are issued, and the client never gets them.
   */
  after: (request: SeenTokenRequest, answer: Response) => Promise<Response> | Response
  /** Called for each revocation request. If it returns an answer, that is sent and nothing is revoked. */
  onRevoke: () => ScriptedAnswer
  /** Called for each discovery request. If it returns an answer, that is sent instead of the server's metadata. */
  onDiscovery: () => ScriptedAnswer
  /** Every request to an origin other than the issuer's, the oldest first. */
  readonly calls: readonly SeenApiCall[]
  /** Answers requests to other origins. Default: status 200 with an empty JSON object. */
  api: (request: Request) => Promise<Response> | Response
}

const issuer = 'https://as.example'

/**
 * Makes a {@link ScriptedAuthorizationServer} that has issued nothing yet.
 * @param now gives the server's time in epoch milliseconds, for ID tokens and `calls`; use `now` of the test's clock. Default: always 0
 * @param word each code and token of the server begins with this text, so that a test can look for it. Default: empty
 */
export function scriptedAuthorizationServer(now: () => number = () => 0, word = ''): ScriptedAuthorizationServer {
  const requests: SeenTokenRequest[] = []
  const revoked: SeenRevocation[] = []
  const calls: SeenApiCall[] = []
  /** Each code that was issued and not redeemed, with the nonce of its authorization request. */
  const codes = new Map<string, string | null>()
  /** Each refresh token with its family. A used one stays in the map, so that its second use is noticed. */
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
    const hasIdToken = server.subject !== undefined
    const idToken = hasIdToken ? unsignedIdToken({ ...claims, ...server.claims }, `${word}c2ln`) : undefined

    // Members that are undefined do not appear in the JSON.
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
