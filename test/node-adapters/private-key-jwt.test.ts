import { generateKeyPairSync, type KeyObject, webcrypto } from 'node:crypto'
import { inspect } from 'node:util'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { type PrivateKeySource, privateKeyJwt } from '../../src/node/private-key-jwt.ts'
import type { ClientAuthentication } from '../../src/ports.ts'

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed = generateKeyPairSync('ed25519')
const pem = (key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1' = 'pkcs8') =>
  key.export({ format: 'pem', type }) as string

async function assertionOf(method: ClientAuthentication): Promise<string> {
  const { parameters } = await method.authenticate({ issuer: 'https://as.example' }, { client_id: 'svc' })
  return parameters?.client_assertion ?? ''
}

describe('privateKeyJwt', () => {
  it.each<[string, PrivateKeySource, KeyObject, string]>([
    ['PEM (PKCS #8)', pem(ec.privateKey), ec.publicKey, 'ES256'],
    ['PEM (SEC 1)', pem(ec.privateKey, 'sec1'), ec.publicKey, 'ES256'],
    ['PEM (PKCS #1)', pem(rsa.privateKey, 'pkcs1'), rsa.publicKey, 'RS256'],
    ['a JWK', ec.privateKey.export({ format: 'jwk' }) as JsonWebKey, ec.publicKey, 'ES256'],
    ['a KeyObject', ed.privateKey, ed.publicKey, 'Ed25519'],
  ])('ACQ-17: signs with %s', async (_, source, publicKey, alg) => {
    const assertion = await assertionOf(privateKeyJwt(source))
    expect(decodeProtectedHeader(assertion)).toEqual({ alg })
    const { payload } = await jwtVerify(assertion, publicKey, {
      issuer: 'svc',
      audience: 'https://as.example',
    })
    expect(payload.sub).toBe('svc')
  })

  it('signs with a CryptoKey', async () => {
    const pair = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, false, ['sign', 'verify'])
    const assertion = await assertionOf(privateKeyJwt(pair.privateKey as CryptoKey, { kid: 'k' }))
    expect(decodeProtectedHeader(assertion)).toEqual({ alg: 'ES384', kid: 'k' })
  })

  it('takes kid and alg from a JWK, and what the options say before that', async () => {
    const jwk = { ...rsa.privateKey.export({ format: 'jwk' }), kid: 'own', alg: 'PS256' } as JsonWebKey
    expect(decodeProtectedHeader(await assertionOf(privateKeyJwt(jwk)))).toEqual({ alg: 'PS256', kid: 'own' })
    const given = privateKeyJwt(jwk, { kid: 'given', alg: 'RS512' })
    expect(decodeProtectedHeader(await assertionOf(given))).toEqual({ alg: 'RS512', kid: 'given' })
    const old = privateKeyJwt(ed.privateKey, { alg: 'EdDSA' })
    expect(decodeProtectedHeader(await assertionOf(old))).toEqual({ alg: 'EdDSA' })
  })

  it('asks a function for the key before every request, so that a rotated one is used at once', async () => {
    const keys = [pem(ec.privateKey), pem(ec.privateKey), pem(rsa.privateKey)]
    const method = privateKeyJwt(async () => keys.shift() as string)
    const algorithms = []
    for (let i = 0; i < 3; i++) algorithms.push(decodeProtectedHeader(await assertionOf(method)).alg)
    expect(algorithms).toEqual(['ES256', 'ES256', 'RS256'])
  })

  it.each<[string, unknown, object]>([
    ['no key', 'canary-secret', {}],
    ['nothing', undefined, {}],
    ['a public key', ec.publicKey, {}],
    ['a JWK without its private part', ec.publicKey.export({ format: 'jwk' }), {}],
    ['a key that does not fit', pem(ec.privateKey), { alg: 'RS256' }],
    ['a key of another curve', pem(ec.privateKey), { alg: 'ES384' }],
    ['an algorithm with a shared secret', pem(ec.privateKey), { alg: 'HS256' }],
  ])('ERR-01: refuses at construction %s, and quotes nothing', (_, source, options) => {
    let thrown: unknown
    try {
      privateKeyJwt(source as PrivateKeySource, options)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: 'ERR_INVALID_OPTION', message: expect.stringMatching(/clientAuthentication/) })
    expect(inspect(thrown, { depth: 9 })).not.toContain('canary')
  })
})
