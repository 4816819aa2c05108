import { generateKeyPair, SignJWT } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  allowUntypedLogoutTokens,
  type BackchannelLogoutOptions,
  createBackchannelLogout,
  type LogoutDecision,
  type LogoutEvent,
} from '../../src/resource-server/backchannel-logout.ts'
import { createDenylist } from '../../src/resource-server/denylist.ts'
import { createGuard } from '../../src/resource-server/guard.ts'
import { AUDIENCE, goodClaims, NOW, rawJwt, request, SECONDS, type TestIssuer, testIssuer } from './test-issuer.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

let as: TestIssuer
let now: number
let ended: LogoutEvent[]
let told: LogoutDecision[]
let serial = 0

beforeEach(async () => {
  as = await testIssuer()
  now = NOW
  ended = []
  told = []
})

const handlerOf = (options: Partial<BackchannelLogoutOptions> = {}) =>
  createBackchannelLogout({
    ...{ issuer: as.issuer, clientId: 'spa', fetch: as.fetch, now: () => now },
    endSessions: (event) => void ended.push(event),
    onDecision: (decision) => told.push(decision),
    ...options,
  })

const logoutClaims = (): Record<string, unknown> => ({
  ...{ iss: as.issuer, aud: 'spa', iat: SECONDS, exp: SECONDS + 120, jti: `l${++serial}`, sub: 'person', sid: 's1' },
  events: { [EVENT]: {} },
})
const logoutToken = (change: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
  as.sign({ ...logoutClaims(), ...change }, { typ: 'logout+jwt', ...header })

function post(token: string | readonly string[], init: RequestInit = {}): Request {
  const body = new URLSearchParams([token].flat().map((one) => ['logout_token', one]))
  return new Request('https://app.example.com/logout', { method: 'POST', body, ...init })
}

const shape = async (response: Response) => [
  response.status,
  response.headers.get('cache-control'),
  await response.text(),
]
const BAD = [400, 'no-store', '{"error":"invalid_request"}']

describe('a logout token', () => {
  it('BCL-10: ends the session, then is answered 200', async () => {
    const response = await handlerOf()(post(await logoutToken()))
    expect(await shape(response)).toEqual([200, 'no-store', ''])
    expect(ended).toEqual([{ issuer: as.issuer, subject: 'person', sid: 's1', issuedAt: NOW }])
    expect(told).toEqual([{ at: NOW, accepted: true, outcome: 'done', issuer: as.issuer }])
  })

  const without = (name: string) => async () => {
    const { [name]: _, ...rest } = logoutClaims()
    return as.sign(rest, { typ: 'logout+jwt' })
  }
  const cases: [string, () => Promise<string> | string][] = [
    ...['iss', 'aud', 'iat', 'exp', 'jti', 'events'].map((name): [string, () => Promise<string>] => [
      `BCL-03: no ${name}`,
      without(name),
    ]),
    ['BCL-03: iss of another server', () => logoutToken({ iss: 'https://other.example.com' })],
    ['BCL-03: iss with a slash', () => logoutToken({ iss: `${as.issuer}/` })],
    ['BCL-03: aud of another client', () => logoutToken({ aud: 'other' })],
    ['BCL-03: aud is a list without us', () => logoutToken({ aud: ['a', 'b'] })],
    ['BCL-03: expired', () => logoutToken({ iat: SECONDS - 200, exp: SECONDS - 61 })],
    ['BCL-03: from the future', () => logoutToken({ iat: SECONDS + 61, exp: SECONDS + 120 })],
    ['BCL-03: valid for a day', () => logoutToken({ exp: SECONDS + 86_400 })],
    ['BCL-03: expires before it was issued', () => logoutToken({ iat: SECONDS + 50, exp: SECONDS + 10 })],
    ['BCL-03: iat is a string', () => logoutToken({ iat: `${SECONDS}` })],
    ['BCL-03: exp is a string', () => logoutToken({ exp: `${SECONDS + 60}` })],
    ['BCL-03: exp is 1e308', () => logoutToken({ exp: 1e308 })],
    ['BCL-03: jti is empty', () => logoutToken({ jti: '' })],
    ['BCL-03: jti is a number', () => logoutToken({ jti: 1 })],
    ...[[], 'x', null, {}, { [EVENT]: 'x' }, { [EVENT]: null }, { [EVENT]: [] }, { other: {} }].map(
      (events): [string, () => Promise<string>] => [
        `BCL-04: events is ${JSON.stringify(events)}`,
        () => logoutToken({ events }),
      ],
    ),
    ...['n', null, '', 0].map((nonce): [string, () => Promise<string>] => [
      `BCL-05: nonce is ${JSON.stringify(nonce)}`,
      () => logoutToken({ nonce }),
    ]),
    ...[undefined, 'JWT', 'at+jwt', 'dpop+jwt', 'secevent+jwt', ''].map((typ): [string, () => Promise<string>] => [
      `BCL-06: typ ${typ}`,
      () => logoutToken({}, { typ }),
    ]),
    ['BCL-07: neither sub nor sid', () => logoutToken({ sub: undefined, sid: undefined })],
    ['BCL-07: sub is empty', () => logoutToken({ sub: '' })],
    ['BCL-07: sid is a number', () => logoutToken({ sid: 1 })],
    ...['none', 'HS256', 'ES384'].map((alg): [string, () => string] => [
      `BCL-02: alg ${alg}`,
      () => rawJwt({ alg, kid: 'k1', typ: 'logout+jwt' }, logoutClaims()),
    ]),
    [
      'BCL-02: HS256 with the public key',
      () =>
        new SignJWT(logoutClaims())
          .setProtectedHeader({ alg: 'HS256', typ: 'logout+jwt', kid: 'k1' })
          .sign(new TextEncoder().encode(JSON.stringify(as.keys))),
    ],
    ['BCL-02: unknown kid', () => logoutToken({}, { kid: 'other' })],
    [
      'BCL-02: another key',
      async () => as.sign(logoutClaims(), { typ: 'logout+jwt' }, (await generateKeyPair('ES256')).privateKey),
    ],
    ['BCL-02: five parts, as an encrypted one has', async () => `${await logoutToken()}.eA.eA`],
    ['BCL-02: crit', () => rawJwt({ alg: 'ES256', kid: 'k1', typ: 'logout+jwt', crit: ['x'] }, logoutClaims())],
    ['BCL-05: an ID token', () => as.sign({ ...goodClaims(), aud: 'spa', nonce: 'n' }, { typ: 'JWT' })],
    ['an access token', () => as.accessToken()],
    ['no JWT', () => 'x'],
    ['nothing', () => ''],
  ]
  it.each(cases)('%s → 400, and nothing is done', async (_, make) => {
    expect(await shape(await handlerOf()(post(await make())))).toEqual(BAD)
    expect(ended).toEqual([])
    expect(told).toMatchObject([{ accepted: false }])
  })

  it('BCL-06: without a type counts only on request, one of another type never', async () => {
    const handler = handlerOf({ [allowUntypedLogoutTokens]: true })
    for (const typ of [undefined, 'JWT', 'logout+jwt', 'application/logout+jwt'])
      expect((await handler(post(await logoutToken({}, { typ })))).status).toBe(200)
    for (const typ of ['at+jwt', 'dpop+jwt', 'secevent+jwt'])
      expect((await handler(post(await logoutToken({}, { typ })))).status).toBe(400)
  })
})

describe('a request', () => {
  it('BCL-01: is a POST', async () => {
    const response = await handlerOf()(new Request('https://app.example.com/logout?logout_token=x'))
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
  })

  it.each([
    [
      'JSON',
      async () =>
        post('', {
          body: JSON.stringify({ logout_token: await logoutToken() }),
          headers: { 'content-type': 'application/json' },
        }),
    ],
    ['no body', async () => new Request('https://app.example.com/', { method: 'POST' })],
    ['no token', async () => post([])],
    ['two tokens', async () => post([await logoutToken(), await logoutToken()])],
    ['a megabyte', async () => post(`${'x'.repeat(2 ** 20)}`)],
  ])('BCL-01: with %s is 400', async (_, make) => {
    expect(await shape(await handlerOf()(await make()))).toEqual(BAD)
  })

  it('BCL-01: other parameters are ignored', async () => {
    const body = new URLSearchParams({ x: 'y', logout_token: await logoutToken() })
    expect((await handlerOf()(post('', { body }))).status).toBe(200)
  })
})

describe('what is done', () => {
  const passes = (guard: ReturnType<typeof createGuard>, token: string) =>
    guard(request(token)).then(
      () => 'passed',
      ({ reason }) => reason,
    )

  async function world(deny: 'session' | 'subject' = 'session') {
    const denylist = createDenylist({ now: () => now })
    const guard = createGuard({ issuer: as.issuer, audience: AUDIENCE, fetch: as.fetch, now: () => now, denylist })
    const token = (claims: Record<string, unknown>) => as.accessToken(claims)
    return { guard, handler: handlerOf({ denylist, deny }), token }
  }

  it('BCL-07, BCL-09: with sid, that sign-in; access tokens that are still valid are refused', async () => {
    const { guard, handler, token } = await world()
    const [mine, other, newer] = [
      await token({ sid: 's1' }),
      await token({ sid: 's2' }),
      await token({ sid: 's1', iat: SECONDS + 5 }),
    ]
    expect(await passes(guard, mine)).toBe('passed')
    await handler(post(await logoutToken()))
    expect(await passes(guard, mine)).toBe('session_ended')
    expect(await passes(guard, other)).toBe('passed')
    expect(await passes(guard, newer)).toBe('passed')
  })

  it('BCL-07: with sub only, all of the person', async () => {
    const { guard, handler, token } = await world()
    await handler(post(await logoutToken({ sid: undefined })))
    expect(await passes(guard, await token({ sid: 's1' }))).toBe('session_ended')
    expect(await passes(guard, await token({ sid: 's2' }))).toBe('session_ended')
    expect(await passes(guard, await token({ sub: 'other' }))).toBe('passed')
  })

  it('all of the person where access tokens carry no sid', async () => {
    const { guard, handler, token } = await world('subject')
    await handler(post(await logoutToken()))
    expect(await passes(guard, await token({}))).toBe('session_ended')
  })

  it('BCL-08: a token that comes again does nothing, and never reaches a newer session', async () => {
    const { guard, handler, token } = await world()
    const logout = await logoutToken()
    await handler(post(logout))
    now += 10_000
    const again = await token({ sid: 's1', iat: SECONDS + 10 })
    expect((await handler(post(logout))).status).toBe(200)
    expect(ended).toHaveLength(1)
    expect(told.map(({ outcome }) => outcome)).toEqual(['done', 'repeated'])
    expect(await passes(guard, again)).toBe('passed')
  })

  it('BCL-07: with sid only, a session of a pool whose access tokens name no sign-in', async () => {
    const denylist = createDenylist({ now: () => now })
    const handler = handlerOf({ issuer: { issuer: as.issuer, claims: { session: false } }, denylist })
    expect((await handler(post(await logoutToken({ sub: undefined })))).status).toBe(200)
    expect(denylist.check({ iss: as.issuer, sub: 'person', sid: 's1', iat: SECONDS })).toBe('session_ended')
    expect(denylist.check({ iss: as.issuer, sub: 'person', sid: 's2', iat: SECONDS })).toBeUndefined()
  })

  it('BCL-10: a denial that the denylist of a guard refuses is told with the reason, and endSessions is called', async () => {
    const issuer = { issuer: as.issuer, claims: { session: false } } as const
    const denylist = createDenylist({ now: () => now })
    createGuard({ issuer, audience: AUDIENCE, fetch: as.fetch, now: () => now, denylist })
    const handler = handlerOf({ issuer, denylist })
    expect((await handler(post(await logoutToken({ sub: undefined })))).status).toBe(503)
    expect(ended).toEqual([{ issuer: as.issuer, subject: undefined, sid: 's1', issuedAt: NOW }])
    expect(told).toMatchObject([{ accepted: false, outcome: expect.stringMatching(/^not_stored: .*deny subject/) }])
  })

  it('BCL-10: what could not be stored is 503, and the next try does it', async () => {
    let down = true
    const handler = handlerOf({
      async endSessions(event) {
        if (down) throw new Error('down')
        ended.push(event)
      },
    })
    const logout = await logoutToken()
    expect(await shape(await handler(post(logout)))).toEqual([503, 'no-store', ''])
    down = false
    expect((await handler(post(logout))).status).toBe(200)
    expect(ended).toHaveLength(1)
  })

  it('while the keys cannot be had it is 503, not a refusal', async () => {
    as.health = 'down'
    expect((await handlerOf()(post(await logoutToken()))).status).toBe(503)
    expect(ended).toEqual([])
  })

  it('a replay store that is down does not keep a logout from being done', async () => {
    const replayStore = { add: () => Promise.reject(new Error('down')), has: () => Promise.reject(new Error('down')) }
    expect((await handlerOf({ replayStore })(post(await logoutToken()))).status).toBe(200)
    expect(ended).toHaveLength(1)
  })
})

it.each([
  [{ clientId: '' }, 'clientId'],
  [{ endSessions: undefined }, 'denylist'],
  [{ leeway: 60_001 }, 'leeway'],
  [{ issuer: 'http://as.example.com' }, 'issuer'],
])('%j is an invalid option', (options, name) => {
  expect(() => handlerOf(options as never)).toThrow(name)
})
