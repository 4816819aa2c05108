import { createPrivateKey, generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto'
import type { Signing } from '../../src/ports.ts'

/** Signs in this turn, so that no time has to go by for it; its keys are JWKs. Says `broken` to be a platform that lost them. */
export function instantSigning(): Signing & { broken: boolean } {
  const signing = {
    broken: false,
    async generate(alg: string) {
      if (alg !== 'ES256') throw new Error('NotSupportedError')
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const { crv, kty, x, y } = publicKey.export({ format: 'jwk' }) as Record<string, string>
      return { alg, privateKey: privateKey.export({ format: 'jwk' }) as never, publicKey: { crv, kty, x, y } as never }
    },
    async signer({ privateKey }: { readonly privateKey: object }) {
      const key = createPrivateKey({ key: privateKey as JsonWebKey, format: 'jwk' })
      return async (data: Uint8Array) => {
        if (signing.broken) throw new Error('OperationError')
        return new Uint8Array(sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }))
      }
    },
  }
  return signing
}
