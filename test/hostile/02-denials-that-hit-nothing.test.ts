import { beforeEach, describe, expect, it } from 'vitest'
import { createBackchannelLogout } from '../../src/resource-server/backchannel-logout.ts'
import { createDenylist, type Denylist } from '../../src/resource-server/denylist.ts'
import type { IssuerOptions } from '../../src/resource-server/issuer.ts'
import { NOW, SECONDS, type TestIssuer, testIssuer } from '../resource-server/test-issuer.ts'
import { guardedApi } from '../support/guarded-api.ts'

let as: TestIssuer
let denylist: Denylist

beforeEach(async () => {
  as = await testIssuer()
  denylist = createDenylist({ now: () => NOW })
})

const apiOf = (issuer: Partial<IssuerOptions> = {}) =>
  guardedApi(as, { denylist, issuer: { issuer: as.issuer, ...issuer } })

/** A good token with other words for some claims. */
const tokenOf = (claims: Record<string, unknown>, ...without: string[]) =>
  as.accessToken({ ...claims, ...Object.fromEntries(without.map((name) => [name, undefined])) })

describe('a denial reaches a token whatever its issuer calls the claim', () => {
  it.each(['azp', 'appid', 'cid'])('a client in %s', async (client) => {
    const api = apiOf({ claims: { client } })
    const [denied, other] = await Promise.all([
      tokenOf({ [client]: 'stolen' }, 'client_id'),
      tokenOf({ [client]: 'good' }, 'client_id'),
    ])
    expect(await api.outcome(denied)).toBe('passed')
    await denylist.deny({ issuer: as.issuer, clientId: 'stolen', before: NOW })
    expect(await api.outcome(denied)).toBe('revoked')
    expect(await api.outcome(other)).toBe('passed')
  })

  it('a grant, by person and client', async () => {
    const api = apiOf({ claims: { client: 'azp' } })
    await denylist.deny({ issuer: as.issuer, subject: 'person', clientId: 'stolen', before: NOW })
    expect(await api.outcome(await tokenOf({ azp: 'stolen' }, 'client_id'))).toBe('revoked')
    expect(await api.outcome(await tokenOf({ azp: 'good' }, 'client_id'))).toBe('passed')
  })

  it('a token in uti, by the name that the handler sees', async () => {
    const api = apiOf({ claims: { id: 'uti' } })
    const token = await tokenOf({ uti: 'one' }, 'jti')
    const { jti = '' } = await api.call(token)
    await denylist.deny({ issuer: as.issuer, jti, expiresAt: NOW + 300_000 })
    expect(await api.outcome(token)).toBe('revoked')
    expect(await api.outcome(await tokenOf({ uti: 'two' }, 'jti'))).toBe('passed')
  })

  it('a sign-in in origin_jti', async () => {
    const api = apiOf({ claims: { session: 'origin_jti' } })
    await denylist.deny({ issuer: as.issuer, sid: 'family', before: NOW })
    expect(await api.outcome(await tokenOf({ origin_jti: 'family' }))).toBe('session_ended')
    expect(await api.outcome(await tokenOf({ origin_jti: 'other' }))).toBe('passed')
  })

  it('a claim that happens to have the standard name does not stand in front of it', async () => {
    const api = apiOf({ claims: { client: 'azp', id: 'uti', session: false } })
    await denylist.deny({ issuer: as.issuer, clientId: 'stolen', before: NOW })
    const token = await tokenOf({ azp: 'stolen', client_id: 'good', uti: 'u', sid: 's' })
    expect(await api.outcome(token)).toBe('revoked')
    expect(await api.call(await tokenOf({ azp: 'good', client_id: 'stolen', uti: 'u', sid: 's' }))).toMatchObject({
      client_id: 'good',
      jti: 'u',
    })
  })
})

describe('a denial that could hit nothing is told to whoever denies', () => {
  it('a single token of an issuer whose tokens have no name', async () => {
    const api = apiOf({ claims: { id: false } })
    const denial = { issuer: as.issuer, jti: 'x', expiresAt: NOW + 300_000 }
    await expect(denylist.deny(denial)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' })
    await expect(denylist.deny(denial)).rejects.toThrow('deny sid, subject or clientId instead of jti')
    expect(await api.outcome(await tokenOf({}, 'jti'))).toBe('passed')
    // Of another issuer nothing is known.
    await denylist.deny({ ...denial, issuer: 'https://other.example.com' })
  })

  it('a sign-in of an issuer whose tokens name none, and nothing of the others is denied', async () => {
    const api = apiOf({ claims: { session: false } })
    const place = { issuer: as.issuer, before: NOW }
    await expect(denylist.deny({ ...place, subject: 'person' }, { ...place, sid: 's' })).rejects.toThrow(
      'sid with owner',
    )
    expect(await api.outcome(await tokenOf({}))).toBe('passed')
    await denylist.deny({ ...place, sid: 's', owner: 'person' })
    expect(await api.outcome(await tokenOf({}))).toBe('session_ended')
    expect(await api.outcome(await tokenOf({ sub: 'other' }))).toBe('passed')
  })
})

describe('a token that lacks what a denial is looked up by is refused', () => {
  const loose = { requiredClaims: ['sub'] }

  it.each([
    ['jti', 'revoked', { jti: 'x', expiresAt: NOW + 300_000 }],
    ['client_id', 'revoked', { clientId: 'x', before: NOW }],
    ['client_id', 'revoked', { clientId: 'x', subject: 'y', before: NOW }],
    ['sid', 'session_ended', { sid: 'x', before: NOW }],
  ] as const)('no %s: %s', async (name, reason, denial) => {
    const api = apiOf(loose)
    const [without, complete] = await Promise.all([tokenOf({ sid: 's' }, name), tokenOf({ sid: 's', jti: 'other' })])
    expect(await api.outcome(without)).toBe('passed')
    await denylist.deny({ issuer: as.issuer, ...denial })
    const refused = await api.refusal(without)
    expect([refused.status, refused.reason]).toEqual([401, reason])
    expect(refused.detail).toContain(`by ${name}, and this one has none`)
    expect(await api.outcome(complete)).toBe('passed')
  })

  it('no sub', async () => {
    const api = apiOf({ requiredClaims: ['jti'] })
    const token = await tokenOf({ sid: 's' }, 'sub')
    expect(await api.outcome(token)).toBe('passed')
    await denylist.deny({ issuer: as.issuer, subject: 'x', before: NOW })
    expect(await api.outcome(token)).toBe('session_ended')
  })

  it('neither sid nor sub, where a sign-in of somebody is denied', async () => {
    const api = apiOf({ requiredClaims: ['jti'] })
    const token = await tokenOf({}, 'sub')
    await denylist.deny({ issuer: as.issuer, sid: 'x', owner: 'person', before: NOW })
    expect(await api.outcome(token)).toBe('session_ended')
  })

  it('but not if it was issued later, nor if a client got it for itself', async () => {
    const api = apiOf(loose)
    await denylist.deny({ issuer: as.issuer, sid: 'x', before: NOW })
    expect(await api.outcome(await tokenOf({ iat: SECONDS + 1 }))).toBe('passed')
    expect(await api.outcome(await tokenOf({ sub: 'spa', client_id: 'spa' }))).toBe('passed')
    expect(await api.outcome(await tokenOf({}))).toBe('session_ended')
  })
})

describe('one logout at the server', () => {
  const logout = async (claims: Record<string, unknown>) => {
    const endpoint = createBackchannelLogout({
      issuer: as.issuer,
      clientId: 'spa',
      denylist,
      fetch: as.fetch,
      now: () => NOW,
    })
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    const all = { iss: as.issuer, aud: 'spa', iat: SECONDS, exp: SECONDS + 60, jti: 'l', events, ...claims }
    const body = new URLSearchParams({ logout_token: await as.sign(all, { typ: 'logout+jwt' }) })
    return (await endpoint(new Request('https://app.example.com/logout', { method: 'POST', body }))).status
  }

  it("also ends that person's tokens that name no sign-in, and nobody else's", async () => {
    const api = apiOf()
    const [mine, other, named] = await Promise.all([
      tokenOf({}),
      tokenOf({ sub: 'other' }),
      tokenOf({ sid: 'another sign-in' }),
    ])
    expect(await logout({ sub: 'person', sid: 's' })).toBe(200)
    expect(await api.outcome(mine)).toBe('session_ended')
    expect(await api.outcome(other)).toBe('passed')
    expect(await api.outcome(named)).toBe('passed')
  })
})
