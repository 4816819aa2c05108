import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { copyTo, plainHeaders, urlOfRequest } from '../../src/requests/given-request.ts'

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
    expect(plainHeaders({ 'x-dpop': '1', 'dpop-nonce': '2' })).toEqual({ 'x-dpop': '1', 'dpop-nonce': '2' })
  })

  it('leaves what it is given as it is', () => {
    const given = { Authorization: 'Basic x', accept: 'text/plain' }
    expect(plainHeaders(given)).toEqual({ accept: 'text/plain' })
    expect(given).toEqual({ Authorization: 'Basic x', accept: 'text/plain' })
  })
})

describe('urlOfRequest', () => {
  const request = new Request('https://api.example/v1')

  it('is the URL that fetch reads of a Request, and of nothing else', () => {
    class Own extends Request {
      override get url() {
        return 'https://other.example/'
      }
    }
    expect(urlOfRequest(request)).toBe('https://api.example/v1')
    expect(urlOfRequest(new Own(request))).toBe('https://api.example/v1')
    expect(urlOfRequest('https://api.example/v1')).toBeUndefined()
    expect(urlOfRequest(new URL('https://api.example/v1'))).toBeUndefined()
    expect(urlOfRequest({ url: 'https://api.example/v1' } as Request)).toBeUndefined()
  })

  it('is the plain member where a platform’s Request has no getter', () => {
    class Plain {
      url: string
      constructor(url: string) {
        this.url = url
      }
    }
    vi.stubGlobal('Request', Plain)
    onTestFinished(() => void vi.unstubAllGlobals())
    expect(urlOfRequest(new Plain('https://api.example/v1') as Request)).toBe('https://api.example/v1')
    expect(urlOfRequest({ url: 'https://api.example/v1' } as Request)).toBeUndefined()
  })
})

describe('copyTo', () => {
  it('is the same request, and says where it goes', () => {
    const copy = copyTo('https://api.example/to', new Request('https://api.example/v1', { method: 'PUT', body: 'b' }))
    expect([copy.url, copy.method]).toEqual(['https://api.example/to', 'PUT'])
  })
})
