import { beforeEach, describe, expect, it } from 'vitest'
import { createBackchannelLogout, type LogoutDecision } from '../../src/resource-server/backchannel-logout.ts'
import { createDenylist } from '../../src/resource-server/denylist.ts'
import type { IssuerOptions } from '../../src/resource-server/issuer.ts'
import { goodClaims, NOW, SECONDS, type TestIssuer, testIssuer } from '../resource-server/test-issuer.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

let as: TestIssuer
let now: number
let told: LogoutDecision[]

beforeEach(async () => {
  as = await testIssuer()
  now = NOW
  told = []
})

const logoutClaims = () => ({
  ...{ iss: as.issuer, aud: 'spa', iat: SECONDS, jti: 'l', sub: 'person', sid: 's' },
  // A server may say more in it.
  events: { [EVENT]: {}, 'https://example.com/other': { x: 1 } },
})

function endpointOf(logout?: IssuerOptions['logout']) {
  const ended: unknown[] = []
  const endpoint = createBackchannelLogout({
    issuer: { issuer: as.issuer, ...(logout && { logout }) },
    clientId: 'spa',
    denylist: createDenylist({ now: () => now }),
    endSessions: (event) => void ended.push(event),
    onDecision: (decision) => told.push(decision),
    fetch: as.fetch,
    now: () => now,
  })
  return {
    ended,
    async send(token: string) {
      const body = new URLSearchParams({ logout_token: token })
      return (await endpoint(new Request('https://app.example.com/', { method: 'POST', body }))).status
    },
  }
}

const typed = (claims: object = {}) => as.sign({ ...logoutClaims(), ...claims }, { typ: 'logout+jwt' })

describe('a logout token without exp', () => {
  it('is refused unless the issuer is known for it, and the operator reads the option', async () => {
    expect(await endpointOf().send(await typed())).toBe(400)
    expect(told).toMatchObject([{ accepted: false, outcome: expect.stringContaining('logout.withoutExpiry') }])
    expect(await endpointOf({ withoutExpiry: true }).send(await typed())).toBe(200)
  })

  it('counts for ten minutes and the leeway from iat on, and once', async () => {
    const endpoint = endpointOf({ withoutExpiry: true })
    const token = await typed()
    expect(await endpoint.send(token)).toBe(200)
    now += 600_000 + 59_999
    expect(await endpoint.send(token)).toBe(200)
    expect(told.map(({ outcome }) => outcome)).toEqual(['done', 'repeated'])
    expect(endpoint.ended).toHaveLength(1)
    now += 1
    expect(await endpoint.send(token)).toBe(400)
    expect(await endpoint.send(await typed({ jti: 'another' }))).toBe(400)
  })

  it('is nothing without iat, or from the future', async () => {
    const endpoint = endpointOf({ withoutExpiry: true })
    for (const iat of [undefined, '1', -1, SECONDS + 61]) expect(await endpoint.send(await typed({ iat }))).toBe(400)
  })

  it('with an exp all the same is bound to it', async () => {
    const endpoint = endpointOf({ withoutExpiry: true })
    expect(await endpoint.send(await typed({ iat: SECONDS - 200, exp: SECONDS - 61 }))).toBe(400)
    expect(await endpoint.send(await typed({ exp: SECONDS + 86_400 }))).toBe(400)
    expect(await endpoint.send(await typed({ exp: null }))).toBe(400)
  })
})

describe('a logout token of type JWT', () => {
  const token = () => as.sign({ ...logoutClaims(), exp: SECONDS + 60 }, { typ: 'JWT' })

  it('is refused unless the issuer is known for it, and the operator reads the option', async () => {
    expect(await endpointOf().send(await token())).toBe(400)
    expect(told[0]?.outcome).toMatch(/^typ is "JWT", wanted logout\+jwt; .*option logout\.types/)
    expect(await endpointOf({ types: ['logout+jwt', 'JWT'] }).send(await token())).toBe(200)
  })

  it('an ID token and an access token are none', async () => {
    const endpoint = endpointOf({ types: ['JWT'], withoutExpiry: true })
    const idToken = { ...goodClaims(), aud: 'spa', nonce: 'n' }
    expect(await endpoint.send(await as.sign(idToken, { typ: 'JWT' }))).toBe(400)
    expect(await endpoint.send(await as.sign({ ...logoutClaims(), nonce: 'n' }, { typ: 'JWT' }))).toBe(400)
    expect(await endpoint.send(await as.sign({ ...goodClaims(), aud: 'spa' }, { typ: 'JWT' }))).toBe(400)
    expect(endpoint.ended).toEqual([])
  })
})
