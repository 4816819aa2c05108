import { describe, expect, it } from 'vitest'
import { TokenManagerError } from '../../src/errors.ts'
import { webText } from '../../src/in-process/web-text.ts'
import { createTokenManager, dpop, memoryStore } from '../../src/index.ts'
import { allowInsecureLoopback } from '../../src/manager/options.ts'
import { mutualTls } from '../../src/node/client-authentication.ts'
import { deviceSignIn } from '../../src/node/device-sign-in.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import type { Fetch, Store } from '../../src/ports.ts'
import { authorizationCodeGrant, authorizationRequest } from '../../src/protocol/authorization-code.ts'
import { type AuthorizationServer, authorizationServer } from '../../src/protocol/authorization-server.ts'
import { deviceAuthorization } from '../../src/protocol/device.ts'
import { endSessionUrl } from '../../src/protocol/end-session.ts'
import { pushAuthorizationRequest } from '../../src/protocol/pushed-authorization.ts'
import { refreshTokenGrant } from '../../src/protocol/refresh-token.ts'
import { revokeToken } from '../../src/protocol/revocation.ts'
import { manualClock } from '../support/manual-clock.ts'

const issuer = 'https://as.example'

/** Every type that JSON has, and what breaks those who take it for another. */
const hostile: readonly unknown[] = [
  { toString: 1 },
  { valueOf: 1, toString: 1 },
  { toJSON: 1, length: -1 },
  [{ toString: 1 }],
  [[['x']]],
  {},
  [],
  null,
  true,
  false,
  0,
  -1,
  1e308,
  -1e308,
  0.5,
  '',
  '\u0000\u001b[2J\u202e',
  '1e400',
  'x'.repeat(2_000),
]

/** `whole` again and again, each time with one member, at any depth, of another type, or without it. */
function* spoilt(whole: unknown): Generator<readonly [where: string, value: unknown]> {
  if (typeof whole !== 'object' || whole === null || whole instanceof CryptoKey) return
  for (const name of Object.keys(whole)) {
    const put = (value: unknown) => {
      if (Array.isArray(whole)) return whole.with(Number(name), value)
      return { ...whole, [name]: value }
    }
    for (const value of [...hostile, undefined]) yield [`${name} = ${JSON.stringify(value)}`, put(value)]
    for (const [where, value] of spoilt((whole as Record<string, unknown>)[name]))
      yield [`${name}.${where}`, put(value)]
  }
}

const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/revoke`,
  end_session_endpoint: `${issuer}/logout`,
  pushed_authorization_request_endpoint: `${issuer}/par`,
  device_authorization_endpoint: `${issuer}/device`,
  require_pushed_authorization_requests: false,
  authorization_response_iss_parameter_supported: true,
  dpop_signing_alg_values_supported: ['ES256'],
  mtls_endpoint_aliases: { token_endpoint: `${issuer}/mtls/token` },
}
const clock = manualClock()
const now = Math.floor(clock.now() / 1000)
const claims = {
  ...{ iss: issuer, sub: 'alice', aud: ['spa'], azp: 'spa', exp: now + 300, iat: now, nonce: 'n', auth_time: now },
  ...{ acr: 'urn:a', amr: ['pwd'], sid: 's' },
}
const header = { alg: 'ES256', kid: 'k' }
const part = (value: unknown) => Buffer.from(JSON.stringify(value) ?? '').toString('base64url')
const idToken = (head: unknown = header, body: unknown = claims) => `${part(head)}.${part(body)}.x`
const tokens = {
  access_token: 'at2',
  token_type: 'Bearer',
  expires_in: 60,
  refresh_token: 'rt2',
  scope: 'openid notes',
  id_token: idToken(),
}
const device = {
  ...{ device_code: 'dc', user_code: 'AB-CD', verification_uri: 'https://as.example/device', expires_in: 600 },
  ...{ interval: 5, verification_uri_complete: 'https://as.example/device?c=AB-CD' },
}
const pushed = { request_uri: 'urn:r', expires_in: 60 }
const refused = { error: 'invalid_request', error_description: 'no', error_uri: 'https://as.example/e' }

/** A client of a server that answers every path with `body`. */
function clientOf(body: unknown, status = 200, given: object | undefined = metadata): AuthorizationServer {
  const fetch: Fetch = async () => new Response(JSON.stringify(body) ?? '', { status })
  const platform = { ...nodePlatform(), text: webText, fetch, clock, clientAuthentication: mutualTls() }
  return authorizationServer(
    {
      issuer,
      clientId: 'spa',
      requestTimeout: 1_000,
      dpop: dpop(),
      ...(given && { metadata: given as typeof metadata }),
    },
    platform,
  )
}

const pending = {
  ...{
    state: 's',
    codeVerifier: 'v',
    redirectUri: 'https://app.example/cb',
    issuer,
    scope: 'openid notes',
    nonce: 'n',
  },
  ...{ maxAge: 60_000, acrValues: ['urn:a'], createdAt: clock.now() },
}
const refresh = (server: AuthorizationServer) =>
  refreshTokenGrant(server, { refreshToken: 'rt1', previous: { ...claims }, beforeSend: () => true })
const redeem = (server: AuthorizationServer) => authorizationCodeGrant(server, 'c', pending)

/** Everything that rejects, or resolves with an error, does so with this library's own. */
async function keepsItsWord(where: string, call: () => unknown) {
  const outcome = await Promise.resolve()
    .then(call)
    .catch((error: unknown) => ({ error }))
  const error: unknown =
    typeof outcome === 'object' && outcome !== null && 'error' in outcome ? outcome.error : undefined
  if (error !== undefined && !(error instanceof TokenManagerError)) expect.fail(`${where}: ${String(error)}`)
  if (error instanceof TokenManagerError) expect(error.message).not.toMatch(/[\p{Cc}\u202e]/u)
  return outcome
}

describe('a member of any type is never a raw error', () => {
  it('in a token answer', async () => {
    for (const [where, body] of spoilt(tokens)) {
      await keepsItsWord(where, () => refresh(clientOf(body)))
      await keepsItsWord(where, () => redeem(clientOf(body)))
    }
  })

  it('in an ID token', async () => {
    for (const spoiltTokens of [
      [...spoilt(claims)].map(([where, body]) => [where, idToken(header, body)] as const),
      [...spoilt(header)].map(([where, head]) => [where, idToken(head)] as const),
    ].flat()) {
      const [where, id_token] = spoiltTokens
      for (const grant of [refresh, redeem]) {
        const answer = await keepsItsWord(where, () => grant(clientOf({ ...tokens, id_token })))
        // What was taken can be what a later one is compared with.
        const { response } = answer as { response?: { claims?: typeof claims } }
        if (response?.claims)
          await keepsItsWord(`after ${where}`, () =>
            refreshTokenGrant(clientOf(tokens), {
              refreshToken: 'r',
              previous: response.claims,
              beforeSend: () => true,
            }),
          )
      }
    }
  })

  it('in metadata, given or discovered', { timeout: 60_000 }, async () => {
    for (const [where, body] of spoilt(metadata))
      for (const make of [() => clientOf(tokens, 200, body as object), () => clientOf(body, 200, undefined)]) {
        await keepsItsWord(where, () => make().metadata())
        await keepsItsWord(where, () => refresh(make()))
        await keepsItsWord(where, () => revokeToken(make(), { kind: 'refresh_token', token: 't' }))
        await keepsItsWord(where, () => endSessionUrl(make(), undefined, {}))
        await keepsItsWord(where, () => deviceAuthorization(make(), { scope: 'notes' }))
        await keepsItsWord(where, () =>
          authorizationRequest(make(), { redirectUri: 'https://app.example/cb', scope: 'openid', statePrefix: 'p.' }),
        )
      }
  })

  it('in the answer of a device authorization, which is asked about neither at once nor again and again', async () => {
    for (const [where, body] of spoilt(device)) {
      const answer = await keepsItsWord(where, () => deviceAuthorization(clientOf(body), { scope: 'notes' }))
      const { interval, lifetime, userCode } = answer as Awaited<ReturnType<typeof deviceAuthorization>>
      if (userCode === undefined) continue
      expect([where, interval >= 1_000 && lifetime > interval && lifetime <= 86_400_000]).toEqual([where, true])
    }
  })

  it('in what a person is shown', async () => {
    let prompts = 0
    for (const [where, body] of spoilt(device)) {
      const shown: unknown[] = []
      const controller = new AbortController()
      const prompt = (one: unknown) => {
        shown.push(one)
        controller.abort(new TokenManagerError('ERR_AUTHORIZATION_CANCELLED', 'cancelled'))
      }
      const { signal } = controller
      await keepsItsWord(where, () =>
        deviceSignIn(clientOf(body), { scope: 'notes', prompt, signal, discard: async () => {} }),
      )
      prompts += shown.length
      expect(JSON.stringify(shown)).not.toMatch(/\p{Cc}|\\u00/u)
    }
    expect(prompts).toBeGreaterThan(20)
  })

  it('in the answer to a pushed request, a revocation and a refusal', async () => {
    for (const [where, body] of spoilt(pushed))
      await keepsItsWord(where, () => pushAuthorizationRequest(clientOf(body, 201), []))
    for (const [where, body] of spoilt(refused)) {
      await keepsItsWord(where, () => revokeToken(clientOf(body, 400), { kind: 'access_token', token: 't' }))
      await keepsItsWord(where, () => refresh(clientOf(body, 400)))
      await keepsItsWord(where, () => pushAuthorizationRequest(clientOf(body, 400), []))
      await keepsItsWord(where, () => deviceAuthorization(clientOf(body, 400), { scope: 'notes' }))
    }
    for (const body of hostile) {
      await keepsItsWord(`all of it ${JSON.stringify(body)}`, () => refresh(clientOf(body)))
      await keepsItsWord(`all of it ${JSON.stringify(body)}`, () => clientOf(body, 200, undefined).metadata())
    }
  })
})

const redirectUri = 'https://app.example/cb'

/** Ends a wait for what does not come: the clock stands. */
function soon(): AbortSignal {
  const controller = new AbortController()
  const reason = new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'timeout')
  setTimeout(() => controller.abort(reason), 5)
  return controller.signal
}

/** A manager on `store`, whose server gives a usable answer to everything. */
function managerOn(store: Store<unknown>) {
  const fetch: Fetch = async (input) => {
    const { pathname } = new URL(input instanceof Request ? input.url : String(input))
    if (pathname.includes('.well-known')) return Response.json(metadata)
    if (pathname === '/par') return Response.json(pushed, { status: 201 })
    return Response.json(pathname.endsWith('/token') ? { ...tokens, id_token: undefined } : {})
  }
  return createTokenManager(
    {
      ...{ issuer, clientId: 'spa', scope: 'openid notes', redirectUri, store, fetch },
      ...{ resources: ['https://api.example/'], dpop: dpop(), [allowInsecureLoopback]: false },
    },
    { ...nodePlatform(), clock },
  )
}

/** What a session and a sign-in on its way leave in the store. */
async function stored(): Promise<ReadonlyMap<string, unknown>> {
  const rows = new Map<string, unknown>()
  const memory = memoryStore<unknown>()
  const recording: Store<unknown> = {
    ...memory,
    async swap(key, tag, value, options) {
      const done = await memory.swap(key, tag, value, options)
      if (done) rows.set(key, value)
      return done
    },
  }
  const manager = managerOn(recording)
  await manager.adopt({ accessToken: 'at1', refreshToken: 'rt1', expiresAt: clock.now() + 600_000 })
  void manager.signIn({
    returnTo: '/x',
    userAgent: { callbackUrl: () => undefined, authorize: () => new Promise(() => {}) },
  })
  while (![...rows.keys()].some((key) => key.endsWith('.pending'))) await new Promise((resolve) => setTimeout(resolve))
  manager.dispose()
  return rows
}

describe('a stored member of any type is never a raw error', () => {
  it('in a session, whose tokens are Bearer or DPoP tokens, and whose waits end', { timeout: 120_000 }, async () => {
    const rows = await stored()
    const [key = '', record] = [...rows].find(([name]) => !name.endsWith('.pending')) ?? []
    const full = {
      ...(record as object),
      claims,
      idToken: 'a.b.c',
      lease: { owner: 'o', beat: 1, locked: false },
      doubt: 'd',
      failure: { attempts: 1, delay: 1, beat: 'b', refusal: '400 x', refusedFor: 1 },
      outbox: [{ kind: 'access_token', token: 't', addedAt: clock.now(), grantId: 'g' }],
      follows: 'g',
      revoked: { g: { refresh_token: 'revoked', access_token: 'failed' } },
      requestedScope: 'openid notes',
    }
    for (const [where, value] of spoilt(full)) {
      const store = memoryStore<unknown>()
      await store.swap(key, undefined, value)
      const manager = managerOn(store)
      await keepsItsWord(where, () => manager.ready())
      const token = await keepsItsWord(where, () => manager.getAccessToken({ signal: soon() }))
      const { type } = token as { type?: string }
      if (type !== undefined) expect(type).toMatch(/^(Bearer|DPoP)$/)
      await keepsItsWord(where, () => manager.signOut())
      manager.dispose()
    }
  })

  it('in a sign-in that is on its way', { timeout: 120_000 }, async () => {
    const rows = await stored()
    const [key = '', pendings] = [...rows].find(([name]) => name.endsWith('.pending')) ?? []
    const [{ state }] = pendings as [{ state: string }]
    for (const [where, value] of spoilt(pendings)) {
      const store = memoryStore<unknown>()
      await store.swap(key, undefined, value)
      const manager = managerOn(store)
      const answer = `${redirectUri}?code=c&state=${encodeURIComponent(state)}&iss=${encodeURIComponent(issuer)}`
      await keepsItsWord(where, () => manager.completeSignIn(answer))
      manager.dispose()
    }
  })

  it('the wait after a failure is an hour at most', async () => {
    const { readRecord } = await import('../../src/session/record.ts')
    const rows = await stored()
    const [key = '', record] = [...rows].find(([name]) => !name.endsWith('.pending')) ?? []
    const store = memoryStore<unknown>()
    await store.swap(key, undefined, { ...(record as object), failure: { attempts: 1, delay: 1e308, beat: 'b' } })
    const found = await readRecord(store, key, { issuer, clientId: 'spa' })
    expect(found).toMatchObject({ record: { failure: { delay: 3_600_000 } } })
  })
})
