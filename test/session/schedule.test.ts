import { describe, expect, it } from 'vitest'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import { backOff, fraction, leewayOf } from '../../src/session/schedule.ts'

const token = (obtainedAt: number, expiresAt?: number) => ({
  ...{ value: 'at', type: 'Bearer' as const, obtainedAt, expiresAt, scope: '' },
})

describe('RT-07: the leeway of a token', () => {
  it('is what was asked for, at most 20 % of the lifetime, and nothing where the lifetime is not known or none', () => {
    expect(leewayOf(token(1_000, 301_000), 60_000)).toBe(60_000)
    expect(leewayOf(token(1_000, 301_000), 10_000)).toBe(10_000)
    expect(leewayOf(token(1_000, 101_000), 60_000)).toBe(20_000)
    expect(leewayOf(token(1_000), 60_000)).toBe(0)
    expect(leewayOf(token(1_000, 500), 60_000)).toBe(0)
  })
})

describe('RT-12: the back-off', () => {
  it('doubles from 2 s to 5 min', () => {
    expect([1, 2, 3, 7, 8, 9, 60].map((attempts) => backOff(attempts, 0.5))).toEqual([
      ...[2_000, 4_000, 8_000, 128_000, 256_000, 300_000, 300_000],
    ])
  })

  it('varies by a fifth either way, in whole milliseconds', () => {
    expect([backOff(1, 0), backOff(1, 0.25), backOff(1, 1)]).toEqual([1_600, 1_800, 2_400])
    expect(backOff(1, 0.3333)).toBe(1_867)
  })

  it('is never shorter than what the server asked for, which counts up to an hour', () => {
    expect(backOff(1, 0.5, 1_999)).toBe(2_000)
    expect(backOff(1, 0.5, 2_001)).toBe(2_001)
    expect(backOff(1, 0.5, 3_600_000)).toBe(3_600_000)
    expect(backOff(1, 0.5, 3_600_001)).toBe(3_600_000)
  })
})

it('a fraction is a number of 16 bits, from 0 to just below 1', () => {
  const of = (...bytes: number[]) => fraction({ ...webCrypto, randomBytes: () => new Uint8Array(bytes) })
  expect([of(0, 0), of(0, 1), of(1, 0), of(128, 0), of(255, 255)]).toEqual([
    0,
    1 / 65_536,
    1 / 256,
    0.5,
    65_535 / 65_536,
  ])
  const values = new Set(Array.from({ length: 50 }, () => fraction(webCrypto)))
  expect(values.size).toBeGreaterThan(45)
})
