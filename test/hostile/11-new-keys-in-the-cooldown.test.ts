import { exportJWK, generateKeyPair } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { createBackchannelLogout, type LogoutEvent } from '../../src/resource-server/backchannel-logout.ts'
import { createGuard } from '../../src/resource-server/guard.ts'
import {
  AUDIENCE,
  goodClaims,
  NOW,
  request,
  SECONDS,
  type TestIssuer,
  testIssuer,
} from '../resource-server/test-issuer.ts'

let as: TestIssuer
let now: number
let ended: LogoutEvent[]

beforeEach(async () => {
  as = await testIssuer()
  now = NOW
  ended = []
})

const apiOf = () => {
  const guard = createGuard({ issuer: as.issuer, audience: AUDIENCE, fetch: as.fetch, now: () => now, cacheLimit: 0 })
  return (token: string): Promise<{ reason: string; status?: number; headers?: Record<string, string> }> =>
    guard(request(token)).then(
      () => ({ reason: 'passed' }),
      (error) => error,
    )
}

const endpointOf = () => {
  const handler = createBackchannelLogout({
    ...{ issuer: as.issuer, clientId: 'spa', fetch: as.fetch, now: () => now },
    endSessions: (event) => void ended.push(event),
  })
  return (token: string) =>
    handler(
      new Request('https://app.example.com/logout', {
        method: 'POST',
        body: new URLSearchParams({ logout_token: token }),
      }),
    )
}

const logoutClaims = () => ({
  ...{ iss: as.issuer, aud: 'spa', iat: SECONDS, exp: SECONDS + 120, jti: crypto.randomUUID(), sub: 'person' },
  events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
})

/** The issuer signs with another key from now on. */
async function rotate(): Promise<CryptoKey> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  as.keys.push({ ...(await exportJWK(publicKey)), kid: 'new', alg: 'ES256' })
  return privateKey
}

const fetches = () => as.requests.filter((url) => url.endsWith('/jwks')).length

describe('whoever makes up keys keeps no genuine new key from being taken', () => {
  it('a logout that is signed with one is asked for again within the cooldown, and then done', async () => {
    const post = endpointOf()
    const typ = 'logout+jwt'
    // Somebody makes up a key: the endpoint looks for it, and for no other in the next 30 s.
    expect((await post(await as.sign(logoutClaims(), { typ, kid: 'made-up' }))).status).toBe(400)
    const key = await rotate()
    now += 1
    const logout = await as.sign(logoutClaims(), { typ, kid: 'new' }, key)

    const tooEarly = await post(logout)
    expect([tooEarly.status, tooEarly.headers.get('retry-after')]).toEqual([503, '30'])
    now += 20_000
    expect((await post(logout)).headers.get('retry-after')).toBe('10')
    expect(ended).toEqual([])

    now += 10_000
    expect((await post(logout)).status).toBe(200)
    expect(ended).toHaveLength(1)
  })

  it('an access token as well: 503 and when to try again, never 401', async () => {
    const outcome = apiOf()
    expect(await outcome(await as.accessToken({}, { kid: 'made-up' }))).toMatchObject({ reason: 'key_unknown' })
    const key = await rotate()
    const token = await as.sign(goodClaims(), { kid: 'new' }, key)

    for (let second = 1; second < 30; second++) {
      now = NOW + second * 1_000
      // They go on making up keys all the while.
      await outcome(await as.accessToken({}, { kid: `made-up-${second}` }))
      const refused = await outcome(token)
      expect(refused).toMatchObject({ reason: 'keys_unavailable', status: 503 })
      expect(refused.headers?.['retry-after']).toBe(String(Math.max(5, 30 - second)))
    }
    expect(fetches()).toBe(1)
    now = NOW + 30_000
    expect(await outcome(token)).toEqual({ reason: 'passed' })
  })

  it('a key that the present key set has not is 401 where it was fetched for this very token', async () => {
    const outcome = apiOf()
    await outcome(await as.accessToken())
    now += 30_000
    expect(await outcome(await as.accessToken({}, { kid: 'made-up' }))).toMatchObject({ reason: 'key_unknown' })
  })
})

describe('one failure at the start is not half a minute of 503', () => {
  it('a guard asks again after a second, and works', async () => {
    const outcome = apiOf()
    as.health = 'down'
    expect(await outcome(await as.accessToken())).toMatchObject({ reason: 'keys_unavailable' })
    as.health = 'up'
    now += 1_000
    expect(await outcome(await as.accessToken())).toEqual({ reason: 'passed' })
  })

  it('the logout endpoint as well', async () => {
    const post = endpointOf()
    as.health = 503
    const logout = await as.sign(logoutClaims(), { typ: 'logout+jwt' })
    const refused = await post(logout)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    as.health = 'up'
    now += 1_000
    expect((await post(logout)).status).toBe(200)
  })

  it('while the issuer stays down it is asked ever more seldom, and at least once in each cooldown', async () => {
    const guard = createGuard({
      ...{ issuer: { issuer: as.issuer, jwksUri: `${as.issuer}/jwks` }, audience: AUDIENCE },
      ...{ fetch: as.fetch, now: () => now },
    })
    as.health = 'down'
    const token = await as.accessToken()
    const times: number[] = []
    for (let step = 0; step < 1_200; step++, now += 100) {
      const before = fetches()
      await guard(request(token)).catch(() => {})
      if (fetches() > before) times.push((now - NOW) / 1_000)
    }
    expect(times).toEqual([0, 1, 3, 7, 15, 31, 61, 91])
  })

  it('a clock that is set back keeps nobody waiting', async () => {
    const outcome = apiOf()
    as.health = 'down'
    await outcome(await as.accessToken())
    as.health = 'up'
    now -= 3_600_000
    const times = { iat: now / 1_000, exp: now / 1_000 + 60 }
    expect(await outcome(await as.accessToken(times))).toEqual({ reason: 'passed' })
  })
})
