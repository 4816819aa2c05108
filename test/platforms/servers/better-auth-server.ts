import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { appFolder } from '../../../scripts/platform-packages.mjs'
import { type Person, person } from './person.ts'

/** The only API that tokens are made for. */
export const API = 'https://api.example.com/'

const PASSWORD = 'correct horse battery'
const SCOPES = ['openid', 'profile', 'offline_access', 'notes']

/** A running Better Auth with one person, and two clients of it. */
export interface BetterAuthServer {
  readonly issuer: string
  readonly spa: { readonly id: string; readonly redirectUri: string }
  /** A website's backend. `backchannel`: where it wants to hear of sign-outs. */
  readonly web: {
    readonly id: string
    readonly secret: string
    readonly redirectUri: string
    readonly backchannel: string
  }
  /** Somebody with a browser of their own, who signs in and says what is told. */
  person(says?: 'yes' | 'no'): Person
  stop(): Promise<void>
}

interface Client {
  readonly client_id: string
  readonly client_secret?: string
}

/** What is used of Better Auth. */
interface Auth {
  readonly options: unknown
  readonly api: {
    getOpenIdConfig(): Promise<object>
    signUpEmail(request: { body: object; asResponse: true }): Promise<Response>
    adminCreateOAuthClient(request: { headers: Headers; body: object }): Promise<Client>
  }
}

async function imported<Module>(specifier: string): Promise<Module> {
  const path = createRequire(join(appFolder('servers'), 'package.json')).resolve(specifier)
  return import(pathToFileURL(path).href)
}

async function packages() {
  type Make<Made> = (options?: object) => Made
  const [{ betterAuth }, { jwt }, { toNodeHandler }, { memoryAdapter }, { getAuthTables }, { oauthProvider }] =
    await Promise.all([
      imported<{ betterAuth: Make<Auth> }>('better-auth'),
      imported<{ jwt: Make<object> }>('better-auth/plugins'),
      imported<{ toNodeHandler(auth: Auth): Parameters<typeof createServer>[1] & {} }>('better-auth/node'),
      imported<{ memoryAdapter: Make<object> }>('better-auth/adapters/memory'),
      imported<{ getAuthTables(options: unknown): Record<string, { modelName: string }> }>('better-auth/db'),
      imported<{ oauthProvider: Make<object> }>('@better-auth/oauth-provider'),
    ])
  return { betterAuth, jwt, toNodeHandler, memoryAdapter, getAuthTables, oauthProvider }
}

/**
 * Starts Better Auth as an authorization server, its data in memory.
 * @param reuseInterval seconds for which a refresh token that was used may be used again
 */
export async function startBetterAuth({ reuseInterval }: { reuseInterval: number }): Promise<BetterAuthServer> {
  const made = await packages()
  let handle: Parameters<typeof createServer>[1] & {} = (_, response) => response.writeHead(503).end()
  const server = createServer((request, response) => handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const data: Record<string, object[]> = {}
  const provider = made.oauthProvider({
    loginPage: '/login',
    consentPage: '/consent',
    scopes: SCOPES,
    resources: [API],
    enforcePerClientResources: false,
    refreshTokenReuseInterval: reuseInterval,
  })
  const auth = made.betterAuth({
    baseURL: origin,
    secret: 'a secret of a test, which is as long as it has to be: 0aZ9!',
    database: made.memoryAdapter(data),
    emailAndPassword: { enabled: true },
    disabledPaths: ['/token'],
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    plugins: [made.jwt({ disableSettingJwtHeader: true }), provider],
  })
  for (const [name, { modelName }] of Object.entries(made.getAuthTables(auth.options))) {
    data[name] ??= []
    data[modelName] ??= []
  }
  handle = made.toNodeHandler(auth)

  const body = { email: 'alice@example.com', password: PASSWORD, name: 'Alice' }
  const signedUp = await auth.api.signUpEmail({ body, asResponse: true })
  const cookie = signedUp.headers.getSetCookie().map((one) => one.split(';')[0])
  const headers = new Headers({ cookie: cookie.join('; ') })
  const common = { response_types: ['code'], scope: SCOPES.join(' ') }
  const spaUri = 'http://127.0.0.1/callback'
  const webUri = 'https://app.example.com/auth/callback'
  const backchannel = 'https://app.example.com/auth/backchannel'
  const spa = await auth.api.adminCreateOAuthClient({
    headers,
    body: {
      ...common,
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [spaUri],
    },
  })
  const web = await auth.api.adminCreateOAuthClient({
    headers,
    body: {
      ...common,
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [webUri],
      backchannel_logout_uri: backchannel,
      backchannel_logout_session_required: true,
    },
  })
  return {
    issuer: `${origin}/api/auth`,
    spa: { id: spa.client_id, redirectUri: spaUri },
    web: { id: web.client_id, secret: `${web.client_secret}`, redirectUri: webUri, backchannel },
    person: (says = 'yes') => person({ origin, email: body.email, password: PASSWORD, says }),
    stop: () => stopped(server),
  }
}

function stopped(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
