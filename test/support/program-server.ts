/// <reference path="../../examples/demo/oidc-provider.d.ts" />
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { Context, Provider } from 'oidc-provider'
import type { TokenSet } from '../../src/index.ts'

/** oidc-provider on 127.0.0.1 for what is no browser: programs, devices, services, and websites' servers. */
export interface ProgramServer {
  readonly issuer: string
  /** An API that takes what it issued, and says for whom: `{ sub, scope, client }`. */
  readonly api: string
  /** What it was asked at the token endpoint, and what became of it: `<grant type> <outcome>`. */
  readonly grants: string[]
  /** Answers of its revocation endpoint, by their status. */
  readonly revocations: number[]
  /** A person with a browser (of these cookies) goes to `url`, signs in as `account` and agrees, and comes out at the last page. */
  agree(url: string, account?: string, cookies?: Map<string, string>): Promise<Response>
  /** The same, who refuses to let a device in. */
  refuse(url: string): Promise<Response>
  /** New tokens of the client `web`, as if `account` had signed in elsewhere. */
  issue(account: string): Promise<TokenSet>
  /** What tells the client `web` that `account` has signed out at the server (OpenID Connect Back-Channel Logout §2.4). */
  logoutToken(account: string, typ?: string): Promise<string>
  stop(): Promise<void>
}

/** How to start it. */
export interface ProgramServerOptions {
  /** Lifetime of access tokens, seconds. Default 60. */
  readonly accessTokenTtl?: number
  /** Redirect URIs of the client `web`. */
  readonly redirectUris?: readonly string[]
  /** Awaited before each request to the token endpoint is looked at. */
  readonly beforeGrant?: () => Promise<void>
}

const AUDIENCE = 'urn:example:notes'
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
/** The secret of the clients that have one. */
export const clientSecret = 'a secret of more than thirty-two characters'

/** Clients: `cli` (public; device, loopback), `kiosk` (with a secret; device), `service` (client credentials), `web` (code). */
export async function startProgramServer({
  accessTokenTtl = 60,
  redirectUris = ['http://127.0.0.1:9/callback'],
  beforeGrant,
}: ProgramServerOptions = {}): Promise<ProgramServer> {
  let respond: RequestListener = (_, res) => void res.writeHead(503).end()
  const http = createServer((req, res) => respond(req, res))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const provider = await quietly(
    async () =>
      new (await import('oidc-provider')).default(
        issuer,
        configuration(accessTokenTtl, redirectUris, { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }),
      ),
  )
  const grants: string[] = []
  const revocations: number[] = []
  provider.use(async (ctx, next) => {
    if (ctx.method === 'POST' && ctx.path === '/token') await beforeGrant?.()
    await next()
    if (ctx.method === 'POST' && ctx.path === '/token')
      grants.push(`${ctx.oidc.params?.grant_type} ${(ctx.body as { error?: string }).error ?? 'granted'}`)
    if (ctx.path === '/token/revocation') revocations.push(ctx.status)
  })
  const answer = provider.callback()
  respond = (req, res) => {
    if (req.url?.startsWith('/api')) return void callApi(issuer, req, res)
    if (!req.url?.startsWith('/interaction/')) return answer(req, res)
    const account = String(req.headers['x-person'])
    void provider
      .interactionDetails(req, res)
      .then(({ prompt }) =>
        provider.interactionFinished(
          req,
          res,
          prompt.name === 'consent' ? { consent: {} } : { login: { accountId: account } },
        ),
      )
      .catch(() => res.writeHead(500).end())
  }

  return {
    issuer,
    grants,
    revocations,
    api: `${issuer}/api/`,
    agree: (url, account = 'alice', cookies = new Map()) => visit(url, { account, cookies, button: 'confirm' }),
    refuse: (url) => visit(url, { account: 'alice', cookies: new Map(), button: 'abort' }),
    async issue(account) {
      const device = await post(issuer, '/device/auth', { scope: 'openid offline_access notes' })
      await visit(device.verification_uri_complete ?? '', { account, cookies: new Map(), button: 'confirm' })
      const tokens = await post(issuer, '/token', { grant_type: DEVICE, device_code: device.device_code ?? '' })
      const { access_token: accessToken = '', refresh_token: refreshToken = '' } = tokens
      return { accessToken, refreshToken, expiresAt: Date.now() + accessTokenTtl * 1000 }
    },
    logoutToken: (account, typ = 'logout+jwt') =>
      new SignJWT({ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } })
        .setProtectedHeader({ alg: 'ES256', typ })
        .setIssuer(issuer)
        .setAudience('web')
        .setSubject(account)
        .setJti(crypto.randomUUID())
        .setIssuedAt()
        .setExpirationTime('2m')
        .sign(privateKey),
    async stop() {
      const closed = new Promise((resolve) => http.close(resolve))
      http.closeAllConnections()
      await closed
    },
  }
}

function configuration(accessTokenTtl: number, redirectUris: readonly string[], signingKey: object): object {
  const code = { response_types: ['code'] }
  const none = { response_types: [], redirect_uris: [] }
  const secret = { client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_basic' }
  return {
    clients: [
      {
        client_id: 'cli',
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        ...code,
        grant_types: ['authorization_code', 'refresh_token', DEVICE],
        redirect_uris: ['http://127.0.0.1/callback'],
      },
      {
        client_id: 'kiosk',
        ...secret,
        ...none,
        grant_types: ['refresh_token', DEVICE],
      },
      { client_id: 'service', ...secret, ...none, grant_types: ['client_credentials'] },
      {
        client_id: 'web',
        ...secret,
        ...code,
        grant_types: ['authorization_code', 'refresh_token', DEVICE],
        redirect_uris: redirectUris,
      },
    ],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clientAuthMethods: ['none', 'client_secret_basic'],
    cookies: { keys: ['only a test'] },
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: page,
        userCodeConfirmSource: page,
        successSource: (ctx: Context) => page(ctx, 'Signed in'),
      },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: (_: Context, resource: string) => ({
          audience: resource,
          scope: 'notes',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    findAccount: (_: Context, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: (_: Context, { uid }: { uid: string }) => `/interaction/${uid}` },
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    jwks: { keys: [signingKey] },
    loadExistingGrant: agreedTo,
    pkce: { required: () => true },
    rotateRefreshToken: true,
    scopes: ['openid', 'offline_access', 'notes'],
    ttl: {
      AccessToken: accessTokenTtl,
      ClientCredentials: accessTokenTtl,
      IdToken: 3600,
      AuthorizationCode: 60,
      DeviceCode: 600,
      Session: 3600,
      Interaction: 3600,
      Grant: 3600,
      RefreshToken: 3600,
    },
  }
}

function page(ctx: Context, body: string) {
  ctx.type = 'html'
  ctx.body = body
}

async function agreedTo({ oidc }: Context) {
  const { account, client, provider, requestParamScopes, resourceServers } = oidc
  const grant = new provider.Grant({ accountId: account?.accountId ?? '', clientId: client?.clientId ?? '' })
  grant.addOIDCScope([...requestParamScopes].join(' '))
  for (const resource of new Set([AUDIENCE, ...Object.keys(resourceServers ?? {})]))
    grant.addResourceScope(resource, 'notes')
  await grant.save()
  return grant
}

/** A browser that keeps cookies, follows redirects, and submits the form of the page it comes to. */
async function visit(
  url: string,
  { account, cookies, button }: { account: string; cookies: Map<string, string>; button: 'confirm' | 'abort' },
): Promise<Response> {
  let form: URLSearchParams | undefined
  for (let steps = 0; steps < 20; steps++) {
    const response: Response = await fetch(url, {
      ...(form && { method: 'POST', body: form }),
      headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; '), 'x-person': account },
      redirect: 'manual',
    })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';', 1)[0] ?? '').split(/=(.*)/s)
      cookies.set(name, value)
    }
    const refused = form?.has('abort')
    form = undefined
    const location = response.headers.get('location')
    if (location) {
      url = new URL(location, url).href
      continue
    }
    const page = await response.clone().text()
    const action = /<form[^>]* action="([^"]*)"/.exec(page)?.[1]
    // One who refused gets the page for another code.
    if (!action || refused) return response
    url = new URL(action, url).href
    form = new URLSearchParams()
    for (const [, name, value] of page.matchAll(/<input[^>]* name="([^"]*)"[^>]* value="([^"]*)"/g))
      if (name !== 'confirm') form.set(String(name), String(value))
    if (page.includes('name="confirm"')) form.set(button, 'yes')
  }
  throw new Error(`No end of pages at ${url.split('?')[0]}`)
}

async function post(issuer: string, path: string, form: Record<string, string>): Promise<Record<string, string>> {
  const headers = { authorization: `Basic ${btoa(`web:${encodeURIComponent(clientSecret).replaceAll('%20', '+')}`)}` }
  const response = await fetch(issuer + path, { method: 'POST', headers, body: new URLSearchParams(form) })
  return (await response.json()) as Record<string, string>
}

/** Takes any token of ours that has not expired; says for whom it is. */
async function callApi(issuer: string, req: IncomingMessage, res: ServerResponse) {
  req.resume()
  const [, payload = ''] = (req.headers.authorization ?? '').split(' ')[1]?.split('.') ?? []
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}') as Record<string, unknown>
  if (claims.iss !== issuer || Number(claims.exp) * 1000 <= Date.now())
    return res.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end()
  const { sub, scope, client_id: client } = claims
  return res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ sub, scope, client }))
}

/** oidc-provider greets every start with warnings that are right elsewhere. */
async function quietly(run: () => Promise<Provider>): Promise<Provider> {
  const { info, warn } = console
  console.info = console.warn = () => {}
  try {
    return await run()
  } finally {
    Object.assign(console, { info, warn })
  }
}
