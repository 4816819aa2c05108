import { afterEach, describe, expect, it } from 'vitest'
import { authorizedFetch } from '../../src/requests/authorized-fetch.ts'
import { followRedirect } from '../../src/requests/follow-redirect.ts'
import { type ResourceOption, resourceMatcher } from '../../src/requests/resource-matcher.ts'
import { httpApi } from '../support/http-api.ts'
import { scriptedTokenSource } from '../support/scripted-token-source.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** An API that sends `/v1/from` to `location`, and what it saw. */
async function redirecting(location: string, status = 302) {
  const api = await httpApi((request, response) =>
    request.url === '/v1/from' ? response.writeHead(status, { location }).end() : response.end(`at ${request.url}`),
  )
  closing.push(api.close)
  const seen = () =>
    api.received.map(({ method, url, headers }) => `${method} ${url} ${headers.authorization ?? 'bare'}`)
  return { ...api, seen }
}

function client(resources: readonly ResourceOption[], follow?: typeof followRedirect) {
  return authorizedFetch({
    source: scriptedTokenSource(),
    fetch: globalThis.fetch,
    match: resourceMatcher(resources, { insecureLoopback: true }),
    unlisted: 'throw',
    whenSignedOut: 'throw',
    observe: () => {},
    follow,
  })
}

describe('SECURITY.md: a redirect takes neither token nor body out of the entry they were sent to', () => {
  it.each([301, 302, 303, 307, 308])(
    'in Node is not led to an unlisted path of the same origin by %i',
    async (status) => {
      const api = await redirecting('/admin', status)
      const response = await client([`${api.origin}/v1`], followRedirect)(`${api.origin}/v1/from`)
      expect(await response.text()).toBe('at /admin')
      expect(api.seen()).toEqual(['GET /v1/from Bearer T1', 'GET /admin bare'])
    },
  )

  it.each(['/v1/../admin', '/v1/%2e%2e/admin', '/v1/..;/admin', '/v10', '//127.0.0.1:1/v1'])(
    'in Node does not go along to %s',
    async (location) => {
      const api = await redirecting(location)
      await client([`${api.origin}/v1`], followRedirect)(`${api.origin}/v1/from`).catch(() => {})
      expect(api.seen().filter((line) => line.endsWith('Bearer T1'))).toEqual(['GET /v1/from Bearer T1'])
    },
  )

  it('in Node is not led into another entry of the same origin, whose token is another one', async () => {
    const api = await redirecting('/v1/admin')
    const resources = [`${api.origin}/v1`, { url: `${api.origin}/v1/admin`, scope: 'admin' }]
    await client(resources, followRedirect)(`${api.origin}/v1/from`)
    expect(api.seen()).toEqual(['GET /v1/from Bearer T1', 'GET /v1/admin bare'])
  })

  it("in Node leaves cookies behind with it, and keeps the caller's other headers, method and signal", async () => {
    const other = await redirecting('')
    const api = await redirecting(`${other.origin}/there`)
    const headers = { cookie: 'a=b', 'x-mine': '1' }
    const init = { method: 'DELETE', headers, signal: AbortSignal.timeout(60_000) }
    await client([`${api.origin}/v1`], followRedirect)(`${api.origin}/v1/from`, init)
    expect(other.received).toMatchObject([{ method: 'DELETE', headers: { 'x-mine': '1' } }])
    expect(other.received[0]?.headers.cookie).toBeUndefined()
    expect(other.received[0]?.headers.authorization).toBeUndefined()
  })

  it('in Node goes along within its entry', async () => {
    const api = await redirecting('/v1/to')
    await client([`${api.origin}/v1`], followRedirect)(`${api.origin}/v1/from`)
    expect(api.seen()).toEqual(['GET /v1/from Bearer T1', 'GET /v1/to Bearer T1'])
  })

  it('where redirects cannot be seen is not redirected at all if its entry has a path', async () => {
    const api = await redirecting('/admin')
    const error = await client([`${api.origin}/v1`])(`${api.origin}/v1/from`).catch((error) => error)
    expect(error).toMatchObject({ code: 'ERR_REDIRECTED' })
    expect(api.seen()).toEqual(['GET /v1/from Bearer T1'])
  })

  it('where redirects cannot be seen is not redirected if another entry has a part of the origin', async () => {
    const api = await redirecting('/v2/to')
    const error = await client([`${api.origin}/`, { url: `${api.origin}/v2`, scope: 'more' }])(
      `${api.origin}/v1/from`,
    ).catch((error) => error)
    expect(error).toMatchObject({ code: 'ERR_REDIRECTED' })
    expect(api.seen()).toEqual(['GET /v1/from Bearer T1'])
  })
})
