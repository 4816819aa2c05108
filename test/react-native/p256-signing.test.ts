import { randomBytes } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'
import { describe, expect, it } from 'vitest'
import { p256Signing } from '../../src/react-native/index.ts'

const signing = p256Signing(p256, (length) => new Uint8Array(randomBytes(length)))

describe('p256Signing', () => {
  it('signs what the platform verifies, with a key that lies in the store as text', async () => {
    const key = JSON.parse(JSON.stringify(await signing.generate('ES256', true)))
    const data = new TextEncoder().encode('header.payload')
    const signature = new Uint8Array(await (await signing.signer(key))(data))

    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
    const publicKey = await crypto.subtle.importKey('jwk', key.publicKey, algorithm, false, ['verify'])
    expect(await crypto.subtle.verify(algorithm, publicKey, signature, data)).toBe(true)
    data[0] = 0
    expect(await crypto.subtle.verify(algorithm, publicKey, signature, data)).toBe(false)
  })

  it('makes another key each time, and shows nothing of the private one in the public one', async () => {
    const [one, other] = await Promise.all([signing.generate('ES256', true), signing.generate('ES256', true)])
    expect(one.publicKey).not.toEqual(other.publicKey)
    expect(Object.keys(one.publicKey).sort()).toEqual(['crv', 'kty', 'x', 'y'])
  })

  it('knows ES256 alone', async () => {
    await expect(signing.generate('Ed25519', true)).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })
})
