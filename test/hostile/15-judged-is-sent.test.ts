import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Fetch } from '../../src/ports.ts'
import { authorizedFetch } from '../../src/requests/authorized-fetch.ts'
import { resourceMatcher } from '../../src/requests/resource-matcher.ts'
import { httpApi } from '../support/http-api.ts'
import { scriptedTokenSource } from '../support/scripted-token-source.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  vi.unstubAllGlobals()
  for (const close of closing.splice(0)) await close()
})

async function places() {
  const listed = await httpApi((_, response) => response.end('listed'))
  const evil = await httpApi((_, response) => response.end('evil'))
  closing.push(listed.close, evil.close)
  return { listed, evil }
}

function client(origin: string, fetch: Fetch = globalThis.fetch) {
  return authorizedFetch({
    source: scriptedTokenSource(),
    fetch,
    match: resourceMatcher([`${origin}/v1`], { insecureLoopback: true }),
    unlisted: 'bare',
    whenSignedOut: 'throw',
    observe: () => {},
  })
}

type Claims = (listed: string, evil: string) => RequestInfo | URL

/** What says of itself that it goes to `listed`, and goes to `evil`. */
const liars: readonly (readonly [what: string, make: Claims])[] = [
  [
    'a Request with a url of its own',
    (listed, evil) => Object.defineProperty(new Request(evil), 'url', { value: listed }),
  ],
  [
    'a class on top of Request',
    (listed, evil) =>
      new (class extends Request {
        override get url() {
          return listed
        }
      })(evil),
  ],
  [
    'an object with url and toString',
    (listed, evil) => ({ url: listed, method: 'GET', body: null, toString: () => evil }) as never,
  ],
  [
    'a text that changes when it is asked again',
    (listed, evil) => {
      const answers = [listed, evil]
      return { toString: () => answers.shift() ?? evil } as never
    },
  ],
  [
    'a URL that changes when it is asked again',
    (listed, evil) => {
      const answers = [listed]
      return Object.assign(new URL(evil), { toString: () => answers.shift() ?? evil })
    },
  ],
  [
    'a Proxy around a Request',
    (listed, evil) => new Proxy(new Request(evil), { get: (_, name) => (name === 'url' ? listed : undefined) }),
  ],
  ['an object with the prototype of Request', (listed) => Object.create(Request.prototype, { url: { value: listed } })],
]

/** A fetch that believes what a Request says, as wrappers of the global one do that record requests. */
const believing: Fetch = (input, init) => {
  const { url } = input as Request
  return typeof url === 'string' ? fetch(url, init) : fetch(input, init)
}

describe('SECURITY.md: what is sent is what was judged, whatever a `Request` says of itself', () => {
  it.each(liars)('%s never takes the token to a place that is not listed', async (_, make) => {
    const { listed, evil } = await places()
    for (const platform of [globalThis.fetch, believing]) {
      const given = make(`${listed.origin}/v1/notes`, `${evil.origin}/v1/notes`)
      await client(listed.origin, platform)(given).catch(() => {})
      expect(evil.received.filter(({ headers }) => headers.authorization)).toEqual([])
    }
  })

  it('a Request whose own url is elsewhere goes where it goes, with the token', async () => {
    const { listed, evil } = await places()
    for (const platform of [globalThis.fetch, believing]) {
      const request = new Request(`${listed.origin}/v1/notes`)
      Object.defineProperty(request, 'url', { value: `${evil.origin}/v1/notes` })
      await client(listed.origin, platform)(request)
    }
    expect(listed.received.map(({ url, headers }) => `${url} ${headers.authorization}`)).toEqual([
      '/v1/notes Bearer T1',
      '/v1/notes Bearer T1',
    ])
    expect(evil.received).toEqual([])
  })

  it('options that answer differently when they are read again are read once', async () => {
    const { listed } = await places()
    const answers = ['error', 'follow']
    const init = {
      method: 'POST',
      body: 'mine',
      get redirect() {
        return answers.shift() as RequestRedirect
      },
    }
    await client(listed.origin)(`${listed.origin}/v1/notes`, init)
    expect(answers).toEqual(['follow'])
  })

  it('a Request as options counts as it does for fetch', async () => {
    const { listed } = await places()
    const url = `${listed.origin}/v1/notes`
    await client(listed.origin)(url, new Request(url, { method: 'DELETE', headers: { 'x-mine': '1' } }))
    expect(listed.received).toMatchObject([
      { method: 'DELETE', headers: { 'x-mine': '1', authorization: 'Bearer T1' } },
    ])
  })

  it('where Request is a plain class, its url is read once and that one is sent', async () => {
    const { listed, evil } = await places()
    vi.stubGlobal('Request', PlainRequest)
    const answers = [`${listed.origin}/v1/notes`]
    const request = Object.defineProperty(new PlainRequest('', { method: 'PUT', body: 'mine' }), 'url', {
      get: () => answers.shift() ?? `${evil.origin}/v1/notes`,
    })
    const platform: Fetch = (input, init) => {
      const { url, bodyInit, ...rest } = new PlainRequest(input as never, init)
      return fetch(url, { ...rest, body: bodyInit } as RequestInit)
    }
    await client(listed.origin, platform)(request as never)
    expect(listed.received).toMatchObject([
      { method: 'PUT', url: '/v1/notes', body: 'mine', headers: { authorization: 'Bearer T1' } },
    ])
    expect(evil.received).toEqual([])
  })
})

/** As React Native has it: what it was made of lies in members that anybody can set. */
class PlainRequest {
  url: string
  method: string
  headers: Headers
  bodyInit: unknown
  signal: AbortSignal | undefined
  redirect: RequestRedirect | undefined
  bodyUsed = false

  constructor(input: PlainRequest | string, init: RequestInit = {}) {
    const from: Partial<PlainRequest> = input instanceof PlainRequest ? input : {}
    this.url = from.url ?? String(input)
    this.method = init.method ?? from.method ?? 'GET'
    this.headers = new Headers(init.headers ?? from.headers)
    this.bodyInit = init.body ?? from.bodyInit
    this.signal = init.signal ?? from.signal
    this.redirect = init.redirect
  }

  clone() {
    return new PlainRequest(this)
  }

  async blob() {
    return new Blob([String(this.bodyInit)])
  }
}
