import { describe, expect, it } from 'vitest'
import { retryAfter } from '../../src/protocol/retry-after.ts'

const now = Date.parse('Thu, 01 Jan 2026 00:00:00 GMT')

describe('retryAfter', () => {
  it.each([
    ['7', 7000],
    ['0', 0],
    ['999999', 3_600_000],
    ['9'.repeat(400), 3_600_000],
    ['Thu, 01 Jan 2026 00:00:09 GMT', 9000],
    ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
    ['Fri, 02 Jan 2026 00:00:00 GMT', 3_600_000],
    ['-5', undefined],
    ['soon', undefined],
    ['Xyz GMT', undefined],
    ['', undefined],
  ])('RT-12: %s', (value, expected) => {
    expect(retryAfter(new Headers({ 'retry-after': value }), now)).toBe(expected)
  })

  it('RT-12: measures a date against the answer’s own clock', () => {
    const headers = new Headers({
      'retry-after': 'Thu, 01 Jan 2026 00:00:09 GMT',
      date: 'Thu, 01 Jan 2026 00:00:04 GMT',
    })
    expect(retryAfter(headers, now - 1e9)).toBe(5000)
    expect(retryAfter(new Headers(), now)).toBeUndefined()
  })
})
