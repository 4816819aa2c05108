import type { Fetch } from '../../src/ports.ts'

/** A token request as the {@link SimulatedServer} saw it. */
export interface SeenTokenRequest {
  readonly grantType: string
  readonly refreshToken?: string
  readonly params: URLSearchParams
  /** What it was answered, before anything happened to the answer. */
  outcome: 'issued' | 'invalid_grant' | 'scripted'
}

/** An authorization server behind a `fetch`: strict rotation, and reuse ends the family. */
export interface SimulatedServer {
  readonly issuer: string
  readonly fetch: Fetch
  readonly requests: readonly SeenTokenRequest[]
  readonly revoked: readonly { readonly token: string; readonly hint: string | null }[]
  /** How often a refresh token was presented that had been used. */
  readonly reuse: number
  /** How many token requests were under way at the same time, at most. */
  readonly overlap: number
  /** The refresh tokens it would still accept. */
  readonly living: readonly string[]
  /** Seconds; what `expires_in` says. */
  expiresIn: unknown
  /** Whether refresh tokens rotate. */
  rotate: boolean
  /** `sub` of the ID tokens that come with token answers; absent: none come. */
  subject: string | undefined
  /** Further claims of those ID tokens, or other values for the usual ones. */
  claims: Record<string, unknown>
  /** The person says yes at `url`: where that leads. */
  authorize(url: string): string
  /** A new pair, as a sign-in would give it. */
  issue(): { accessToken: string; refreshToken: string }
  /** Ends every family. */
  revokeAll(): void
  /** Called for each token request before it is processed; what it returns is sent instead. */
  before: (request: SeenTokenRequest) => Promise<Response | void> | Response | void
  /** Called after it was processed; what it returns or throws replaces the answer. */
  after: (request: SeenTokenRequest, answer: Response) => Promise<Response> | Response
  /** Called for each revocation request. */
  onRevoke: () => Promise<Response | void> | Response | void
  /** Called for each discovery request. */
  onDiscovery: () => Promise<Response | void> | Response | void
  /** Every API request: its URL, its Authorization header, and when it came. */
  readonly calls: readonly { readonly url: string; readonly authorization: string | null; readonly at: number }[]
  /** Answers API requests; default 200. */
  api: (request: Request) => Promise<Response> | Response
}

const issuer = 'https://as.example'

/**
 * @param now its wall clock
 * @param word what its secrets begin with
 */
export function simulatedServer(now: () => number = () => 0, word = ''): SimulatedServer {
  const requests: SeenTokenRequest[] = []
  const revoked: { token: string; hint: string | null }[] = []
  const calls: { url: string; authorization: string | null; at: number }[] = []
  /** Code → nonce. */
  const codes = new Map<string, string | null>()
  /** Refresh token → its family; a used one stays known. */
  const families = new Map<string, { alive: boolean; current: string }>()
  let serial = 0
  let reuse = 0
  let running = 0
  let overlap = 0

  const server: SimulatedServer = {
    issuer,
    requests,
    revoked,
    calls,
    expiresIn: 300,
    subject: undefined,
    claims: {},
    rotate: true,
    before: () => {},
    after: (_, answer) => answer,
    onRevoke: () => {},
    onDiscovery: () => {},
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
        calls.push({ url: request.url, authorization: request.headers.get('authorization'), at: now() })
        return server.api(request)
      }
      if (pathname.startsWith('/.well-known/')) return (await server.onDiscovery()) ?? json(metadata)
      const params = new URLSearchParams(await request.text())
      if (pathname === '/revoke') {
        const scripted = await server.onRevoke()
        if (scripted) return scripted
        const token = params.get('token') ?? ''
        revoked.push({ token, hint: params.get('token_type_hint') })
        const family = families.get(token)
        if (family) family.alive = false
        return new Response(null)
      }
      overlap = Math.max(overlap, ++running)
      try {
        return await token(params)
      } finally {
        running--
      }
    },
  }
  return server

  async function token(params: URLSearchParams): Promise<Response> {
    const refreshToken = params.get('refresh_token') ?? undefined
    const seen: SeenTokenRequest = {
      ...{ grantType: params.get('grant_type') ?? '', params, outcome: 'scripted' },
      ...(refreshToken !== undefined && { refreshToken }),
    }
    requests.push(seen)
    const scripted = await server.before(seen)
    if (scripted) return scripted
    return server.after(seen, process(seen))
  }

  function process(seen: SeenTokenRequest): Response {
    seen.outcome = 'issued'
    if (seen.refreshToken === undefined) {
      const code = seen.params.get('code') ?? ''
      const nonce = codes.get(code)
      if (!codes.delete(code)) return json({ error: 'invalid_grant' }, 400)
      const { accessToken, refreshToken } = server.issue()
      return tokens(accessToken, refreshToken, nonce)
    }
    const family = families.get(seen.refreshToken)
    if (family && family.current !== seen.refreshToken) {
      reuse++
      family.alive = false
    }
    if (!family?.alive) {
      seen.outcome = 'invalid_grant'
      return json({ error: 'invalid_grant' }, 400)
    }
    const accessToken = `${word}at-${++serial}`
    if (!server.rotate) return tokens(accessToken)
    family.current = `${word}rt-${serial}`
    families.set(family.current, family)
    return tokens(accessToken, family.current)
  }

  function tokens(accessToken: string, refreshToken?: string, nonce?: string | null): Response {
    const iat = Math.floor(now() / 1000)
    const claims = { iss: issuer, aud: 'spa', sub: server.subject, iat, exp: iat + 600, ...(nonce && { nonce }) }
    return json({
      ...(server.subject !== undefined && { id_token: idToken({ ...claims, ...server.claims }, `${word}c2ln`) }),
      ...{ access_token: accessToken, token_type: 'Bearer' },
      ...(server.expiresIn !== undefined && { expires_in: server.expiresIn }),
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
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

/** A JSON answer. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })
}

/** An ID token with a worthless signature, as only its claims are read. */
export function idToken(claims: Record<string, unknown>, signature = 'c2ln'): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256' })}.${part(claims)}.${signature}`
}
