import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createGuard, type Guard } from '../../src/resource-server/guard.ts'
import { memoryReplayStore } from '../../src/resource-server/replay-store.ts'
import { sha256 } from '../../src/resource-server/sha256.ts'
import { AUDIENCE, NOW, rawJwt, SECONDS, type TestIssuer, testIssuer } from '../resource-server/test-issuer.ts'

const place = `${AUDIENCE}notes`

interface Sender {
  readonly jwk: JWK
  readonly thumbprint: string
  readonly privateKey: CryptoKey
  readonly alg: string
}

let as: TestIssuer
let owner: Sender
let other: Sender

async function newSender(alg = 'ES256', options = {}): Promise<Sender> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, ...options })
  const jwk = await exportJWK(publicKey)
  return { jwk, thumbprint: await calculateJwkThumbprint(jwk), privateKey, alg }
}

beforeAll(async () => {
  as = await testIssuer()
  owner = await newSender()
  other = await newSender()
})

afterEach(() => void vi.restoreAllMocks())

const guardOf = (dpop = {}) =>
  createGuard({ issuer: as.issuer, audience: AUDIENCE, fetch: as.fetch, now: () => NOW, dpop })

const claimsFor = async (token: string) => ({
  ...{ jti: crypto.randomUUID(), htm: 'GET', htu: place, iat: SECONDS, ath: await sha256(token) },
})

async function proofBy({ alg, jwk, privateKey }: Sender, token: string, change = {}): Promise<string> {
  const claims = { ...(await claimsFor(token)), ...change }
  return new SignJWT(claims).setProtectedHeader({ alg, typ: 'dpop+jwt', jwk }).sign(privateKey)
}

const tokenOf = (jkt: string) => as.accessToken({ cnf: { jkt } })

const used = (guard: Guard, token: string, proof: string): Promise<string> =>
  guard({ method: 'GET', url: place, headers: { authorization: `DPoP ${token}`, dpop: proof } }).then(
    () => 'passed',
    ({ reason }) => reason,
  )

describe('a proof that is refused costs no signature', () => {
  const changes: readonly [string, object][] = [
    ['of another method', { htm: 'POST' }],
    ['for another place', { htu: `${AUDIENCE}other` }],
    ['without a jti', { jti: '' }],
    ['that is too old', { iat: SECONDS - 3_600 }],
    ['from the future', { iat: SECONDS + 3_600 }],
    ['for another token', { ath: 'x' }],
  ]

  /** How often the guard reckoned with a key while it refused. */
  async function reckoned(token: string, proof: string, guard = guardOf()): Promise<[string, number]> {
    // The token is verified before: its signature is not counted.
    await used(guard, token, 'x')
    const imports = vi.spyOn(crypto.subtle, 'importKey')
    const verifications = vi.spyOn(crypto.subtle, 'verify')
    const reason = await used(guard, token, proof)
    return [reason, imports.mock.calls.length + verifications.mock.calls.length]
  }

  it.each(changes)('%s', async (_, change) => {
    const token = await tokenOf(owner.thumbprint)
    expect(await reckoned(token, await proofBy(owner, token, change))).toEqual(['proof_invalid', 0])
  })

  it('of another key than the token is bound to', async () => {
    const token = await tokenOf(owner.thumbprint)
    expect(await reckoned(token, await proofBy(other, token))).toEqual(['binding_mismatch', 0])
  })

  it('without the nonce that is asked for', async () => {
    const guard = guardOf({ nonce: {} })
    // The key of the nonces is made ready once.
    await guard.answerHeaders()
    const token = await tokenOf(owner.thumbprint)
    expect(await reckoned(token, await proofBy(owner, token), guard)).toEqual(['nonce_required', 0])
  })

  const rsa = (bits: number, exponent = 'AQAB') => ({
    kty: 'RSA',
    n: Buffer.alloc(bits / 8, 0xff).toString('base64url'),
    e: exponent,
  })
  const keys: readonly [string, string, object][] = [
    ['an RSA key of 4104 bit', 'RS256', rsa(4_104)],
    ['an RSA key of 16384 bit', 'PS256', rsa(16_384)],
    ['an exponent of 40 bit', 'RS256', rsa(2_048, '______8')],
    ['an exponent as long as the modulus', 'RS256', rsa(2_048, Buffer.alloc(256, 0xff).toString('base64url'))],
    ['an exponent that is no text', 'RS256', { ...rsa(2_048), e: { length: 1 } }],
    ['no exponent', 'RS256', { ...rsa(2_048), e: undefined }],
    ['a modulus that is no text', 'RS256', { ...rsa(2_048), n: [] }],
    ['a coordinate that is too long', 'ES256', { kty: 'EC', crv: 'P-256', x: 'A'.repeat(9_000), y: 'A'.repeat(43) }],
    ['a coordinate that is null', 'ES256', { kty: 'EC', crv: 'P-256', x: null, y: 'A'.repeat(43) }],
    ['an Ed25519 key that is too long', 'EdDSA', { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(44) }],
  ]
  it.each(keys)('with %s, although the token is bound to it', async (_, alg, jwk) => {
    const jkt = await calculateJwkThumbprint(jwk as JWK).catch(() => 'none')
    const token = await tokenOf(jkt)
    const proof = rawJwt({ alg, typ: 'dpop+jwt', jwk }, await claimsFor(token))
    expect(await reckoned(token, proof)).toEqual(['proof_invalid', 0])
  })

  it('RSA keys of 2048 and 4096 bit count', async () => {
    for (const modulusLength of [2_048, 4_096]) {
      const sender = await newSender('RS256', { modulusLength })
      const token = await tokenOf(sender.thumbprint)
      expect(await used(guardOf(), token, await proofBy(sender, token))).toBe('passed')
    }
  })
})

describe('a flood of one key hurts that key only', () => {
  it('a full share is 503 for its owner, and all others pass', async () => {
    const guard = guardOf({ replayStore: memoryReplayStore({ limit: 20, now: () => NOW }) })
    const flood = await tokenOf(owner.thumbprint)
    const outcomes: string[] = []
    for (let time = 0; time < 30; time++) outcomes.push(await used(guard, flood, await proofBy(owner, flood)))
    expect(outcomes.lastIndexOf('passed')).toBe(9)
    expect(outcomes.slice(10)).toEqual(Array(20).fill('replay_store_unavailable'))

    const token = await tokenOf(other.thumbprint)
    expect(await used(guard, token, await proofBy(other, token))).toBe('passed')
  })

  it('any number of floods leave room for one more', async () => {
    const store = memoryReplayStore({ limit: 1_000, now: () => NOW })
    for (let flood = 0; flood < 9; flood++)
      for (let time = 0; time < 1_000; time++) await store.add(`${flood}-${time}`, NOW + 1, `${flood}`).catch(() => {})
    expect(await store.add('mine', NOW + 1, 'me')).toBe(true)
  })

  it('what is over gives its share back', async () => {
    let now = NOW
    const store = memoryReplayStore({ limit: 10, now: () => now })
    const fill = async () => {
      let taken = 0
      for (let time = 0; time < 10; time++)
        taken += await store.add(`${now}-${time}`, now + 1, 'me').then(Number, () => 0)
      return taken
    }
    const first = await fill()
    expect(await store.add('x', now + 1, 'me').catch((error) => error.message)).toBe('The replay store is full')
    now += 2
    expect(await fill()).toBe(first)
  })

  it('logout tokens, which only the issuer makes, fill it up', async () => {
    const store = memoryReplayStore({ limit: 3, now: () => NOW })
    for (const key of ['a', 'b', 'c']) expect(await store.add(key, NOW + 1)).toBe(true)
    await expect(store.add('d', NOW + 1)).rejects.toThrow('full')
  })
})
