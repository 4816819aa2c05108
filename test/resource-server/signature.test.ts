import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { SignatureMode, VerificationKey } from '../../src/resource-server/signature.ts'
import { signatureAlgorithms } from '../../src/resource-server/signature-algorithms.ts'

type Pair = Record<'publicKey' | 'privateKey', JWK>
let rsa: Pair

async function exported(alg: string, options = {}): Promise<Pair> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, ...options })
  return { publicKey: await exportJWK(publicKey), privateKey: await exportJWK(privateKey) }
}

beforeAll(async () => {
  rsa = await exported('RS256')
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.resetModules()
})

const withoutModules = () => void vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never)
const platforms: [string, () => void, SignatureMode][] = [
  ["with Node's own modules", () => {}, 'pooled'],
  ['without them', withoutModules, 'pooled'],
  ['at once', () => {}, 'immediate'],
]

describe.each(platforms)('%s', (_, prepare, mode) => {
  it.each(signatureAlgorithms)('VAL-04: takes what was signed with %s, and nothing else', async (alg) => {
    vi.resetModules()
    prepare()
    const { isSignedBy, verificationKey } = await import('../../src/resource-server/signature.ts')
    const pairOf = () => (/^[RP]S/.test(alg) ? Promise.resolve(rsa) : exported(alg))
    const [{ publicKey, privateKey }, other] = [await pairOf(), await exported('ES256')]
    const token = await new SignJWT({ sub: 'ä' }).setProtectedHeader({ alg }).sign(await importJWK(privateKey, alg))
    const key = (await verificationKey(publicKey, alg, mode)) as VerificationKey
    expect(await isSignedBy(token, key, alg)).toBe(true)

    const [head = '', body = '', signature = ''] = token.split('.')
    const changed = `${head}.${Buffer.from('{"sub":"b"}').toString('base64url')}.${signature}`
    expect(await isSignedBy(changed, key, alg)).toBe(false)
    for (const wrong of ['', 'AA', signature.slice(4), `${signature}AAAA`])
      expect(await isSignedBy(`${head}.${body}.${wrong}`, key, alg)).toBe(false)
    for (const another of ['RS256', 'PS384', 'ES256', 'Ed25519'].filter((one) => one.slice(0, 2) !== alg.slice(0, 2)))
      expect(await isSignedBy(token, key, another)).toBe(false)
    if (alg !== 'ES256') expect(await verificationKey(other.publicKey, alg, mode)).toBeUndefined()
  })

  it('VAL-04: takes no signature that was changed anywhere', async () => {
    vi.resetModules()
    prepare()
    const { isSignedBy, verificationKey } = await import('../../src/resource-server/signature.ts')
    for (const alg of ['RS256', 'PS256', 'ES256', 'Ed25519']) {
      const { publicKey, privateKey } = alg.endsWith('S256') && !alg.startsWith('E') ? rsa : await exported(alg)
      const token = await new SignJWT({}).setProtectedHeader({ alg }).sign(await importJWK(privateKey, alg))
      const key = (await verificationKey(publicKey, alg, mode)) as VerificationKey
      const end = token.lastIndexOf('.') + 1
      const bytes = Buffer.from(token.slice(end), 'base64url')
      for (const index of bytes.keys()) {
        const changed = Buffer.from(bytes)
        changed[index] = (changed[index] as number) ^ (1 << (index % 8))
        expect(await isSignedBy(token.slice(0, end) + changed.toString('base64url'), key, alg)).toBe(false)
      }
      // None that is all zeros or too long either.
      for (const length of [bytes.length, bytes.length + 1])
        expect(await isSignedBy(token.slice(0, end) + Buffer.alloc(length).toString('base64url'), key, alg)).toBe(false)
    }
  })

  it('VAL-04: takes no key that is too small, no key at all, or none for the algorithm', async () => {
    vi.resetModules()
    prepare()
    const { verificationKey } = await import('../../src/resource-server/signature.ts')
    const small = await crypto.subtle.generateKey(
      { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) },
      true,
      ['sign', 'verify'],
    )
    const point = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }
    for (const [jwk, alg] of [
      [await exportJWK(small.publicKey), 'RS256'],
      [point, 'ES256'],
      [{ kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) }, 'Ed25519'],
      [{ kty: 'RSA' }, 'RS256'],
      [{}, 'ES256'],
      [rsa.publicKey, 'HS256'],
    ] as const)
      expect(await verificationKey(jwk as JWK, alg, mode)).toBeUndefined()
  })
})

it('verifies at once what is quick, and pools the rest', async () => {
  const { verificationKey } = await import('../../src/resource-server/signature.ts')
  const isImmediate = async (jwk: JWK, alg: string) =>
    'made' in ((await verificationKey(jwk, alg, 'immediate')) as VerificationKey)
  const quick: string[] = []
  for (const alg of signatureAlgorithms) {
    const { publicKey } = /^[RP]S/.test(alg) ? rsa : await exported(alg)
    if (await isImmediate(publicKey, alg)) quick.push(alg)
  }
  expect(quick).toEqual(signatureAlgorithms.filter((alg) => alg !== 'ES384' && alg !== 'ES512'))

  const ofBits = (bits: number): JWK => ({
    kty: 'RSA',
    e: 'AQAB',
    n: Buffer.alloc(bits / 8, 255).toString('base64url'),
  })
  expect(await isImmediate(ofBits(4_096), 'RS256')).toBe(true)
  expect(await isImmediate(ofBits(4_104), 'RS256')).toBe(false)
})

it('is refused by name where the platform is not Node', async () => {
  const { createGuard } = await import('../../src/resource-server/guard.ts')
  const guardOf = (signatures: SignatureMode) =>
    createGuard({ issuer: 'https://as.example.com', audience: 'https://api.example.com/', signatures })
  expect(() => guardOf('immediate')).not.toThrow()
  expect(() => guardOf('at once' as never)).toThrow('signatures')
  withoutModules()
  expect(() => guardOf('immediate')).toThrow('signatures')
  expect(() => guardOf('pooled')).not.toThrow()
})

it('takes the public part only, and for verifying only', async () => {
  const { verificationKey } = await import('../../src/resource-server/signature.ts')
  const { privateKey } = await exported('ES256')
  const key = (await verificationKey(privateKey, 'ES256')) as CryptoKey
  expect([key.type, key.usages]).toEqual(['public', ['verify']])
  expect(await verificationKey({ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }, 'ES256')).toBeUndefined()
  expect(await verificationKey({} as JWK, 'ES256')).toBeUndefined()
})
