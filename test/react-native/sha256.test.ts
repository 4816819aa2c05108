import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sha256 } from '../../src/react-native/sha256.ts'

const hex = (data: Uint8Array) => Buffer.from(data).toString('hex')

it('hashes the vectors of FIPS 180-4', () => {
  expect(hex(sha256(Buffer.from('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(hex(sha256(new Uint8Array()))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

it('hashes what the platform hashes, at every length around a block', () => {
  for (let length = 0; length < 200; length++) {
    const data = Uint8Array.from({ length }, (_, at) => at * 7 + length)
    expect(hex(sha256(data))).toBe(createHash('sha256').update(data).digest('hex'))
  }
})

it('hashes what the platform hashes, whatever it is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3_000 }), (data) => {
      expect(hex(sha256(data))).toBe(createHash('sha256').update(data).digest('hex'))
    }),
  )
})
