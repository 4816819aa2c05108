import { constants, generateKeyPairSync, type KeyObject, verify, webcrypto } from 'node:crypto'
import { inspect } from 'node:util'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { type PrivateKeySource, privateKeyJwt } from '../../src/node/private-key-jwt.ts'
import type { ClientAuthentication } from '../../src/ports.ts'

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed = generateKeyPairSync('ed25519')
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
const pss384 = pssWithSalt(48)
const pss384LongSalt = pssWithSalt(49)
function pssWithSalt(saltLength: number) {
  const hashes = { hashAlgorithm: 'sha384', mgf1HashAlgorithm: 'sha384' }
  // The types say that the length of the salt is a text. Node takes a number only.
  return generateKeyPairSync('rsa-pss', { modulusLength: 2048, ...hashes, saltLength: saltLength as never })
}
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

  it.each([
    ['any hash', pss, undefined, 'PS256'],
    ['any hash, where the option says which', pss, 'PS512', 'PS512'],
    ['one hash', pss384, undefined, 'PS384'],
  ])('ACQ-17: signs with a key that is only for RSA-PSS, with %s', async (_, { privateKey, publicKey }, asked, alg) => {
    const assertion = await assertionOf(privateKeyJwt(pem(privateKey), asked === undefined ? {} : { alg: asked }))
    expect(decodeProtectedHeader(assertion)).toEqual({ alg })
    const [head, claims, signature = ''] = assertion.split('.')
    const key = {
      key: publicKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    }
    const signed = Buffer.from(`${head}.${claims}`)
    expect(verify(`sha${alg.slice(2)}`, signed, key, Buffer.from(signature, 'base64url'))).toBe(true)
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

  it.each<[string, unknown, object, RegExp?]>([
    ['no key', 'canary-secret', {}],
    ['nothing', undefined, {}],
    ['a public key', ec.publicKey, {}],
    ['a JWK without its private part', ec.publicKey.export({ format: 'jwk' }), {}],
    ['a key that does not fit', pem(ec.privateKey), { alg: 'RS256' }, /a key that fits alg RS256; it is one for ES256/],
    ['a key of another curve', pem(ec.privateKey), { alg: 'ES384' }],
    ['another algorithm for a key that is only for RSA-PSS', pem(pss.privateKey), { alg: 'RS256' }],
    ['another hash than that of the key', pem(pss384.privateKey), { alg: 'PS256' }],
    ['a key that asks for a longer salt', pem(pss384LongSalt.privateKey), {}],
    ['an algorithm with a shared secret', pem(ec.privateKey), { alg: 'HS256' }, /RS256, .*EdDSA; alg is HS256/],
  ])('ERR-01: refuses at construction %s, and quotes nothing', (_, source, options, said = /clientAuthentication/) => {
    let thrown: unknown
    try {
      privateKeyJwt(source as PrivateKeySource, options)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: 'ERR_INVALID_OPTION', message: expect.stringMatching(said) })
    expect(inspect(thrown, { depth: 9 })).not.toContain('canary')
  })
})
