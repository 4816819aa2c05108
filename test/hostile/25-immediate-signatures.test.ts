import { constants, createHmac, createPublicKey, KeyObject, sign as signWith } from 'node:crypto'
import fc from 'fast-check'
import { base64url, exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import type { AccessTokenError } from '../../src/resource-server/access-token-error.ts'
import { createGuard } from '../../src/resource-server/guard.ts'
import { AUDIENCE, goodClaims, NOW, request } from '../resource-server/test-issuer.ts'

const issuer = 'https://as.example.com'
const rsa = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
const algorithms = [...rsa, 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const worlds = new Map(await Promise.all(algorithms.map(async (alg) => [alg, await worldOf(alg)] as const)))

type World = Awaited<ReturnType<typeof worldOf>>

/** An issuer with one key that says no `alg`, and two guards that differ in `signatures` alone. */
async function worldOf(alg: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: 'k1' }
  const guardOf = (signatures: 'pooled' | 'immediate') =>
    createGuard({
      issuer: { issuer, jwksUri: `${issuer}/jwks` },
      audience: AUDIENCE,
      fetch: async () => Response.json({ keys: [jwk] }),
      now: () => NOW,
      cacheLimit: 0,
      signatures,
    })
  const [pooled, immediate] = [guardOf('pooled'), guardOf('immediate')]
  const outcome = (guard: typeof pooled, token: string) =>
    guard(request(token)).then(
      () => 'passed',
      ({ reason, detail }: AccessTokenError) => `${reason} ${detail}`,
    )
  const sign = (header: object = {}, key = privateKey) =>
    new SignJWT({ ...goodClaims(issuer), jti: 'one' })
      .setProtectedHeader({ alg, kid: 'k1', typ: 'at+jwt', ...header })
      .sign(key)

  return {
    alg,
    jwk,
    privateKey,
    good: await sign(),
    sign,
    async judge(token: string) {
      const rules = { issuer, audience: AUDIENCE, typ: 'at+jwt', algorithms, currentDate: new Date(NOW) }
      const byJose = await jwtVerify(token, publicKey, rules).then(
        () => 'passed',
        () => 'refused',
      )
      return { byJose, pooled: await outcome(pooled, token), immediate: await outcome(immediate, token) }
    },
  }
}

function partsOf(token: string): [head: string, body: string, signature: Buffer] {
  const [head = '', body = '', signature = ''] = token.split('.')
  return [head, body, Buffer.from(signature, 'base64url')]
}

const withHeader = (header: object, [, body, signature]: ReturnType<typeof partsOf>) =>
  `${base64url.encode(JSON.stringify(header))}.${body}.${signature.toString('base64url')}`

/** Tokens that nobody may take, made of one that is good. */
async function forgeriesOf({ alg, jwk, privateKey, good, sign }: World): Promise<Record<string, string>> {
  const parts = partsOf(good)
  const [head, body, signature] = parts
  const signedAs = (bytes: Buffer) => `${head}.${body}.${bytes.toString('base64url')}`
  const header = { alg, kid: 'k1', typ: 'at+jwt' }
  const foreign = await generateKeyPair(alg, { extractable: true })
  const stranger = await exportJWK(foreign.publicKey)
  const node = KeyObject.from(privateKey)
  const data = Buffer.from(`${head}.${body}`)
  const hash = `sha${alg.slice(2)}`
  const pem = createPublicKey({ key: jwk as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const symmetric = `${base64url.encode(JSON.stringify({ ...header, alg: 'HS256' }))}.${body}`

  const forgeries: Record<string, string> = {
    'of another key': await sign({}, foreign.privateKey),
    'of a key that it brings itself': await sign({ jwk: stranger }, foreign.privateKey),
    'of a key that it says where to fetch': await sign({ jku: 'https://evil.example/jwks' }, foreign.privateKey),
    'of a certificate that it brings itself': await sign({ x5c: ['MIIB'] }, foreign.privateKey),
    'with another body': `${head}.${base64url.encode(JSON.stringify(goodClaims(issuer)))}.${parts[2].toString('base64url')}`,
    'with a signature of zeros': signedAs(Buffer.alloc(signature.length)),
    'with a signature of ones': signedAs(Buffer.alloc(signature.length, 255)),
    'with a signature of one byte': signedAs(Buffer.alloc(1)),
    'with a byte less': signedAs(signature.subarray(1)),
    'with a byte more in front': signedAs(Buffer.concat([Buffer.alloc(1), signature])),
    'with a byte more behind': signedAs(Buffer.concat([signature, Buffer.alloc(1)])),
    'with its signature twice': signedAs(Buffer.concat([signature, signature])),
    'with another header of the same meaning': withHeader({ typ: 'at+jwt', kid: 'k1', alg }, parts),
    'with alg none': withHeader({ ...header, alg: 'none' }, parts),
    'with alg none and no signature': withHeader({ ...header, alg: 'none' }, [head, body, Buffer.alloc(0)]),
    'signed with the public key as a secret': `${symmetric}.${createHmac('sha256', pem).update(symmetric).digest('base64url')}`,
  }
  for (const other of algorithms.filter((one) => one !== alg))
    forgeries[`that says ${other}`] = withHeader({ ...header, alg: other }, parts)
  if (alg.startsWith('ES')) forgeries['with the signature in DER'] = signedAs(signWith(hash, data, node))
  if (alg.startsWith('PS')) {
    const pss = { key: node, padding: constants.RSA_PKCS1_PSS_PADDING }
    forgeries['with a salt of another length'] = signedAs(signWith(hash, data, { ...pss, saltLength: 20 }))
    forgeries['without a salt'] = signedAs(signWith(hash, data, { ...pss, saltLength: 0 }))
  }
  if (rsa.includes(alg)) {
    const padding = alg.startsWith('PS') ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_PSS_PADDING
    forgeries['with the other padding'] = signedAs(signWith(hash, data, { key: node, padding }))
    forgeries['over another hash'] = signedAs(signWith('sha1', data, node))
  }
  return forgeries
}

describe.each([...worlds])("signatures: 'immediate' with %s", (_, world) => {
  it('VAL-04: takes what jose takes', async () => {
    expect(await world.judge(world.good)).toEqual({ byJose: 'passed', pooled: 'passed', immediate: 'passed' })
  })

  it('VAL-04: refuses every forgery that jose refuses, in the words of the default', async () => {
    const forgeries = Object.entries(await forgeriesOf(world))
    expect(forgeries.length).toBeGreaterThan(20)
    for (const [name, token] of forgeries) {
      const { byJose, pooled, immediate } = await world.judge(token)
      expect([name, byJose, immediate]).toEqual([name, 'refused', pooled])
      expect([name, immediate]).not.toEqual([name, 'passed'])
    }
  })
})

describe("signatures: 'immediate'", () => {
  const edit = fc.record({
    alg: fc.constantFrom(...algorithms),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    // Most edits are in the signature: what is before it is read before any key is looked at.
    inSignature: fc.boolean(),
    removed: fc.integer({ min: 0, max: 3 }),
    put: fc.string({ unit: fc.constantFrom(...'ABCabc019-_.=+/ ä\0'), maxLength: 3 }),
  })

  it('VAL-04: judges a token that was tampered with anywhere as the default does, and takes none that jose refuses', async () => {
    let passed = 0
    await fc.assert(
      fc.asyncProperty(edit, async ({ alg, at, inSignature, removed, put }) => {
        const { good, judge } = worlds.get(alg) as World
        const from = inSignature ? good.lastIndexOf('.') + 1 : 0
        const place = from + Math.floor(at * (good.length - from))
        const token = good.slice(0, place) + put + good.slice(place + removed)
        if (/[^\x21-\x7e]/.test(token)) return

        const { byJose, pooled, immediate } = await judge(token)
        expect(immediate).toBe(pooled)
        if (immediate !== 'passed') return
        passed++
        expect([byJose, token]).toEqual(['passed', good])
      }),
      { numRuns: 1_500 },
    )
    expect(passed).toBeGreaterThan(0)
  })
})
