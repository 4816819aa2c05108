import { afterEach, describe, expect, it } from 'vitest'
import type { TokenManagerError } from '../../src/errors.ts'
import { authorizedFetch } from '../../src/requests/authorized-fetch.ts'
import { followRedirect } from '../../src/requests/follow-redirect.ts'
import { type ResourceOption, resourceMatcher } from '../../src/requests/resource-matcher.ts'
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
