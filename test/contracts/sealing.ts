import { describe, expect, it } from 'vitest'
import type { Sealing } from '../../src/ports.ts'

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

/** What every {@link Sealing} does. */
export function sealingContract(name: string, sealing: Sealing): void {
  describe(`${name} keeps the Sealing contract`, () => {
    it('opens what it sealed', async () => {
      const key = await sealing.generateKey()
      const sealed = await sealing.seal(key, bytes('the record'), bytes('name'))
      expect(sealed.iv).toHaveLength(12)
      expect(await sealing.open(key, sealed, bytes('name'))).toEqual(bytes('the record'))
    })

    it('STO-10: uses another IV each time', async () => {
      const key = await sealing.generateKey()
      const ivs = await Promise.all(
        Array.from({ length: 50 }, async () => (await sealing.seal(key, bytes('same'), bytes('n'))).iv.join()),
      )
      expect(new Set(ivs).size).toBe(50)
    })

    it('STO-10: opens nothing that was changed, moved or sealed with another key', async () => {
      const key = await sealing.generateKey()
      const { iv, data } = await sealing.seal(key, bytes('the record'), bytes('name'))
      const flipped = data.slice()
      flipped[0]! ^= 1
      await expect(sealing.open(key, { iv, data: flipped }, bytes('name'))).rejects.toBeDefined()
      await expect(sealing.open(key, { iv, data }, bytes('another name'))).rejects.toBeDefined()
      await expect(sealing.open(await sealing.generateKey(), { iv, data }, bytes('name'))).rejects.toBeDefined()
    })
  })
}
