import { beforeEach, describe, expect, it } from 'vitest'
import { createDenylist, type DenylistOptions } from '../../src/resource-server/denylist.ts'
import { NOW, type TestIssuer, testIssuer } from '../resource-server/test-issuer.ts'
import { guardedApi } from '../support/guarded-api.ts'

const endpoint = 'https://as.example.com/introspect'

let as: TestIssuer
let now: number
let asked: string[]
let say: () => Response

beforeEach(async () => {
  as = await testIssuer()
  now = NOW
  asked = []
  say = () => Response.json({ active: true })
})

const apiOf = (jwts: boolean | undefined, denials?: DenylistOptions) =>
  guardedApi(as, {
    issuer: {
      issuer: as.issuer,
      introspection: { clientId: 'api', clientSecret: 'secret', endpoint, ...(jwts !== undefined && { jwts }) },
    },
    now: () => now,
    ...(denials && { denylist: createDenylist({ now: () => now, ...denials }) }),
    async fetch(input, init) {
      if (String(input) !== endpoint) return as.fetch(input, init)
      asked.push(new URLSearchParams(String(init?.body)).get('token') ?? '')
      return say()
    },
  })

describe('with jwts, a JWT that its server revoked is refused without a denylist', () => {
  it('though it is known here already, and no later than maxAge', async () => {
    const api = apiOf(true)
    const token = await as.accessToken()
    expect(await api.outcome(token)).toBe('passed')
    say = () => Response.json({ active: false })
    now += 29_999
    expect(await api.outcome(token)).toBe('passed')
    expect(asked).toEqual([token])
    now += 1
    expect(await api.outcome(token)).toBe('inactive')
  })

  it('and it does not pass while the server cannot be asked', async () => {
    const api = apiOf(true)
    say = () => new Response(null, { status: 500 })
    expect(await api.outcome(await as.accessToken())).toBe('introspection_unavailable')
  })

  it('what is wrong with it whatever the server says is never shown to the server', async () => {
    const api = apiOf(true)
    const [head, claims] = (await as.accessToken()).split('.')
    expect(await api.outcome(`${head}.${claims}.${'A'.repeat(86)}`)).toBe('signature_invalid')
    expect(await api.outcome(await as.accessToken({ aud: 'other' }))).toBe('audience_mismatch')
    expect(asked).toEqual([])
  })

  it('the claims are those that were signed', async () => {
    say = () => Response.json({ active: true, sub: 'other', scope: 'admin' })
    expect(await apiOf(true).call(await as.accessToken())).toMatchObject({ sub: 'person', scope: 'notes profile' })
  })

  it('and a denylist that is out of date still denies', async () => {
    const store = { append: async () => {}, follow: () => () => {} }
    expect(await apiOf(true, { store }).outcome(await as.accessToken())).toBe('denylist_stale')
    expect(await apiOf(true, { store, whenStale: 'introspect' }).outcome(await as.accessToken())).toBe('passed')
    say = () => Response.json({ active: false })
    expect(await apiOf(true, { store, whenStale: 'allow' }).outcome(await as.accessToken())).toBe('inactive')
  })
})

it.each([undefined, false])('with jwts %s a JWT is shown to nobody', async (jwts) => {
  expect(await apiOf(jwts).outcome(await as.accessToken())).toBe('passed')
  expect(asked).toEqual([])
})
