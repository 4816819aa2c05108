import { type Api, startApi } from '../../examples/demo/api.ts'
import { type AuthorizationServer, startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import {
  allowInsecureLoopback,
  alwaysOnline,
  createTokenManager,
  dpop,
  memoryStore,
  noChannel,
  pushedAuthorizationRequests,
  queueLock,
  systemClock,
  webCrypto,
} from '../../src/index.ts'
import type { SessionRecord } from '../../src/session/record.ts'
import { plainOAuthClient } from '../examples/demo/plain-oauth-client.ts'

const redirectUri = 'http://127.0.0.1:4711/callback'
/** Half of what a nonce lives, ms. */
const LAP = 5_000

/** A program that is signed in. */
export interface DpopProgram {
  readonly server: AuthorizationServer
  readonly apis: readonly Api[]
  readonly manager: ReturnType<typeof createTokenManager>
  /** What was sent, oldest first. */
  readonly sent: { readonly url: string; readonly headers: Headers; readonly body: unknown }[]
  /** Where it sent the person. */
  readonly visited: readonly string[]
  readonly told: string[]
  /** The refresh token as it is stored. */
  readonly stored: () => Promise<string>
  readonly stop: () => Promise<void>
}

/** How to start it. */
export interface DpopProgramOptions {
  /** Default 1. */
  readonly apiCount?: number
  /** After how many requests an API takes a new nonce. Default: after minutes. */
  readonly rotation?: number
  /** How many nonces are skipped by now. Default none. */
  readonly skipped?: () => number
  /** Whether the server wants authorization requests pushed. Default false. */
  readonly pushed?: boolean
}

/** A program that is signed in at oidc-provider, which wants DPoP with nonces, and calls APIs that do. */
export async function dpopProgram(options: DpopProgramOptions = {}): Promise<DpopProgram> {
  const { apiCount = 1, rotation = Infinity, skipped = () => 0, pushed = false } = options
  const server = await startAuthorizationServer({
    redirectUris: [redirectUri],
    autoLogin: 'alice',
    dpop: 'required with nonces',
    accessTokenTtl: 300,
    pushed,
  })
  const apis: Api[] = []
  const began = Date.now()
  for (let i = 0; i < apiCount; i++) {
    const { issuer, audience } = server
    const laps = () => skipped() + Math.floor((api?.requests.length ?? 0) / rotation)
    const api: Api | undefined = await startApi({
      issuer,
      audience,
      origins: [],
      dpop: { nonce: { lifetime: 2 * LAP } },
      // By requests, not by time: a machine that is slow sees the same nonces.
      now: () => began + laps() * LAP,
    })
    apis.push(api)
  }
  const { browse } = plainOAuthClient(server, redirectUri)
  const sent: DpopProgram['sent'] = []
  const visited: string[] = []
  const store = memoryStore<unknown>()
  let key = ''
  const noting: typeof store = {
    ...store,
    get(name) {
      if (!name.endsWith('.pending')) key = name
      return store.get(name)
    },
  }
  const manager = createTokenManager(
    {
      issuer: server.issuer,
      clientId: server.clientId,
      redirectUri,
      scope: 'openid notes',
      dpop: dpop(),
      ...(pushed && { pushedAuthorizationRequests: pushedAuthorizationRequests() }),
      resources: apis.map((api) => `${api.origin}/`),
      [allowInsecureLoopback]: true,
    },
    {
      store: noting,
      lock: queueLock(),
      channel: noChannel,
      lifecycle: alwaysOnline,
      clock: systemClock,
      crypto: webCrypto,
      userAgent: {
        authorize(url) {
          visited.push(url)
          return browse(url)
        },
        callbackUrl: () => undefined,
      },
      fetch(input, init) {
        const headers = new Headers(init?.headers)
        headers.set('origin', new URL(redirectUri).origin)
        sent.push({ url: String(input), headers, body: init?.body })
        return fetch(input, { ...init, headers })
      },
    },
  )
  const told: string[] = []
  for (const type of ['token_rejected', 'refresh_failed', 'dpop_not_bound', 'refreshed'] as const)
    manager.on(type, () => told.push(type))
  await manager.signIn()
  const stored = async () => {
    const row = await store.get(key)
    return String((row?.value as SessionRecord | undefined)?.refreshToken)
  }
  const stop = async () => {
    manager.dispose()
    await Promise.all([server.stop(), ...apis.map((api) => api.stop())])
  }
  return { server, apis, manager, sent, visited, told, stored, stop }
}
