import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainHeaders } from '../../src/requests/given-request.ts'

const pairsOf = (headers: HeadersInit) => [...new Headers(headers)]

describe('plainHeaders', () => {
  it('says what fetch would read, whatever it is given, but for what shows a token', () => {
    const name = fc.constantFrom('accept', 'Accept', 'X-Own', 'x-own', 'Authorization', 'AUTHORIZATION', 'DPoP', 'dpop')
    const value = fc.stringMatching(/^[!-~]{1,9}$/)
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (list) => {
        for (const given of [list, Object.fromEntries(list), new Headers(list)]) {
          const expected = pairsOf(given).filter(([name]) => name !== 'authorization' && name !== 'dpop')
          expect(pairsOf(plainHeaders(given))).toEqual(expected)
        }
      }),
    )
    expect(plainHeaders(undefined)).toEqual({})
  })

  it('leaves what it is given as it is', () => {
    const given = { Authorization: 'Basic x', accept: 'text/plain' }
    expect(plainHeaders(given)).toEqual({ accept: 'text/plain' })
    expect(given).toEqual({ Authorization: 'Basic x', accept: 'text/plain' })
  })
})
