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

    it('opens what it sealed', async () => {
      const key = await crypto.generateSealingKey()
      const sealed = await crypto.seal(key, bytes('the record'), bytes('name'))
      expect(sealed.iv).toHaveLength(12)
      expect(await crypto.open(key, sealed, bytes('name'))).toEqual(bytes('the record'))
    })

    it('STO-10: uses another IV each time', async () => {
      const key = await crypto.generateSealingKey()
      const ivs = await Promise.all(
        Array.from({ length: 50 }, async () => hex((await crypto.seal(key, bytes('same'), bytes('n'))).iv)),
      )
      expect(new Set(ivs).size).toBe(50)
    })

    it('STO-10: opens nothing that was changed, moved or sealed with another key', async () => {
      const key = await crypto.generateSealingKey()
      const { iv, data } = await crypto.seal(key, bytes('the record'), bytes('name'))
      const flipped = data.slice()
      flipped[0]! ^= 1
      await expect(crypto.open(key, { iv, data: flipped }, bytes('name'))).rejects.toBeDefined()
      await expect(crypto.open(key, { iv, data }, bytes('another name'))).rejects.toBeDefined()
      await expect(crypto.open(await crypto.generateSealingKey(), { iv, data }, bytes('name'))).rejects.toBeDefined()
    })
  })
}
