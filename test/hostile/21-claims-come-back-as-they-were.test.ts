import fc from 'fast-check'
import { expect, it } from 'vitest'
import { memoryStore } from '../../src/in-process/memory-store.ts'
import { webSealing } from '../../src/in-process/web-sealing.ts'
import { sealed } from '../../src/sealing/sealed.ts'

const name = fc.oneof(fc.constantFrom('__proto__', 'toJSON'), fc.string())
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(0, 1, '0', '\0', '\u00000', '\0\0', '\0\u00000', null, true),
    fc.array(tie('any')),
    tie('object'),
  ),
  object: fc.dictionary(name, tie('any')),
})).object

it('a claim of any name and type, one written like a handle too, comes back as it was, beside a handle or without one', async () => {
  const { publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
  await fc.assert(
    fc.asyncProperty(value, fc.boolean(), async (claims, withHandle) => {
      const stored = withHandle ? { key: publicKey, claims } : { claims }
      const plain = JSON.parse(JSON.stringify(claims))
      const store = sealed(memoryStore(), { sealing: webSealing })
      await store.swap('k', undefined, stored)
      const row = await store.get('k')
      const { claims: back, key } = row!.value as typeof stored & { key?: CryptoKey }
      expect(back).toEqual(plain)
      expect(key === undefined).toBe(!withHandle)
    }),
    { numRuns: 300 },
  )
})
