import { afterEach, describe, expect, it } from 'vitest'
import type { TokenManagerError } from '../../src/errors.ts'
import { authorizedFetch, type SentRequest } from '../../src/requests/authorized-fetch.ts'
import { followRedirect } from '../../src/requests/follow-redirect.ts'
import type { RequestBody } from '../../src/requests/request-body.ts'
import { type Match, type ResourceOption, resourceMatcher } from '../../src/requests/resource-matcher.ts'
import { httpApi, type Received } from '../support/http-api.ts'
import { scriptedTokenSource } from '../support/scripted-token-source.ts'
import { saying } from '../support/sentences.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function start(answer: Parameters<typeof httpApi>[0]) {
  const api = await httpApi(answer)
  closing.push(api.close)
  return api
}

function client(resources: ResourceOption[], options: { type?: 'Bearer' | 'DPoP'; follow?: false } = {}) {
  const source = scriptedTokenSource(options)
  const events: unknown[] = []
  const authorized = authorizedFetch({
    source,
    fetch: globalThis.fetch,
    match: resourceMatcher(resources, { insecureLoopback: true }),
    unlisted: 'throw',
    whenSignedOut: 'throw',
    observe: (type, details) => events.push({ type, ...details }),
    follow: options.follow === false ? undefined : followRedirect,
  })
  return { fetch: authorized, source, events }
}

/** Sends `/from` to `location` with `status`, and answers anything else with 200. */
const redirecting =
  (status: number, location: string) => (request: Received, response: import('node:http').ServerResponse) =>
    request.url.startsWith('/v1/from')
      ? response.writeHead(status, { location }).end()
      : response.end(`at ${request.url}`)

const brief = ({ method, url, headers, body }: Received) =>
  `${method} ${url} ${headers.authorization ?? 'bare'} ${body}`
const failure = async (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: unknown) => error as TokenManagerError,
  )

describe('redirects on a platform that shows them', () => {
  it.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [301, 'PUT', 'PUT', 'canary'],
    [302, 'DELETE', 'DELETE', 'canary'],
    [307, 'POST', 'POST', 'canary'],
    [308, 'PATCH', 'PATCH', 'canary'],
  ])('USE-04: %i of a %s stays on its entry and becomes a %s', async (status, method, then, body) => {
    const api = await start(redirecting(status, '/v1/to?x'))
    const { fetch } = client([`${api.origin}/v1`])
    const headers = { 'content-type': 'text/x', 'x-mine': '1' }
    const response = await fetch(`${api.origin}/v1/from`, { method, body: 'canary', headers })
    expect(await response.text()).toBe('at /v1/to?x')
    expect(api.received.map(brief)).toEqual([
      `${method} /v1/from Bearer T1 canary`,
      `${then} /v1/to?x Bearer T1 ${body}`,
    ])
    expect(api.received[1]?.headers).toMatchObject({ 'x-mine': '1' })
    expect(api.received[1]?.headers['content-type']).toBe(body ? 'text/x' : undefined)
  })

  it('USE-04: so does the body of a Request, with its headers', async () => {
    const api = await start(redirecting(307, 'to/'))
    const { fetch } = client([`${api.origin}/v1`])
    const request = new Request(`${api.origin}/v1/from`, { method: 'PUT', body: 'canary', headers: { 'x-mine': '1' } })
    expect((await fetch(request)).status).toBe(200)
    expect(api.received.map(brief)).toEqual(['PUT /v1/from Bearer T1 canary', 'PUT /v1/to/ Bearer T1 canary'])
    expect(api.received[1]?.headers).toMatchObject({ 'x-mine': '1', 'content-type': 'text/plain;charset=UTF-8' })
  })

  it.each([
    ['?page=2', '/v1/from?page=2'],
    ['from2', '/v1/from2'],
    ['ORIGIN/v1/from2#top', '/v1/from2'],
  ])('USE-04: Location: %s leads to %s', async (location, url) => {
    let origin = ''
    const api = await start((request, response) =>
      request.url === '/v1/from'
        ? response.writeHead(307, { location: location.replace('ORIGIN', origin) }).end()
        : response.end(),
    )
    origin = api.origin
    await client([`${api.origin}/v1`]).fetch(`${api.origin}/v1/from`, { method: 'POST', body: 'b' })
    expect(api.received.map((one) => one.url)).toEqual(['/v1/from', url])
  })

  it.each([302, 303, 307, 308])('USE-04: %i to another origin: it sees neither token nor body', async (status) => {
    const other = await start((_, response) => response.end())
    const api = await start(redirecting(status, `${other.origin}/v1/take?secret=canary`))
    for (const resources of [[`${api.origin}/v1`], [`${api.origin}/v1`, `${other.origin}/v1`]]) {
      const { fetch } = client(resources)
      const error = await failure(fetch(`${api.origin}/v1/from`, { method: 'POST', body: 'canary' }))
      expect(error).toMatchObject({ code: 'ERR_REDIRECTED', reason: 'redirected', status })
      expect(error.message).toEqual(saying(other.origin))
      expect(error.message).not.toContain('canary')
    }
    expect(other.received).toEqual([])
  })

  it('USE-04: a token without a body goes through the platform, which keeps it from another origin', async () => {
    const other = await start((_, response) => response.end('other'))
    const api = await start(redirecting(302, `${other.origin}/v1/take`))
    expect(await (await client([`${api.origin}/v1`]).fetch(`${api.origin}/v1/from`)).text()).toBe('other')
    expect(other.received.map(brief)).toEqual(['GET /v1/take bare '])
  })

  it('USE-04: a DPoP token without a body goes nowhere else either, and along within its entry', async () => {
    const other = await start((_, response) => response.end())
    const api = await start((request, response) =>
      request.url === '/v1/away'
        ? response.writeHead(302, { location: other.origin }).end()
        : redirecting(302, '/v1/to')(request, response),
    )
    const { fetch } = client([`${api.origin}/v1`], { type: 'DPoP' })
    expect((await fetch(`${api.origin}/v1/from`)).status).toBe(200)
    expect(api.received.map(brief)).toEqual(['GET /v1/from DPoP T1 ', 'GET /v1/to DPoP T1 '])
    expect(await failure(fetch(`${api.origin}/v1/away`))).toMatchObject({ code: 'ERR_REDIRECTED' })
    expect(other.received).toEqual([])
  })

  it.each(['/v10', '/', '/v1/../admin', '//evil.invalid/v1', '/\\evil.invalid', 'ftp://evil.invalid/'])(
    'USE-04: out of its entry by %s: thrown',
    async (location) => {
      const api = await start(redirecting(307, location))
      const { fetch } = client([`${api.origin}/v1`])
      expect(await failure(fetch(`${api.origin}/v1/from`, { method: 'POST', body: 'b' }))).toMatchObject({
        code: 'ERR_REDIRECTED',
      })
      expect(api.received).toHaveLength(1)
    },
  )

  it('USE-04: not into another entry of the same origin, whose token is another one', async () => {
    const api = await start(redirecting(307, '/v1/admin'))
    const { fetch } = client([`${api.origin}/v1`, { url: `${api.origin}/v1/admin`, scope: 'admin' }])
    expect(await failure(fetch(`${api.origin}/v1/from`, { method: 'POST', body: 'b' }))).toMatchObject({
      code: 'ERR_REDIRECTED',
    })
    expect(api.received).toHaveLength(1)
  })

  it('USE-04: without `follow` every redirect of a body throws', async () => {
    const api = await start(redirecting(307, '/v1/to'))
    const { fetch } = client([`${api.origin}/v1`], { follow: false })
    expect(await failure(fetch(`${api.origin}/v1/from`, { method: 'POST', body: 'b' }))).toMatchObject({
      code: 'ERR_REDIRECTED',
      status: 307,
    })
  })

  it('USE-09: 307 for a stream throws ERR_NOT_REPLAYABLE; 303 drops it and goes on', async () => {
    const api = await start((request, response) =>
      response
        .writeHead(request.url === '/v1/307' ? 307 : request.url === '/v1/303' ? 303 : 200, { location: '/v1/to' })
        .end(),
    )
    const { fetch } = client([`${api.origin}/v1`])
    const init = () => ({ method: 'POST', body: new Blob(['b']).stream(), duplex: 'half' })
    expect(await failure(fetch(`${api.origin}/v1/307`, init()))).toMatchObject({
      code: 'ERR_NOT_REPLAYABLE',
      reason: 'retry_impossible',
    })
    expect((await fetch(`${api.origin}/v1/303`, init())).status).toBe(200)
    expect(api.received.map(brief)).toEqual([
      'POST /v1/307 Bearer T1 b',
      'POST /v1/303 Bearer T1 b',
      'GET /v1/to Bearer T1 ',
    ])
  })

  it('INV-01: a 401 after a redirect is tried once more where it came from', async () => {
    const api = await start((request, response) =>
      request.url === '/v1/from'
        ? response.writeHead(308, { location: '/v1/to' }).end()
        : response.writeHead(request.headers.authorization === 'Bearer T2' ? 200 : 401).end(),
    )
    const { fetch, source } = client([`${api.origin}/v1`])
    expect((await fetch(`${api.origin}/v1/from`, { method: 'POST', body: 'b' })).status).toBe(200)
    expect(api.received.map(brief)).toEqual([
      'POST /v1/from Bearer T1 b',
      'POST /v1/to Bearer T1 b',
      'POST /v1/to Bearer T2 b',
    ])
    expect(source.refused).toEqual(['T1'])
  })

  it('gives up after 20 redirects; hands on one that leads nowhere, and one the caller wanted to see', async () => {
    const api = await start((request, response) =>
      response.writeHead(307, request.url === '/v1/nowhere' ? {} : { location: '/v1/from' }).end(),
    )
    const { fetch } = client([`${api.origin}/v1`])
    const init = { method: 'POST', body: 'b' }
    expect(await failure(fetch(`${api.origin}/v1/from`, init))).toMatchObject({ code: 'ERR_REDIRECTED' })
    expect(api.received).toHaveLength(21)
    expect((await fetch(`${api.origin}/v1/nowhere`, init)).status).toBe(307)
    expect((await fetch(`${api.origin}/v1/from`, { ...init, redirect: 'manual' })).status).toBe(307)
    await expect(fetch(`${api.origin}/v1/from`, { ...init, redirect: 'error' })).rejects.toThrow(TypeError)
  })

  it('USE-10: the signal of a Request still counts after a redirect', async () => {
    const controller = new AbortController()
    const api = await start((request, response) => {
      if (request.url === '/v1/from') return response.writeHead(307, { location: '/v1/to' }).end()
      controller.abort('enough')
    })
    const { fetch } = client([`${api.origin}/v1`])
    const request = new Request(`${api.origin}/v1/from`, { method: 'POST', body: 'b', signal: controller.signal })
    await expect(fetch(request)).rejects.toBe('enough')
  })
})

describe('what is sent after a redirect', () => {
  const here = { audience: 'notes' }
  const from = 'https://api.example/v1/from?q=1#part'
  const listed = (url: string): Match =>
    url.startsWith('https://api.example/v1')
      ? { target: here, url, wholeOrigin: false }
      : { reason: 'target_not_listed', place: url, listed: [] }

  /** What comes after `status` with `location` for a request with a token. */
  function next(status: number, location: string, sent: Partial<SentRequest> = {}, match = listed) {
    const init = { method: 'GET', headers: { authorization: 'Bearer T1' } }
    const answer = new Response(null, { status, headers: { location } })
    return followRedirect(answer, { target: here, url: from, to: from, init, body: undefined, hops: 0, ...sent }, match)
  }

  it.each([
    ['to', 'https://api.example/v1/to'],
    ['/v1/to', 'https://api.example/v1/to'],
    ['../v1/to', 'https://api.example/v1/../v1/to'],
    ['?q=2', 'https://api.example/v1/from?q=2'],
    ['#other', 'https://api.example/v1/from#other'],
    ['to?next=https://other.example/', 'https://api.example/v1/to?next=https://other.example/'],
    ['//api.example/v1/to', 'https://api.example/v1/to'],
    ['//other.example/to//', 'https://other.example/to//'],
    ['HTTPS://api.example/v1/to', 'HTTPS://api.example/v1/to'],
    ['x1+a-b.c:to', 'x1+a-b.c:to'],
  ])('asks whether %s is listed by its whole URL', (location, url) => {
    const asked: string[] = []
    next(307, location, {}, (each) => {
      asked.push(each)
      return { target: here, url: each, wholeOrigin: false }
    })
    expect(asked).toEqual([url])
  })

  it.each([
    [301, 'GET', true],
    [301, 'HEAD', true],
    [302, 'PUT', true],
    [303, 'GET', true],
    [303, 'HEAD', true],
    [307, 'POST', true],
    [308, 'POST', true],
    [301, 'POST', false],
    [302, 'POST', false],
    [303, 'POST', false],
    [303, 'PUT', false],
  ])('%s for %s keeps what is said of the body: %s', (status, method, isKept) => {
    const ofBody = ['content-type', 'content-length', 'content-encoding', 'content-language', 'content-location']
    const headers = Object.fromEntries([...ofBody, 'accept'].map((name) => [name, 'x']))
    const sent = next(status, 'to', { init: { method, headers } })
    expect(sent?.init.method).toBe(isKept ? method : 'GET')
    expect(Object.keys(sent?.init.headers ?? {})).toEqual(isKept ? [...ofBody, 'accept'].toSorted() : ['accept'])
  })

  it('takes method and signal from a Request, where nothing else says them', () => {
    const { signal } = new AbortController()
    const to = new Request(from, { method: 'DELETE', signal })
    const headers = { authorization: 'Bearer T1' }
    for (const location of ['to', 'https://other.example/']) {
      expect(next(307, location, { to, init: { headers } })?.init).toMatchObject({
        method: 'DELETE',
        signal: to.signal,
      })
      expect(next(307, location, { init: { headers } })?.init).toMatchObject({ method: 'GET', signal: null })
    }
  })

  it('goes elsewhere without anything that was meant for the API, and lets the platform follow what comes then', () => {
    const headers = { authorization: 'Bearer T1', 'proxy-authorization': 'x', cookie: 'x', accept: 'text/plain' }
    expect(next(302, 'https://other.example/a?b=c', { init: { method: 'HEAD', headers } })).toEqual({
      target: undefined,
      url: 'https://other.example/a?b=c',
      to: 'https://other.example/a?b=c',
      init: { method: 'HEAD', headers: { accept: 'text/plain' }, signal: null, redirect: 'follow' },
      body: undefined,
      hops: 0,
    })
  })

  it.each([
    ['a request without a token', { init: { headers: {} } }],
    ['one with a DPoP token', { init: { headers: { authorization: 'DPoP T1' } } }],
    ['one that had left already, and has a body', { target: undefined, body: { replay: () => 'b' } as RequestBody }],
  ])('goes nowhere else with %s', (_, sent) => {
    const message = saying('redirects to https://other.example, where')
    expect(() => next(302, 'https://other.example/a?b=c', sent)).toThrow(
      expect.objectContaining({ code: 'ERR_REDIRECTED', status: 302, message }),
    )
  })

  it('cannot judge a redirect that the platform hides', () => {
    const hidden = Object.defineProperty(new Response(null), 'type', { value: 'opaqueredirect' })
    const sent = { target: here, url: from, to: from, init: { headers: {} }, body: undefined, hops: 0 }
    expect(() => followRedirect(hidden, sent, listed)).toThrow(
      expect.objectContaining({ code: 'ERR_REDIRECTED', message: saying('redirects to another address, where') }),
    )
  })

  it('says which status wanted a body once more that is gone', () => {
    const body = { replay: () => undefined } as RequestBody
    expect(() => next(307, 'to', { body })).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_REPLAYABLE', reason: 'retry_impossible', status: 307 }),
    )
  })
})
