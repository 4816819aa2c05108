import { describe, expect, it } from 'vitest'
import type { Fetch } from '../../src/ports.ts'
import { withoutRequest, withVisibleRedirects } from '../../src/react-native/native-fetch.ts'

/** A `Request` with the member that React Native's keeps its body in. */
function nativeRequest(url: string, init: RequestInit & { body?: NonNullable<RequestInit['body']> } = {}): Request {
  const request = new Request(url, init)
  const { body } = init
  return Object.defineProperties(request, { _bodyInit: { value: body }, bodyUsed: { value: false, writable: true } })
}

describe('withoutRequest', () => {
  it('gives what fetch() would make of a Request, its body as it was given', () => {
    const form = new FormData()
    const headers = { 'x-a': '1' }
    const request = nativeRequest('https://api.example.com/a', { method: 'POST', body: form, headers })
    const [url, init] = withoutRequest(request, undefined)
    expect(url).toBe('https://api.example.com/a')
    expect(init).toMatchObject({ method: 'POST', credentials: request.credentials, signal: request.signal })
    expect(init?.body).toBe(form)
    expect(new Headers(init?.headers).get('x-a')).toBe('1')
  })

  it('uses the Request up, as fetch() does: the second time is for fetch() to complain about', () => {
    const request = nativeRequest('https://api.example.com/a', { method: 'POST', body: 'text' })
    withoutRequest(request, undefined)
    expect(request.bodyUsed).toBe(true)
    expect(withoutRequest(request, undefined)[0]).toBe(request)
  })

  it('lets what the caller gives beside it win', () => {
    const request = nativeRequest('https://api.example.com/a', { method: 'POST', body: 'text' })
    expect(withoutRequest(request, { method: 'PUT', body: 'other' })[1]).toMatchObject({ method: 'PUT', body: 'other' })
  })

  it('gives a GET no body', () => {
    expect(withoutRequest(nativeRequest('https://api.example.com/a'), undefined)[1]).not.toHaveProperty('body')
  })

  it('leaves everything else alone', () => {
    const url = new URL('https://api.example.com/a')
    expect(withoutRequest(url, undefined)).toEqual([url, undefined])
    const standard = new Request(url)
    expect(withoutRequest(standard, undefined)[0]).toBe(standard)
  })
})

describe('withVisibleRedirects', () => {
  async function statusOf(sent: string | Request | URL, answeredFrom: string, redirect: RequestRedirect = 'manual') {
    const fetch: Fetch = async () => Object.defineProperty(new Response('{}'), 'url', { value: answeredFrom })
    return (await withVisibleRedirects(fetch)(sent, { redirect })).status
  }

  it.each([
    ['https://as.example.com/token', 'https://evil.example/token'],
    ['https://as.example.com/token', 'https://as.example.com/login'],
    ['https://as.example.com/token', 'https://as.example.com:8443/token'],
    ['https://as.example.com/token', 'http://as.example.com/token'],
  ])('%s, answered by %s, is a redirect', async (sent, answeredFrom) => {
    expect(await statusOf(sent, answeredFrom)).toBe(302)
    expect(await statusOf(new URL(sent), answeredFrom)).toBe(302)
    expect(await statusOf(new Request(sent), answeredFrom)).toBe(302)
  })

  it.each([
    ['https://as.example.com/token', 'https://as.example.com/token'],
    ['https://as.example.com', 'https://as.example.com/'],
    ['https://AS.example.com:443/token', 'https://as.example.com/token'],
    ["https://api.example.com/a'b?x=é#y", 'https://api.example.com/a%27b?x=%C3%A9'],
    ['https://api.example.com/é', 'https://api.example.com/%C3%A9'],
    ['https://as.example.com/token', ''],
  ])('%s, answered by %s, is not', async (sent, answeredFrom) => {
    expect(await statusOf(sent, answeredFrom)).toBe(200)
  })

  it('leaves redirects alone that nobody asked to see', async () => {
    expect(await statusOf('https://as.example.com/token', 'https://evil.example/token', 'follow')).toBe(200)
  })
})
