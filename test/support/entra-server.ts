import type { Fetch } from '../../src/ports.ts'
import { idToken, json } from './simulated-server.ts'

/** One token request, as it arrived. */
export interface EntraRequest {
  readonly grantType: string
  /** `undefined`: it named none. */
  readonly scope: string | undefined
  readonly status: number
}

/**
 * An authorization server that behaves as Microsoft Entra ID does (v2.0 endpoints), as far as its documentation says:
 * - What API a token is for is told by `scope` alone. The parameter `resource` is refused (AADSTS901002).
 * - A person may consent to scopes of several APIs at once; a token request may name those of one API (AADSTS28000, AADSTS70011).
 * - `scope` of an answer names what was consented to of that one API, and never `offline_access`.
 * - There is no revocation, and `iss` does not come with the code.
 * APIs answer 401 to tokens of other APIs.
 */
export interface EntraServer {
  readonly issuer: string
  readonly fetch: Fetch
  readonly requests: readonly EntraRequest[]
  /** The scopes of each authorization request. */
  readonly asked: readonly string[]
  /** API requests: the API's address, and the status of its answer. */
  readonly calls: readonly (readonly [url: string, status: number])[]
  /** What the person said yes to so far. */
  readonly consented: ReadonlySet<string>
  /** Scopes that the person says no to. Default none. */
  declined: ReadonlySet<string>
  /** As where the client is the API itself, and in B2C: a token request without `scope` brings no access token. Default false. */
  needsScope: boolean
  /** `expires_in`, seconds. Default 3 599. */
  expiresIn: number
  /** Answers in the place of an API. Default: by the token alone. */
  api: (url: string) => Response | undefined
  /** The person answers the authorization request `url`; what comes back to the redirect URI. */
  authorize(url: string): string
}

const TENANT = '7f1d3c52-0000-4000-8000-0000c0ffee00'
const issuer = `https://login.microsoftonline.com/${TENANT}/v2.0`
const GRAPH = 'https://graph.microsoft.com'
const OPENID = ['openid', 'profile', 'email', 'offline_access']

/** Which API a scope is of: Microsoft Graph where it does not say. */
const apiOf = (scope: string) => (scope.includes('://') ? scope.slice(0, scope.lastIndexOf('/')) : GRAPH)
const scopesIn = (text: string | null) => (text ?? '').split(' ').filter(Boolean)
const apisIn = (scopes: readonly string[]) => [...new Set(scopes.filter((scope) => !OPENID.includes(scope)).map(apiOf))]

/**
 * Nobody has signed in yet.
 * @param now its wall clock
 * @param apis by the address of an API: what begins its scopes
 */
export function entraServer(now: () => number, apis: Readonly<Record<string, string>>): EntraServer {
  const requests: EntraRequest[] = []
  const asked: string[] = []
  const calls: (readonly [string, number])[] = []
  const consented = new Set<string>()
  const codes = new Map<string, URLSearchParams>()
  const refreshTokens = new Set<string>()
  /** Access token → its API. */
  const accessTokens = new Map<string, string>()
  let serial = 0

  const server: EntraServer = {
    issuer,
    requests,
    asked,
    calls,
    consented,
    declined: new Set(),
    needsScope: false,
    expiresIn: 3_599,
    api: () => undefined,
    authorize(url) {
      const params = new URL(url).searchParams
      asked.push(params.get('scope') ?? '')
      const answer = new URLSearchParams({ state: params.get('state') ?? '' })
      const scopes = scopesIn(params.get('scope'))
      if (params.has('resource')) answer.set('error', 'invalid_request')
      else {
        const code = `code-${++serial}`
        codes.set(code, params)
        for (const scope of scopes) if (!server.declined.has(scope)) consented.add(scope)
        answer.set('code', code)
        answer.set('session_state', 'x')
      }
      return `${params.get('redirect_uri')}?${answer}`
    },
    async fetch(input, init) {
      const request = new Request(input as Request, init)
      const { origin, pathname } = new URL(request.url)
      if (origin !== new URL(issuer).origin) return answerOfApi(request)
      if (pathname.endsWith('/.well-known/openid-configuration')) return json(metadata)
      const params = new URLSearchParams(await request.text())
      const response = token(params)
      const scope = params.get('scope') ?? undefined
      requests.push({ grantType: params.get('grant_type') ?? '', scope, status: response.status })
      return response
    },
  }
  return server

  function answerOfApi(request: Request): Response {
    const api = Object.entries(apis).find(([address]) => request.url.startsWith(address))?.[1]
    const value = request.headers.get('authorization')?.replace('Bearer ', '') ?? ''
    const isMine = api !== undefined && accessTokens.get(value) === api
    const challenge = { 'www-authenticate': 'Bearer error="invalid_token"' }
    const response = isMine
      ? (server.api(request.url) ?? json({}))
      : new Response('', { status: 401, headers: challenge })
    calls.push([request.url, response.status])
    return response
  }

  function token(params: URLSearchParams): Response {
    if (params.has('resource')) return refuse('invalid_request', 901_002)
    const isCode = params.get('grant_type') === 'authorization_code'
    const code = params.get('code') ?? ''
    const request = codes.get(code)
    const known = isCode ? codes.delete(code) : refreshTokens.has(params.get('refresh_token') ?? '')
    if (!known) return refuse('invalid_grant', 70_000)
    const named = scopesIn(params.get('scope'))
    if (apisIn(named).length > 1) return refuse('invalid_scope', isCode ? 28_000 : 70_011)
    const first = apisIn(scopesIn(request?.get('scope') ?? [...consented].join(' ')))[0]
    const api = apisIn(named)[0] ?? (server.needsScope ? undefined : first)
    const granted = [...consented].filter((scope) => !OPENID.includes(scope) && apiOf(scope) === api)
    const missing = named.filter((scope) => !consented.has(scope))
    if (missing.length > 0) return refuse('invalid_grant', 65_001, 'consent_required')
    return json({
      token_type: 'Bearer',
      ...(api !== undefined && accessToken(api, granted)),
      ...(consented.has('offline_access') && { refresh_token: newRefreshToken() }),
      ...((named.includes('openid') || named.length === 0) && { id_token: idTokenFor(request?.get('nonce')) }),
    })
  }

  function accessToken(api: string, granted: readonly string[]) {
    const value = `at-${++serial}`
    accessTokens.set(value, api)
    const openid = api === GRAPH ? ['openid', 'profile', 'email'] : []
    const scope = [...granted.filter((one) => !one.endsWith('/.default')), ...openid].join(' ')
    const { expiresIn } = server
    return { access_token: value, scope, expires_in: expiresIn, ext_expires_in: expiresIn }
  }

  function newRefreshToken(): string {
    const value = `rt-${++serial}`
    refreshTokens.add(value)
    return value
  }

  function idTokenFor(nonce: string | null | undefined): string {
    const iat = Math.floor(now() / 1_000)
    const claims = { iss: issuer, aud: 'spa', sub: 'alice', tid: TENANT, ver: '2.0', iat, exp: iat + 3_600 }
    return idToken({ ...claims, ...(nonce && { nonce }) })
  }
}

function refuse(error: string, code: number, suberror?: string): Response {
  const error_description = `AADSTS${code}: …`
  return json({ error, error_description, error_codes: [code], ...(suberror && { suberror }) }, 400)
}

const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  end_session_endpoint: `${issuer}/logout`,
  kerberos_endpoint: 'https://login.microsoftonline.com/kerberos',
  tenant_region_scope: null,
  cloud_instance_name: 'microsoftonline.com',
}
