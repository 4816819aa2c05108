import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { signatureAlgorithms } from '../../src/resource-server/key-set.ts'

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

const platforms: [string, () => void][] = [
  ["with Node's own modules", () => {}],
  ['without them', () => void vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never)],
]

describe.each(platforms)('%s', (_, prepare) => {
  it.each(signatureAlgorithms)('VAL-04: takes what was signed with %s, and nothing else', async (alg) => {
    vi.resetModules()
    prepare()
    const { isSignedBy, verificationKey } = await import('../../src/resource-server/signature.ts')
    const pairOf = () => (/^[RP]S/.test(alg) ? Promise.resolve(rsa) : exported(alg))
    const [{ publicKey, privateKey }, other] = [await pairOf(), await exported('ES256')]
    const token = await new SignJWT({ sub: 'ä' }).setProtectedHeader({ alg }).sign(await importJWK(privateKey, alg))
    const key = (await verificationKey(publicKey, alg)) as CryptoKey
    expect(await isSignedBy(token, key, alg)).toBe(true)

    const [head = '', body = '', signature = ''] = token.split('.')
    const changed = `${head}.${Buffer.from('{"sub":"b"}').toString('base64url')}.${signature}`
    expect(await isSignedBy(changed, key, alg)).toBe(false)
    for (const wrong of ['', 'AA', signature.slice(4), `${signature}AAAA`])
      expect(await isSignedBy(`${head}.${body}.${wrong}`, key, alg)).toBe(false)
    for (const another of ['RS256', 'PS384', 'ES256', 'Ed25519'].filter((one) => one.slice(0, 2) !== alg.slice(0, 2)))
      expect(await isSignedBy(token, key, another)).toBe(false)
    if (alg !== 'ES256') expect(await verificationKey(other.publicKey, alg)).toBeUndefined()
  })
})

it('takes the public part only, and for verifying only', async () => {
  const { verificationKey } = await import('../../src/resource-server/signature.ts')
  const { privateKey } = await exported('ES256')
  const key = await verificationKey(privateKey, 'ES256')
  expect([key?.type, key?.usages]).toEqual(['public', ['verify']])
  expect(await verificationKey({ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }, 'ES256')).toBeUndefined()
  expect(await verificationKey({} as JWK, 'ES256')).toBeUndefined()
})
