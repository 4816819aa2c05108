import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/protocol/utf8.ts'

/** Bytes as they come: of real texts, of texts that were cut or mixed up, and of nothing at all. */
const bytes = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => [...new TextEncoder().encode(text)]),
  fc.array(
    fc.constantFrom(0x41, 0x80, 0xbf, 0x9f, 0xa0, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xbb, 0xf0, 0xf4, 0xf5, 0x8f, 0x90),
  ),
  fc.array(fc.integer({ min: 0, max: 255 })),
)

describe('utf8', () => {
  it('reads whatever bytes as the platform does', () => {
    const platform = new TextDecoder('utf-8', { ignoreBOM: true })
    fc.assert(
      fc.property(bytes, (given) => {
        expect(utf8(String.fromCharCode(...given))).toBe(platform.decode(Uint8Array.from(given)))
      }),
      { numRuns: 2_000 },
    )
  })
})
