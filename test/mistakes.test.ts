import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import * as browser from '../src/browser/index.ts'
import * as core from '../src/index.ts'
import { sessionLimits } from '../src/manager/session-limits.ts'
import {
  allowInsecureLoopback,
  createTokenManager,
  fileStore,
  type NodeTokenManagerOptions,
} from '../src/node/index.ts'
import { jsonResponse, scriptedAuthorizationServer } from '../src/testing/index.ts'
import { scriptedUserAgent } from './support/scripted-user-agent.ts'
import { anErrorSaying, areLeftOut } from './support/sentences.ts'

const issuer = 'https://as.example'
const redirectUri = 'https://app.example.com/callback'
const notes = 'https://api.example.com/v1/notes'

/** What a developer had in mind; `options` are what went wrong. */
function program(options: Record<string, unknown> = {}) {
  const server = scriptedAuthorizationServer(Date.now)
  const userAgent = scriptedUserAgent((url) => server.authorize(url))
  const manager = createTokenManager({
    issuer,
    clientId: 'spa',
    redirectUri,
    scope: 'openid notes',
    resources: ['https://api.example.com/v1'],
    fetch: server.fetch,
    userAgent,
    ...options,
  } as NodeTokenManagerOptions)
  onTestFinished(() => manager.dispose())
  server.subject = 'alice'
  return { manager, server, userAgent }
}

/** A program whose authorization server answers the token request with an error. */
function refusing(status: number, error: string, error_description: string, options?: Record<string, unknown>) {
  const made = program(options)
  made.server.before = () => jsonResponse({ error, error_description }, status)
  return made
}

/** A `fetch` that fails as Node's does. */
function failing(code: string) {
  return async () => {
    throw new TypeError('fetch failed', { cause: Object.assign(new Error('of undici'), { code }) })
  }
}

/** Signs in, and has the answer changed on its way. */
async function comeBackWith(params: Record<string, string | undefined>) {
  const { manager, server, userAgent } = program()
  userAgent.answer = (url) => {
    const back = new URL(server.authorize(url))
    for (const [name, value] of Object.entries(params)) {
      if (value === undefined) back.searchParams.delete(name)
      else back.searchParams.set(name, value)
    }
    return back.href
  }
  await manager.signIn()
}

/** Signs in with an ID token that has other claims. */
async function signInWithClaims(claims: Record<string, unknown>) {
  const { manager, server } = program()
  server.claims = claims
  await manager.signIn()
}

interface Mistake {
  readonly title: string
  /** What the developer does. Rejects with what is told. */
  readonly make: () => unknown
  /** What has to be told: what was found, what was expected, the option. */
  readonly told: readonly (string | RegExp)[]
  readonly code: core.TokenManagerErrorCode
  /** In the build for production nobody looks for it. */
  readonly developmentOnly?: true
}

const seconds = () => Math.floor(Date.now() / 1_000)

const mistakes: readonly Mistake[] = [
  {
    title: 'no issuer',
    make: () => program({ issuer: undefined }),
    told: ['Option issuer has to be given'],
    code: 'ERR_INVALID_OPTION',
  },
  {
    title: 'no clientId',
    make: () => program({ clientId: undefined }),
    told: ['Option clientId has to be given'],
    code: 'ERR_INVALID_OPTION',
  },
  {
    title: 'an http issuer',
    make: () => program({ issuer: 'http://as.example.com' }),
    told: ['Option issuer has to be an https URL'],
    code: 'ERR_INVALID_OPTION',
  },
  {
    title: 'an http issuer on localhost',
    make: () => program({ issuer: 'http://localhost:8080/realms/demo' }),
    told: ['Option issuer', 'http on localhost needs', '[allowInsecureLoopback]: true'],
    code: 'ERR_INVALID_OPTION',
  },
  {
    title: 'allowInsecureLoopback as a string key',
    make: () => program({ issuer: 'http://localhost:8080', allowInsecureLoopback: true }),
    told: ['Option allowInsecureLoopback', 'symbol', '[allowInsecureLoopback]: true'],
    code: 'ERR_INVALID_OPTION',
  },
  {
    title: 'a slash too many in the issuer',
    make: () => program({ issuer: `${issuer}/` }).manager.signIn(),
    told: [`"${issuer}"`, `"${issuer}/"`, 'option issuer', 'identical'],
    code: 'ERR_RESPONSE_INVALID',
  },
  {
    title: 'a wrong path in the issuer',
    make: () => {
      const nothing = async () => new Response('', { status: 404 })
      return program({ issuer: `${issuer}/realms/demo`, fetch: nothing }).manager.signIn()
    },
    told: [
      `${issuer}/realms/demo/.well-known/openid-configuration answered 404`,
      `${issuer}/.well-known/oauth-authorization-server/realms/demo answered 404`,
      `option issuer is "${issuer}/realms/demo"`,
    ],
    code: 'ERR_RESPONSE_INVALID',
  },
  {
    title: 'an issuer that is a website',
    make: () => {
      const { manager, server } = program()
      server.onDiscovery = () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })
      return manager.signIn()
    },
    told: ['/.well-known/openid-configuration answered 200 without JSON', `option issuer is "${issuer}"`],
    code: 'ERR_RESPONSE_INVALID',
  },
  {
    title: 'a host that does not exist',
    make: () => program({ fetch: failing('ENOTFOUND') }).manager.signIn(),
    told: [`${issuer}/.well-known/openid-configuration cannot be reached`, '(ENOTFOUND)', "code: 'ENOTFOUND'"],
    code: 'ERR_TEMPORARILY_UNAVAILABLE',
  },
  {
    title: 'a certificate that nobody vouches for',
    make: () => program({ fetch: failing('DEPTH_ZERO_SELF_SIGNED_CERT') }).manager.signIn(),
    told: ['cannot be reached', '(DEPTH_ZERO_SELF_SIGNED_CERT)', "code: 'DEPTH_ZERO_SELF_SIGNED_CERT'"],
    code: 'ERR_TEMPORARILY_UNAVAILABLE',
  },
  {
    title: 'a server that does not run',
    make: async () => {
      const port = await closedPort()
      const own = { issuer: `http://127.0.0.1:${port}`, fetch, [allowInsecureLoopback]: true }
      return program(own).manager.signIn()
    },
    told: [/http:\/\/127\.0\.0\.1:\d+\/\.well-known\/openid-configuration cannot be reached/, '(ECONNREFUSED)'],
    code: 'ERR_TEMPORARILY_UNAVAILABLE',
  },
  {
    title: 'no CORS at the token endpoint',
    make: () => {
      const { manager, server } = program()
      server.before = () => Promise.reject(new TypeError('Failed to fetch'))
      return manager.signIn()
    },
    told: [`${issuer}/token cannot be reached`, 'CORS'],
    code: 'ERR_AUTHORIZATION_REJECTED',
  },
  {
    title: 'a misspelt option',
    make: () => program({ redirectURI: redirectUri }),
    told: ['Option redirectURI has to be left out', 'redirectUri'],
    code: 'ERR_INVALID_OPTION',
    developmentOnly: true,
  },
  {
    title: 'no redirectUri',
    make: () => program({ redirectUri: undefined }).manager.signIn(),
    told: ['signIn() needs option redirectUri'],
    code: 'ERR_INVALID_OPTION',
  },
  {
    title: 'a path as redirectUri where there is no page',
    make: () => program({ redirectUri: '/callback' }).manager.signIn(),
    told: ['signIn() needs option redirectUri, an absolute URL', 'only a page may use a path'],
    code: 'ERR_INVALID_OPTION',
  },
  {
    title: 'a redirectUri that is no URL',
    make: () => program({ redirectUri: 'callback' }),
    told: ['Option redirectUri has to be an absolute URL', 'and is callback'],
    code: 'ERR_INVALID_OPTION',
    developmentOnly: true,
  },
  {
    title: 'a redirectUri on another origin than the page',
    make: () => {
      vi.stubGlobal('location', { origin: 'http://localhost:5173', href: 'http://localhost:5173/', assign() {} })
      return program({ userAgent: browser.redirect() }).manager.signIn()
    },
    told: ['Option redirectUri', 'http://localhost:5173', 'https://app.example.com'],
    code: 'ERR_INVALID_OPTION',
  },
  {
    title: 'onclick = tokens.signIn',
    make: () => program().manager.signIn(new Event('click') as object),
    told: ['signIn()', 'without the event', '() => tokens.signIn()'],
    code: 'ERR_INVALID_OPTION',
    developmentOnly: true,
  },
  {
    title: 'a path that is not below the listed one',
    make: () => program().manager.fetch('https://api.example.com/v2/notes?key=1'),
    told: ['https://api.example.com/v2/notes:', 'resources lists https://api.example.com/v1'],
    code: 'ERR_TARGET_NOT_ALLOWED',
  },
  {
    title: 'a wildcard among the resources',
    make: () => program({ resources: ['https://*.example.com/'] }),
    told: ['Option resources[0] has to be an https URL', 'without query, fragment, wildcard'],
    code: 'ERR_INVALID_OPTION',
  },
  {
    title: 'an http API',
    make: () => program({ resources: ['http://localhost:3000/'] }),
    told: ['Option resources[0] has to be an https URL', '[allowInsecureLoopback]: true'],
    code: 'ERR_INVALID_OPTION',
  },
  {
    title: 'a leeway in seconds',
    make: () => program({ refresh: { leeway: 60 } }),
    told: ['Option refresh.leeway has to be 0, or 1000 to 3600000 ms', 'and is 60'],
    code: 'ERR_INVALID_OPTION',
    developmentOnly: true,
  },
  {
    title: 'a time limit in seconds',
    make: () => program({ limits: sessionLimits({ idleTimeout: 900 }) }),
    told: ['Option limits.idleTimeout has to be', '1000', 'ms', 'and is 900'],
    code: 'ERR_INVALID_OPTION',
  },
  {
    title: 'a time limit that is not imported',
    make: () => program({ idleTimeout: 900_000 }),
    told: ['Option idleTimeout has to be given as limits: sessionLimits({ idleTimeout })'],
    code: 'ERR_INVALID_OPTION',
    developmentOnly: true,
  },
  {
    title: 'no offline_access',
    make: async () => {
      const { manager } = program()
      await manager.adopt({ accessToken: 'at', expiresAt: Date.now() - 1 })
      return manager.getAccessToken()
    },
    told: ['no refresh token', 'offline_access'],
    code: 'ERR_SIGNED_OUT',
  },
  {
    title: 'access denied by a policy of the server',
    make: () => comeBackWith({ code: undefined, error: 'access_denied', error_description: 'User is not assigned.' }),
    told: ['access_denied: User is not assigned.'],
    code: 'ERR_AUTHORIZATION_CANCELLED',
  },
  {
    title: 'a wrong audience',
    make: () => refusing(400, 'invalid_target', 'No API is registered as urn:x').manager.signIn(),
    told: [`${issuer}/token answered 400 invalid_target: No API is registered as urn:x`, 'option resources'],
    code: 'ERR_CLIENT_REJECTED',
  },
  {
    title: 'a scope that the server does not know',
    make: () => refusing(400, 'invalid_scope', 'Unknown scope: nots').manager.signIn(),
    told: ['answered 400 invalid_scope: Unknown scope: nots', 'option scope'],
    code: 'ERR_CLIENT_REJECTED',
  },
  {
    title: 'a client that is registered as confidential',
    make: () => refusing(401, 'invalid_client', 'Client authentication failed').manager.signIn(),
    told: ['answered 401 invalid_client: Client authentication failed', 'how the client is registered'],
    code: 'ERR_CLIENT_REJECTED',
  },
  {
    title: 'a device whose clock is an hour ahead',
    make: () => signInWithClaims({ iat: seconds() - 3_600, exp: seconds() - 3_300 }),
    told: [/the device's clock is 36\d\d s ahead of the server's: correct it/],
    code: 'ERR_RESPONSE_INVALID',
  },
  {
    title: 'a device whose clock is an hour behind',
    make: () => signInWithClaims({ iat: seconds() + 3_600, exp: seconds() + 3_900 }),
    told: [/the device's clock is 3[56]\d\d s behind the server's: correct it/],
    code: 'ERR_RESPONSE_INVALID',
  },
  {
    title: 'a server that gives no nonce back',
    make: () => signInWithClaims({ nonce: undefined }),
    told: ['has no nonce', 'allowMissingNonce'],
    code: 'ERR_RESPONSE_INVALID',
  },
  {
    title: 'an answer that is used twice',
    make: async () => {
      const { manager, userAgent } = program()
      const { answer } = userAgent
      let used = ''
      userAgent.answer = async (url) => {
        used = await answer(url)
        return used
      }
      await manager.signIn()
      return manager.completeSignIn(used)
    },
    told: ['No sign-in waits for this state, or it was used before'],
    code: 'ERR_AUTHORIZATION_REJECTED',
  },
  {
    title: 'tokenward/browser while a server renders',
    make: () => browser.createTokenManager({ issuer, clientId: 'spa' }).getAccessToken(),
    told: ['no page here', 'a server renders'],
    code: 'ERR_UNSUPPORTED',
  },
  {
    title: 'tokenward in place of tokenward/browser',
    make: () =>
      (core.createTokenManager as (options: object) => core.TokenManager)({ issuer, clientId: 'spa' }).refresh(),
    told: ['tokenward/browser', 'tokenward/node'],
    code: 'ERR_UNSUPPORTED',
  },
  {
    title: 'a file store in a folder that others can reach',
    make: async () => {
      const path = await mkdtemp(join(tmpdir(), 'tokenward-'))
      onTestFinished(() => rm(path, { recursive: true }))
      await chmod(path, 0o755)
      const key = Uint8Array.from({ length: 32 }, (_, index) => index * 7)
      const state = await program({ store: fileStore({ path, key }) }).manager.ready()
      expect(state).toMatchObject({ status: 'signedOut', reason: 'storage_lost' })
      throw state.status === 'signedOut' && state.error
    },
    told: ["The file store's folder has mode 755", 'only its owner can reach (700)'],
    code: 'ERR_STORE_FAILED',
  },
]

afterEach(() => vi.unstubAllGlobals())

describe('what a person reads after a usual mistake names what was found, what was expected and the option', () => {
  it('there are thirty at least', () => expect(mistakes.length).toBeGreaterThanOrEqual(30))

  const looked = mistakes.filter(({ developmentOnly }) => !(developmentOnly && areLeftOut))
  it.each(looked)('$title', async ({ make, told, code }) => {
    const run = async () => make()
    const error = await run().then(
      () => undefined,
      (one: unknown) => one,
    )
    expect(error).toMatchObject({ name: 'TokenManagerError', code })
    const shown = inspect(error)
    if (areLeftOut) expect(error).toEqual(anErrorSaying(''))
    else for (const words of told) expect(shown).toMatch(words)
    expect(shown).not.toContain('the session is kept')
    // A browser's console shows the message alone.
    const { message, reason } = error as core.TokenManagerError
    expect(message).toContain(`: see tokenward/docs/troubleshooting.md#${reason}`)
  })

  it('an access token in a template string says where its text is', async () => {
    const { manager } = program()
    await manager.signIn()
    const token = await manager.getAccessToken()
    expect(`Bearer ${String(token)}`).toBe('Bearer [redacted access token: its text is .value]')
    const { headers } = new Request(notes, { headers: { authorization: `Bearer ${token.value}` } })
    expect(headers.get('authorization')).toMatch(/^Bearer at-/)
  })
})

/** A port of this machine at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer()
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  )
  await new Promise((resolve) => server.close(resolve))
  return port
}
