/// <reference path="./oidc-provider.d.ts" />
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import type { Provider } from 'oidc-provider'
import { startLoopbackServer } from './loopback-server.ts'
import { acrValues, type Dpop, providerConfiguration, type WebsiteClient } from './provider-configuration.ts'
import { createProviderStore } from './provider-store.ts'
import { accounts, messagePage, pageHeaders, signInPage, signInStyle } from './sign-in-page.ts'
import { type TokenEndpoint, watchTokenEndpoint } from './token-endpoint.ts'

/** How to start the {@link AuthorizationServer}. */
export interface AuthorizationServerOptions {
  /** Redirect URIs of the public client; their origins may call the server (CORS). Without any there is no such client. */
  readonly redirectUris: readonly string[]
  /** Default: the origins of `redirectUris` with `/`. */
  readonly postLogoutRedirectUris?: readonly string[]
  /** Default `'spa'`. */
  readonly clientId?: string
  /** A second client, with a secret. Default: none. */
  readonly website?: WebsiteClient
  /** Resource indicators (RFC 8707) it knows; the first is used when none is asked for. Default `['urn:example:notes']`. */
  readonly audiences?: readonly string[]
  /** Lifetime of access tokens in seconds, default 60. */
  readonly accessTokenTtl?: number
  /** Signs everybody in as this person without a page, as `alice` or `bob` or any other name. */
  readonly autoLogin?: string
  /** Whether a sign-in gives a refresh token, default true. */
  readonly refreshTokens?: boolean
  /** 0 (default) takes a free one. */
  readonly port?: number
  /** Whether tokens are bound to keys, default `'offered'`. */
  readonly dpop?: Dpop
  /** Whether authorization requests have to be pushed first (RFC 9126), default false. */
  readonly pushed?: boolean
  /** Where logouts are told (OpenID Connect Back-Channel Logout 1.0). Default: nowhere. */
  readonly backchannelLogoutUri?: string
  /** Whether signing out at the server ends the grants of that sign-in, default false. */
  readonly endsWithSession?: boolean
  /** Whether all sign-ins of a person share one grant, so that revoking one refresh token ends all of them; default false. */
  readonly sharesGrants?: boolean
}

/**
 * A running authorization server: oidc-provider with one public client, PKCE S256 required, rotating refresh tokens whose
 * reuse ends the grant, JWT access tokens (RFC 9068), revocation and RP-initiated logout. State is in memory.
 */
export interface AuthorizationServer extends TokenEndpoint {
  readonly issuer: string
  readonly port: number
  readonly clientId: string
  /** The default audience of access tokens. */
  readonly audience: string
  /** How often a used refresh token was presented. */
  readonly reuseCount: number
  /**
   * `'refused'`: nothing listens, connections are refused. `'unavailable'`: every answer is 503, readable by scripts.
   * `false`: back again, with everything it knew.
   */
  setDown(how: 'refused' | 'unavailable' | false): Promise<void>
  /** Seconds; for tokens issued from now on. */
  setAccessTokenTtl(seconds: number): void
  /** Who is signed in without a page from now on; `undefined` shows the page. */
  setAutoLogin(account: string | undefined): void
  /** Ends every grant of a person (of everybody without a name), tokens included; says how many. */
  revokeGrants(account?: string): number
  /** Signs everybody out in every browser, ends their grants, and tells it (back-channel logout); says how many sign-ins that were. */
  logOutEverywhere(): Promise<number>
  /** Stops listening and starts again on the same port, with everything it knew. */
  restart(): Promise<void>
  /** Stops for good; nothing is left running. */
  stop(): Promise<void>
}

/** Starts an {@link AuthorizationServer} on 127.0.0.1. */
export async function startAuthorizationServer(options: AuthorizationServerOptions): Promise<AuthorizationServer> {
  const { clientId = 'spa', audiences = ['urn:example:notes'], redirectUris } = options
  let { autoLogin, accessTokenTtl = 60 } = options
  let unavailable = false
  let respond: RequestListener = (_req, res) => void res.writeHead(503).end()
  const server = await startLoopbackServer((req, res) => respond(req, res), options.port)
  const issuer = server.origin

  const store = createProviderStore()
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const origins = redirectUris.map((uri) => new URL(uri).origin)
  const { default: OidcProvider, interactionPolicy } = await quietly(() => import('oidc-provider'))
  const configuration = providerConfiguration({
    interactionPolicy,
    clientId,
    website: options.website,
    redirectUris,
    origins,
    audiences,
    adapter: store.adapter,
    postLogoutRedirectUris: options.postLogoutRedirectUris ?? origins.map((origin) => `${origin}/`),
    signingKey: { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'demo' },
    cookieKey: randomBytes(24).toString('base64url'),
    cookieSuffix: server.port,
    refreshTokens: options.refreshTokens ?? true,
    accessTokenTtl: () => accessTokenTtl,
    dpop: options.dpop ?? 'offered',
    pushed: options.pushed ?? false,
    backchannelLogoutUri: options.backchannelLogoutUri,
    endsWithSession: options.endsWithSession ?? false,
    sharesGrants: options.sharesGrants ?? false,
  })
  const provider: Provider = await quietly(async () => new OidcProvider(issuer, configuration))
  const endpoint = watchTokenEndpoint(provider)
  const answer = provider.callback()

  respond = (req, res) => {
    const path = (req.url ?? '/').split('?')[0] ?? '/'
    if (unavailable) return sendUnavailable(req, res)
    if (path === '/sign-in.css') return void res.writeHead(200, { 'content-type': 'text/css' }).end(signInStyle)
    if (!path.startsWith('/interaction/')) return answer(req, res)
    interact(provider, req, res, autoLogin).catch(() => {
      if (!res.headersSent) res.writeHead(400, pageHeaders)
      res.end(messagePage('This sign-in is over', 'Go back to the demo and start again.'))
    })
  }

  return {
    ...endpoint,
    issuer,
    clientId,
    port: server.port,
    audience: audiences[0] as string,
    get lastIssued() {
      return endpoint.lastIssued
    },
    get reuseCount() {
      return endpoint.requests.filter(({ reused }) => reused).length
    },
    async setDown(how) {
      unavailable = how === 'unavailable'
      await (how === 'refused' ? server.refuse() : server.accept())
    },
    setAccessTokenTtl: (seconds) => {
      accessTokenTtl = seconds
    },
    setAutoLogin: (account) => {
      autoLogin = account
    },
    revokeGrants: (account) => store.revokeGrants(account),
    async logOutEverywhere() {
      store.revokeGrants()
      const ended = store.endSessions()
      await Promise.all(
        ended.map(async ({ account, client, sid }) => {
          const told = await provider.Client.find(client)
          if (told.backchannelLogoutUri) await told.backchannelLogout(account, sid)
        }),
      )
      return ended.length
    },
    async restart() {
      await server.refuse()
      await server.accept()
    },
    stop: () => server.refuse(),
  }
}

/** oidc-provider greets every start with warnings about what is right for a demo and wrong elsewhere. */
async function quietly<T>(run: () => Promise<T>): Promise<T> {
  const { info, warn } = console
  console.info = console.warn = () => {}
  try {
    return await run()
  } finally {
    Object.assign(console, { info, warn })
  }
}

function sendUnavailable(req: IncomingMessage, res: ServerResponse) {
  req.resume()
  res.writeHead(503, {
    'access-control-allow-origin': req.headers.origin ?? '*',
    'access-control-allow-headers': req.headers['access-control-request-headers'] ?? '*',
    'content-type': 'text/plain',
    connection: 'close',
  })
  res.end('The authorization server is down for maintenance.')
}

async function interact(provider: Provider, req: IncomingMessage, res: ServerResponse, autoLogin: string | undefined) {
  const { prompt, params } = await provider.interactionDetails(req, res)
  if (prompt.name === 'consent') return provider.interactionFinished(req, res, { consent: {} })
  const asked = params.acr_values?.split(' ') ?? acrValues
  const acr = asked.find((one) => acrValues.includes(one))
  if (autoLogin !== undefined) return provider.interactionFinished(req, res, { login: { accountId: autoLogin, acr } })
  if (req.method !== 'POST') return void res.writeHead(200, pageHeaders).end(signInPage())
  const account = new URLSearchParams(await readForm(req)).get('account')
  const known = accounts.find(({ id }) => id === account)
  const result = known
    ? { login: { accountId: known.id, acr } }
    : { error: 'access_denied', error_description: 'The person cancelled.' }
  return provider.interactionFinished(req, res, result)
}

async function readForm(req: IncomingMessage): Promise<string> {
  let form = ''
  for await (const chunk of req.setEncoding('utf8')) {
    form += chunk
    if (form.length > 4096) throw new Error('form too large')
  }
  return form
}
