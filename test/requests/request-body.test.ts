import { describe, expect, it } from 'vitest'
import { requestBody } from '../../src/requests/request-body.ts'

const API = 'https://api.example.com/'
const post = (body: unknown) => ({ method: 'POST', body, duplex: 'half' }) as RequestInit

describe('what can be sent again', () => {
  it('is nothing where there is no body', () => {
    expect(requestBody(undefined, undefined)).toBeUndefined()
    expect(requestBody(undefined, { body: null })).toBeUndefined()
    expect(requestBody(new Request(API), undefined)).toBeUndefined()
    expect(requestBody(new Request(API, { method: 'POST' }), { body: null })).toBeUndefined()
  })

  it('is the very object the caller gave', () => {
    for (const body of [
      '',
      'text',
      new Blob(['x']),
      new Uint8Array(3),
      new ArrayBuffer(3),
      new FormData(),
      new URLSearchParams(),
    ])
      expect(requestBody(undefined, post(body))?.replay()).toBe(body)
  })

  it('USE-09: is never a stream, of whatever kind', () => {
    async function* generator() {}
    const legacy = { pipe() {} }
    const older = { getReader() {} }
    for (const body of [new Blob(['x']).stream(), generator(), legacy, older]) {
      const kept = requestBody(new Request(API, post('other')), post(body))
      expect(kept).toBeDefined()
      expect(kept?.replay()).toBeUndefined()
    }
  })

  it('USE-09: is no part of a body that was dropped, failed, or is not at its end', async () => {
    const settled = () => new Promise((resolve) => setTimeout(resolve, 5))
    const chunk = new Uint8Array(10)
    const start = (then: (controller: ReadableStreamDefaultController) => void) =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(chunk)
          then(controller)
        },
      })
    const endless = requestBody(new Request(API, post(start(() => {}))), undefined)
    const failing = requestBody(
      new Request(API, post(start((controller) => controller.error(new Error('gone'))))),
      undefined,
    )
    const dropped = requestBody(new Request(API, post(start(() => {}))), undefined)
    const whole = requestBody(new Request(API, post(start((controller) => controller.close()))), undefined)
    dropped?.drop?.()
    await settled()
    expect([endless, failing, dropped].map((kept) => kept?.replay())).toEqual([undefined, undefined, undefined])
    expect(whole?.replay()).toMatchObject({ size: 10 })
  })
})
