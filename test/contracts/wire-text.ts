import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WireText } from '../../src/ports.ts'

const parts = "% %2 %zz + = & ~ ' ( ! * \ud800 \udc00 ß %C3 %9f 😀".split(' ')
const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...parts, ' ') }))

/** Bytes as they come: of real texts, of texts that were cut or mixed up, and of nothing at all. */
const bytes = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => [...new TextEncoder().encode(text)]),
  fc.array(
    fc.constantFrom(0x41, 0x80, 0xbf, 0x9f, 0xa0, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xbb, 0xf0, 0xf4, 0xf5, 0x8f, 0x90),
  ),
  fc.array(fc.integer({ min: 0, max: 255 })),
)

/** What every {@link WireText} does, with the standard's own classes as the oracle. */
export function wireTextContract(name: string, { form, query, utf8 }: WireText): void {
  describe(name, () => {
    it('writes parameters as a form', () => {
      fc.assert(
        fc.property(fc.array(fc.tuple(texts, texts)), (given) => {
          expect(form(given)).toBe(String(new URLSearchParams(given)))
        }),
        { numRuns: 1_000 },
      )
    })

    it('reads the parameters of a query', () => {
      fc.assert(
        fc.property(texts, (given) => {
          const url = new URL('https://app.example/cb')
          url.search = given
          expect(query(url.search)).toEqual([...url.searchParams])
          expect(query(url.search.slice(1))).toEqual([...url.searchParams])
        }),
        { numRuns: 1_000 },
      )
    })

    it('reads UTF-8, and what is none', () => {
      const platform = new TextDecoder()
      fc.assert(
        fc.property(bytes, (given) => {
          // A byte order mark may stay: whoever reads JSON takes it away.
          expect(utf8(String.fromCharCode(...given)).replace(/^\ufeff/, '')).toBe(
            platform.decode(Uint8Array.from(given)),
          )
        }),
        { numRuns: 1_000 },
      )
    })
  })
}
