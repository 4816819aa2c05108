import { describe, expect, it } from 'vitest'
import type { Crypto } from '../../src/ports.ts'

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
const hex = (data: Uint8Array): string => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** What every {@link Crypto} does. */
export function cryptoContract(name: string, crypto: Crypto): void {
  describe(`${name} keeps the Crypto contract`, () => {
    it('gives as many random bytes as asked, others each time', () => {
      expect(crypto.randomBytes(32)).toHaveLength(32)
      expect(hex(crypto.randomBytes(32))).not.toBe(hex(crypto.randomBytes(32)))
    })

    it('hashes as FIPS 180-4 says', async () => {
      expect(hex(await crypto.sha256(bytes('abc')))).toBe(
        'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      )
    })
  })
}
