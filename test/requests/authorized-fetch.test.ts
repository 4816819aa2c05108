import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { TokenManagerError } from '../../src/errors.ts'
import { type AuthorizedFetchOptions, authorizedFetch } from '../../src/requests/authorized-fetch.ts'
import { type ResourceOption, resourceMatcher } from '../../src/requests/resource-matcher.ts'
import { scriptedTokenSource, tokenNamed } from '../support/scripted-token-source.ts'
import { saying } from '../support/sentences.ts'

const API = 'https://api.example.com/v1'
const INVALID = 'Bearer realm="api", error="invalid_token", error_description="expired, or revoked"'

interface Sent {
  readonly url: string
  readonly method: string
  readonly authorization: string | null
  readonly body: string
  readonly redirect: string
  readonly request: Request
}

const unauthorized = (challenge?: string) =>
  new Response('no', { status: 401, headers: challenge ? { 'www-authenticate': challenge } : {} })

/** A platform's fetch that does what any has to: it makes a Request, reads its body and answers. */
function scriptedFetch(answer: (sent: Sent, count: number) => Response | Promise<Response>) {
  const sent: Sent[] = []
  const calls: unknown[][] = []
  const fetch = async (...args: [RequestInfo | URL, RequestInit?]) => {
    calls.push(args)
    const request = new Request(...args)
    request.signal.throwIfAborted()
    const { url, method, redirect } = request
    const authorization = request.headers.get('authorization')
    const one = { url, method, redirect, authorization, body: await request.clone().text(), request }
    sent.push(one)
    return answer(one, sent.length)
  }
  return { fetch, sent, calls }
}

function setup(
  answer: (sent: Sent, count: number) => Response | Promise<Response>,
  options: Partial<AuthorizedFetchOptions> & { source?: ReturnType<typeof scriptedTokenSource> } = {},
) {
  const { fetch, sent, calls } = scriptedFetch(answer)
  const source = options.source ?? scriptedTokenSource()
  const events: unknown[] = []
  const authorized = authorizedFetch({
    fetch,
    match: resourceMatcher([API, { url: '/api', scope: 'own' }], {
      origin: 'https://app.example.com',
      insecureLoopback: false,
    }),
    unlisted: 'throw',
    whenSignedOut: 'throw',
    observe: (type, details) => events.push({ type, ...details }),
    ...options,
    source,
  })
  return { fetch: authorized, sent, calls, source, events }
}

/** A server that takes `T2` and later tokens only. */
const takesSecond =
  (challenge = INVALID) =>
  (sent: Sent) =>
    sent.authorization === 'Bearer T1' ? unauthorized(challenge) : Response.json({ got: sent.body })

const failure = async (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: unknown) => error as TokenManagerError,
  )

describe('attaching the token', () => {
  it.each([
    ['a string', `${API}/notes?q=1`],
    ['a URL', new URL(`${API}/notes?q=1`)],
    ['a Request', new Request(`${API}/notes?q=1`)],
  ])('USE-01: %s gets exactly one Authorization header, and nothing else of the token', async (_, input) => {
    const { fetch, sent } = setup(() => new Response('ok'))
    const response = await fetch(input)
    expect(await response.text()).toBe('ok')
    expect(sent).toMatchObject([{ authorization: 'Bearer T1', url: `${API}/notes?q=1`, redirect: 'manual', body: '' }])
    expect([...sent[0]!.request.headers].filter(([, value]) => value.includes('T1'))).toHaveLength(1)
  })

  it.each([
    ['a record', { Authorization: 'Basic x', 'X-Mine': '1' }],
    [
      'pairs',
      [
        ['AUTHORIZATION', 'Basic x'] as [string, string],
        ['authorization', 'y'] as [string, string],
        ['x-mine', '1'] as [string, string],
      ],
    ],
    ['Headers', new Headers({ authorization: 'Basic x', 'x-mine': '1' })],
  ])(
    "USE-01: it replaces an Authorization header in %s and leaves the rest, and the caller's object, alone",
    async (_, headers) => {
      const { fetch, sent } = setup(() => new Response())
      const before = JSON.stringify(headers instanceof Headers ? [...headers] : headers)
      const init = { headers, credentials: 'include' as const }
      await fetch(`${API}/x`, init)
      expect(sent[0]?.authorization).toBe('Bearer T1')
      expect(sent[0]?.request.headers.get('x-mine')).toBe('1')
      expect(sent[0]?.request.credentials).toBe('include')
      expect(JSON.stringify(headers instanceof Headers ? [...headers] : headers)).toBe(before)
      expect(Object.keys(init)).toEqual(['headers', 'credentials'])
    },
  )

  it('keeps the headers, method and signal of a Request, and lets init win as fetch does', async () => {
    const { fetch, sent } = setup(() => new Response())
    const request = new Request(`${API}/x`, {
      method: 'PUT',
      headers: { 'x-mine': '1', 'content-type': 'text/x' },
      body: 'b',
    })
    await fetch(request.clone())
    await fetch(request.clone(), { headers: { 'x-other': '2' }, method: 'PATCH' })
    await fetch(request.clone(), { body: 'mine' })
    expect(sent).toMatchObject([
      { method: 'PUT', body: 'b' },
      { method: 'PATCH', body: 'b' },
      { method: 'PUT', body: 'mine' },
    ])
    expect(sent[0]?.request.headers.get('x-mine')).toBe('1')
    expect(sent[0]?.request.headers.get('content-type')).toBe('text/x')
    expect(sent[1]?.request.headers.get('x-mine')).toBeNull()
    expect(sent.map(({ authorization }) => authorization)).toEqual(['Bearer T1', 'Bearer T1', 'Bearer T1'])
  })

  it('USE-02: a path goes to the origin it was judged on, as an absolute URL, and asks for its own token', async () => {
    const source = scriptedTokenSource({ inMemory: false })
    const { fetch, sent, calls } = setup(() => new Response(), { source })
    await fetch('/api/notes')
    expect(calls[0]?.[0]).toBe('https://app.example.com/api/notes')
    expect(sent[0]?.authorization).toBe('Bearer T1')
    expect(source.gets).toEqual([{ scope: 'own' }])
  })

  it('USE-02: what was judged is sent, even if the caller changes its URL object meanwhile', async () => {
    const url = new URL(`${API}/x`)
    const source = scriptedTokenSource({ inMemory: false })
    source.onGet = async () => {
      url.host = 'evil.com'
      return tokenNamed('T1')
    }
    const { fetch, sent } = setup(() => new Response(), { source })
    await fetch(url)
    expect(sent[0]?.url).toBe(`${API}/x`)
  })

  it('USE-07: takes the token when it sends, not when it was made or called', async () => {
    const source = scriptedTokenSource({ inMemory: false })
    let release = (_: unknown) => {}
    source.onGet = () => new Promise((resolve) => (release = () => resolve(tokenNamed('later'))))
    const { fetch, sent } = setup(() => new Response(), { source })
    const response = fetch(`${API}/x`)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(sent).toEqual([])
    release(undefined)
    await response
    expect(sent[0]?.authorization).toBe('Bearer later')
  })

  it('with a token in memory, calls the platform in the same turn and answers one turn after it', async () => {
    let called = false
    const answer = Promise.resolve(new Response())
    const fetch = authorizedFetch({
      source: { current: () => tokenNamed('T1'), get: () => expect.unreachable(), replace: () => expect.unreachable() },
      fetch: () => {
        called = true
        return answer
      },
      match: resourceMatcher([API], { insecureLoopback: false }),
      unlisted: 'throw',
      whenSignedOut: 'throw',
      observe: () => {},
    })
    let turns = 0
    let done = false
    const response = fetch(API).then(() => (done = true))
    expect(called).toBe(true)
    while (!done) {
      await null
      turns++
    }
    await response
    expect(turns).toBeLessThanOrEqual(3)
  })
})

describe('a URL that gets no token', () => {
  const unlisted = [
    'https://evil.com/',
    '//evil.com/',
    'https://api.example.com.evil.com/v1',
    'https://api.example.com/v10',
    'notes',
  ]

  it.each(unlisted)('USE-02: %s throws before anything is sent or asked', async (url) => {
    const source = scriptedTokenSource({ inMemory: false })
    const { fetch, calls } = setup(() => new Response(), { source })
    const error = await failure(fetch(`${url}?secret=canary`))
    expect(error).toBeInstanceOf(TokenManagerError)
    expect(error).toMatchObject({ code: 'ERR_TARGET_NOT_ALLOWED', reason: 'target_not_listed' })
    expect(inspect(error)).not.toContain('canary')
    expect([calls, source.gets]).toEqual([[], []])
  })

  it('USE-03: plain http throws before anything is sent', async () => {
    const { fetch, calls } = setup(() => new Response())
    expect(await failure(fetch('http://api.example.com/v1'))).toMatchObject({
      code: 'ERR_TARGET_NOT_ALLOWED',
      reason: 'insecure_target',
      message: saying('http://api.example.com'),
    })
    expect(calls).toEqual([])
  })

  it("USE-02: `unlisted: 'bare'` sends exactly what the caller gave, and a 401 means nothing", async () => {
    const platform = vi.fn(async () => unauthorized(INVALID))
    const source = scriptedTokenSource()
    const { fetch } = setup(() => new Response(), { unlisted: 'bare', source, fetch: platform })
    const init = { method: 'POST', body: 'b', headers: { Authorization: 'Basic mine' } }
    for (const input of [
      ...unlisted,
      new URL('https://evil.com'),
      new Request('https://evil.com'),
      'http://api.example.com/v1',
    ]) {
      platform.mockClear()
      expect((await fetch(input, init)).status).toBe(401)
      expect(platform.mock.calls).toEqual([[input, init]])
      expect((platform.mock.calls[0] as unknown[])[0]).toBe(input)
      expect((platform.mock.calls[0] as unknown[])[1]).toBe(init)
    }
    expect(source.refused).toEqual([])
  })
})

describe('nobody signed in', () => {
  const signedOut = () => {
    const source = scriptedTokenSource({ inMemory: false })
    source.onGet = async () => {
      throw new TokenManagerError('ERR_SIGNED_OUT', 'none', 'Sign in.')
    }
    return source
  }

  it('throws ERR_SIGNED_OUT', async () => {
    const { fetch, calls } = setup(() => new Response(), { source: signedOut() })
    expect(await failure(fetch(API))).toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'none' })
    expect(calls).toEqual([])
  })

  it("INV-01: `whenSignedOut: 'bare'` sends what the caller gave, and its 401 asks for no token", async () => {
    const source = signedOut()
    const { fetch, calls, sent } = setup(() => unauthorized(INVALID), { source, whenSignedOut: 'bare' })
    const init = { headers: { 'x-mine': '1' } }
    expect((await fetch(API, init)).status).toBe(401)
    expect(calls).toEqual([[API, init]])
    expect(sent[0]?.authorization).toBeNull()
    expect(source.refused).toEqual([])
  })

  it("ERR-05: `whenSignedOut: 'bare'` hides no other failure", async () => {
    const source = scriptedTokenSource({ inMemory: false })
    source.onGet = async () => {
      throw new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'network_unavailable', 'Later.')
    }
    const { fetch, calls } = setup(() => new Response(), { source, whenSignedOut: 'bare' })
    expect(await failure(fetch(API))).toMatchObject({ code: 'ERR_TEMPORARILY_UNAVAILABLE' })
    expect(calls).toEqual([])
  })
})

describe('a refused token', () => {
  it.each([
    ['invalid_token', INVALID],
    ['lower case, another order', 'bearer ERROR="invalid_token" , scope="a b"'],
    ['a Bearer challenge without an error', 'Bearer realm="api"'],
    ['a second Bearer challenge', 'Bearer realm="x, error=\\"invalid_request\\"", Bearer error="invalid_token"'],
    ['only other schemes', 'Basic realm="x", Negotiate abc=='],
    ['unreadable', ',,,="'],
  ])('INV-01: %s: one new token, one more try', async (_, challenge) => {
    const { fetch, sent, source } = setup(takesSecond(challenge))
    expect((await fetch(`${API}/x`)).status).toBe(200)
    expect(sent.map(({ authorization }) => authorization)).toEqual(['Bearer T1', 'Bearer T2'])
    expect(source.refused).toEqual(['T1'])
  })

  it('USE-13: a 401 whose header cannot be read counts as one', async () => {
    const { fetch, sent } = setup((one, count) => (count === 1 ? unauthorized() : new Response(one.body)))
    expect((await fetch(API)).status).toBe(200)
    expect(sent).toHaveLength(2)
  })

  it("INV-04: the error in another scheme's challenge says nothing about this token", async () => {
    const dpop = 'DPoP algs="ES256", error="invalid_token"'
    const one = setup(takesSecond(`${dpop}, Bearer error="invalid_request"`))
    expect((await one.fetch(API)).status).toBe(401)
    expect(one.source.refused).toEqual([])
    const other = setup(takesSecond('DPoP error="invalid_request"'))
    expect((await other.fetch(API)).status).toBe(200)
  })

  it('INV-01: a second 401 is returned as it is, with its body', async () => {
    const { fetch, sent, source } = setup((_, count) => new Response(`no ${count}`, { status: 401 }))
    const response = await fetch(API)
    expect([response.status, await response.text()]).toEqual([401, 'no 2'])
    expect([sent.length, source.refreshes]).toEqual([2, 1])
  })

  it('INV-01, INV-02: 50 calls at once refuse the same token; each is sent twice', async () => {
    const { fetch, sent, source } = setup(() => unauthorized(INVALID))
    const all = await Promise.all(Array.from({ length: 50 }, () => fetch(API)))
    expect(all.every(({ status }) => status === 401)).toBe(true)
    expect([sent.length, source.refreshes, new Set(source.refused)]).toEqual([100, 1, new Set(['T1'])])
  })

  it('INV-05: with no other token to be had, or the same one, the 401 is handed on', async () => {
    for (const next of [undefined, tokenNamed('T1')]) {
      const source = scriptedTokenSource()
      source.onReplace = async () => next
      const { fetch, sent } = setup(() => unauthorized(INVALID), { source })
      const response = await fetch(API, { method: 'POST', body: 'b' })
      expect([response.status, await response.text(), sent.length]).toEqual([401, 'no', 1])
    }
  })

  it('cancels the body of the answer that is thrown away', async () => {
    const cancelled = vi.fn()
    const { fetch, sent } = setup((_, count) => {
      if (count > 1) {
        expect(cancelled).toHaveBeenCalledOnce()
        return new Response('ok')
      }
      return new Response(new ReadableStream({ cancel: cancelled }), { status: 401 })
    })
    expect(await (await fetch(API)).text()).toBe('ok')
    expect(sent).toHaveLength(2)
  })

  it.each(['invalid_request', 'insufficient_scope', 'use_dpop_nonce', 'something_new'])(
    'INV-03: 401 %s is handed on, without a new token',
    async (error) => {
      const { fetch, sent, source, events } = setup(() => unauthorized(`Bearer error="${error}"`))
      expect((await fetch(API)).status).toBe(401)
      expect([sent.length, source.refused, events]).toEqual([1, [], []])
    },
  )

  it('USE-11: a failed request is not sent again', async () => {
    const { fetch, sent } = setup(() => Promise.reject(new TypeError('fetch failed')))
    await expect(fetch(API)).rejects.toThrow(TypeError)
    await expect(fetch(API, { method: 'POST', body: 'b' })).rejects.toThrow(TypeError)
    expect(sent).toHaveLength(2)
  })

  it('never sends twice with one token, more than twice, or anything but the token at hand', async () => {
    const status = fc.constantFrom(200, 204, 304, 400, 401, 401, 401, 403, 404, 500, 503)
    const challenge = fc.constantFrom(undefined, INVALID, 'Bearer', 'Basic', 'Bearer error="invalid_request"', '"')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(status, challenge), { minLength: 3, maxLength: 3 }), async (answers) => {
        const { fetch, sent } = setup((_, count) => {
          const [code, header] = answers[count - 1]!
          return new Response(null, { status: code, headers: header ? { 'www-authenticate': header } : {} })
        })
        const response = await fetch(API)
        expect(sent.length).toBeLessThanOrEqual(2)
        expect(response.status).toBe(answers[sent.length - 1]?.[0])
        expect(sent.map(({ authorization }) => authorization)).toEqual(['Bearer T1', 'Bearer T2'].slice(0, sent.length))
        if (sent.length === 2) expect(answers[0]?.[0]).toBe(401)
      }),
    )
  })
})

describe('what only a person or a broader grant can change', () => {
  it('USE-14: 401 insufficient_user_authentication throws what the API wants, and asks for no token', async () => {
    const challenge =
      'Bearer error="insufficient_user_authentication", error_description="more", acr_values="gold silver", max_age="5", scope="a b"'
    const { fetch, sent, source, events } = setup(() => unauthorized(challenge))
    const error = await failure(fetch(API))
    expect(error).toBeInstanceOf(TokenManagerError)
    expect(error).toMatchObject({
      code: 'ERR_STEP_UP_REQUIRED',
      reason: 'insufficient_user_authentication',
      status: 401,
      acrValues: ['gold', 'silver'],
      maxAge: 5_000,
      scope: 'a b',
    })
    expect([sent.length, source.refused]).toEqual([1, []])
    expect(events).toEqual([{ type: 'step_up_required', reason: 'insufficient_user_authentication', scope: 'a b' }])
  })

  it('USE-14: also when it is the new token that is not enough', async () => {
    const { fetch, sent } = setup((_, count) =>
      unauthorized(count === 1 ? INVALID : 'Bearer error="insufficient_user_authentication"'),
    )
    const error = await failure(fetch(API))
    expect(error).toMatchObject({ code: 'ERR_STEP_UP_REQUIRED' })
    expect([error.acrValues, error.maxAge, error.scope, sent.length]).toEqual([undefined, undefined, undefined, 2])
  })

  it('ERR-03: what the API writes there is printable and short, or left out', async () => {
    const { fetch, events } = setup(() =>
      unauthorized(
        `Bearer error="insufficient_user_authentication", acr_values="${'x'.repeat(2_000)}", max_age="-1", scope="\u00e9\u009b[31m"`,
      ),
    )
    const error = await failure(fetch(API))
    expect([error.acrValues, error.maxAge, error.scope]).toEqual([undefined, undefined, undefined])
    expect(events).toEqual([{ type: 'step_up_required', reason: 'insufficient_user_authentication' }])
  })

  it('USE-15: ten times 403 insufficient_scope: ten typed errors with the scope, ten events, no new token', async () => {
    const { fetch, sent, source, events } = setup(
      () =>
        new Response('more', {
          status: 403,
          headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="admin"' },
        }),
    )
    for (let i = 0; i < 10; i++)
      await expect(fetch(API)).rejects.toMatchObject({
        ...{ code: 'ERR_STEP_UP_REQUIRED', reason: 'insufficient_scope', status: 403, scope: 'admin' },
        message: saying('signIn({ stepUp: stepUp(error) })'),
      })
    expect([sent.length, source.refused]).toEqual([10, []])
    expect(events).toEqual(Array(10).fill({ type: 'step_up_required', reason: 'insufficient_scope', scope: 'admin' }))
  })

  it.each([
    [403, INVALID],
    [403, undefined],
    [400, 'Bearer error="invalid_request"'],
    [404, 'Bearer error="insufficient_scope"'],
    [401, 'Bearer error="insufficient_scope"'],
    [407, INVALID],
    [500, INVALID],
  ])('USE-15: %i %s never asks for a token', async (status, header) => {
    const { fetch, sent, source, events } = setup(
      () => new Response(null, { status, headers: header ? { 'www-authenticate': header } : {} }),
    )
    expect((await fetch(API)).status).toBe(status)
    expect([sent.length, source.refused, events]).toEqual([1, [], []])
  })
})

describe('bodies', () => {
  const bytes = new TextEncoder().encode('hello')
  const form = new FormData()
  form.set('a', 'hello')

  it.each<readonly [string, () => BodyInit]>([
    ['a string', () => 'hello'],
    ['an empty string', () => ''],
    ['URLSearchParams', () => new URLSearchParams({ a: 'hello' })],
    ['a Blob', () => new Blob(['hello'], { type: 'text/x' })],
    ['FormData', () => form],
    ['an ArrayBuffer', () => bytes.buffer],
    ['a typed array', () => bytes.subarray(1)],
  ])('USE-09: %s is sent again as it was', async (_, make) => {
    const { fetch, sent, events } = setup(takesSecond())
    expect((await fetch(API, { method: 'POST', body: make() })).status).toBe(200)
    expect(sent).toHaveLength(2)
    const plain = (one?: Sent) => one?.body.replaceAll(/-{4,}[\w-]+/g, '--boundary')
    expect(plain(sent[1])).toBe(plain(sent[0]))
    expect(sent[1]?.request.headers.get('content-type')?.slice(0, 19)).toBe(
      sent[0]?.request.headers.get('content-type')?.slice(0, 19),
    )
    expect(events).toEqual([])
  })

  const stream = () => new Blob(['hello']).stream()
  it.each<readonly [string, () => unknown]>([
    ['a stream', stream],
    [
      'an async iterable',
      async function* () {
        yield bytes
      },
    ],
  ])('USE-09: %s is never sent again: the 401 is returned and said to be final', async (_, make) => {
    const { fetch, sent, source, events } = setup(takesSecond())
    const init = { method: 'POST', body: make() as BodyInit, duplex: 'half' }
    const response = await fetch(API, init)
    expect([response.status, await response.text()]).toEqual([401, 'no'])
    expect(sent.map(({ body }) => body)).toEqual(['hello'])
    expect(events).toEqual([{ type: 'retry_impossible', status: 401 }])
    // The next call must not meet the same refusal.
    expect(source.refused).toEqual(['T1'])
  })

  it('USE-09: the body of a Request is sent again from a copy', async () => {
    const { fetch, sent, events } = setup(takesSecond())
    const request = new Request(API, { method: 'POST', body: form, headers: { 'x-mine': '1' } })
    expect((await fetch(request)).status).toBe(200)
    expect(sent[1]?.body).toBe(sent[0]?.body)
    expect(sent[1]?.request.headers.get('content-type')).toBe(sent[0]?.request.headers.get('content-type'))
    expect(sent[1]?.request.headers.get('x-mine')).toBe('1')
    expect(request.bodyUsed).toBe(true)
    expect(events).toEqual([])
  })

  it('USE-09: a Request over a stream is sent again if all of it was there and small', async () => {
    const { fetch, sent } = setup(takesSecond())
    const init = { method: 'POST', body: stream(), duplex: 'half' }
    expect((await fetch(new Request(API, init))).status).toBe(200)
    expect(sent.map(({ body }) => body)).toEqual(['hello', 'hello'])
  })

  it.each([
    [2 ** 20, 2],
    [2 ** 20 + 1, 1],
    [5 * 2 ** 20, 1],
  ])('USE-09: of a Request with %i bytes a copy is kept or not: sent %i times', async (size, times) => {
    const { fetch, sent, events } = setup(takesSecond())
    const response = await fetch(new Request(API, { method: 'POST', body: new Blob(['x'.repeat(size)]) }))
    expect(sent.map(({ body }) => body.length)).toEqual(Array(times).fill(size))
    expect(response.status).toBe(times === 2 ? 200 : 401)
    expect(events).toHaveLength(2 - times)
  })

  it('USE-09: a Request whose body does not end is not waited for', async () => {
    const cancelled = vi.fn()
    let taken: Request | undefined
    const { fetch, events } = setup(() => new Response(), {
      fetch: async (to) => {
        taken = to as Request
        return unauthorized(INVALID)
      },
    })
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(bytes),
      cancel: cancelled,
    })
    const init = { method: 'POST', body, duplex: 'half' }
    expect((await fetch(new Request(API, init))).status).toBe(401)
    expect(events).toEqual([{ type: 'retry_impossible', status: 401 }])
    // The copy no longer keeps the caller's stream open: once the platform lets go as well, it is cancelled.
    await taken?.body?.cancel()
    await expect.poll(() => cancelled.mock.calls.length).toBe(1)
  })

  it("USE-09: without `Request.body` the platform's clone is kept", async () => {
    const read = vi.spyOn(Request.prototype, 'body', 'get').mockReturnValue(undefined as never)
    const { fetch, sent } = setup(takesSecond())
    expect((await fetch(new Request(API, { method: 'POST', body: 'hello' }))).status).toBe(200)
    expect(sent.map(({ body }) => body)).toEqual(['hello', 'hello'])
    expect((await fetch(new Request(API))).status).toBe(200)
    expect(read).toHaveBeenCalled()
    read.mockRestore()
  })

  it('refuses a Request that was used as fetch does, and sends nothing', async () => {
    const { fetch, source, calls } = setup(() => new Response())
    const used = new Request(API, { method: 'POST', body: 'b' })
    await used.text()
    await expect(fetch(used)).rejects.toThrow(TypeError)
    const locked = new Request(API, { method: 'POST', body: 'b' })
    locked.body?.getReader()
    await expect(fetch(locked)).rejects.toThrow(TypeError)
    expect(calls).toEqual([])
    expect(source.refused).toEqual([])
  })
})

describe('redirects on a platform that hides them', () => {
  const opaque = () =>
    Object.defineProperties(new Response(), {
      type: { value: 'opaqueredirect' },
      status: { value: 0 },
      ok: { value: false },
    })

  it('USE-04: without a body the platform follows where the token may go to all of the origin', async () => {
    const match = (resources: readonly ResourceOption[]) => resourceMatcher(resources, { insecureLoopback: false })
    const { fetch, sent } = setup(() => new Response(), { match: match(['https://api.example.com/']) })
    await fetch(API)
    await fetch(API, { method: 'DELETE' })
    expect(sent.map(({ redirect }) => redirect)).toEqual(['follow', 'follow'])
  })

  it.each<readonly [string, RequestInit, 'Bearer' | 'DPoP']>([
    ['a body', { method: 'POST', body: 'canary' }, 'Bearer'],
    ['a DPoP token', {}, 'DPoP'],
    ['an entry that has a path', {}, 'Bearer'],
    ["a body and redirect: 'follow'", { method: 'POST', body: 'canary', redirect: 'follow' }, 'Bearer'],
  ])('USE-04: with %s it is not followed but thrown', async (_, init, type) => {
    const { fetch, sent, source } = setup(opaque, { source: scriptedTokenSource({ type }) })
    const error = await failure(fetch(`${API}/notes?q=canary`, init))
    expect(error).toMatchObject({
      code: 'ERR_REDIRECTED',
      reason: 'redirected',
      message: saying(`${API}/notes redirects`),
    })
    expect(inspect(error)).not.toContain('canary')
    expect(sent.map(({ redirect }) => redirect)).toEqual(['manual'])
    expect(source.refused).toEqual([])
  })

  it("USE-04: redirect: 'manual' and 'error' of the caller's are the platform's matter", async () => {
    const { fetch, sent } = setup(opaque)
    const body = { method: 'POST', body: 'b' }
    expect((await fetch(API, { ...body, redirect: 'manual' })).type).toBe('opaqueredirect')
    expect((await fetch(new Request(API, { ...body, redirect: 'manual' }))).type).toBe('opaqueredirect')
    await fetch(API, { ...body, redirect: 'error' })
    expect(sent.map(({ redirect }) => redirect)).toEqual(['manual', 'manual', 'error'])
  })
})

describe("the caller's signal", () => {
  it.each<readonly [string, (signal: AbortSignal) => [RequestInfo, RequestInit?]]>([
    ['in init', (signal) => [API, { signal }]],
    ['of a Request', (signal) => [new Request(API, { signal })]],
  ])('USE-10: %s ends the wait for a token with its own reason', async (_, args) => {
    const source = scriptedTokenSource({ inMemory: false })
    source.onGet = (signal) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    const { fetch, calls } = setup(() => new Response(), { source, whenSignedOut: 'bare' })
    const controller = new AbortController()
    const response = fetch(...args(controller.signal))
    controller.abort(null)
    await expect(response).rejects.toBe(null)
    expect(calls).toEqual([])
  })

  it('USE-10: it ends its own request, and its own wait for a new token', async () => {
    const controller = new AbortController()
    const source = scriptedTokenSource()
    source.onReplace = (signal) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason))
        queueMicrotask(() => controller.abort())
      })
    const one = setup(takesSecond(), { source })
    await expect(one.fetch(API, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' })
    expect(one.sent).toHaveLength(1)
    const two = setup(() => new Response())
    await expect(two.fetch(API, { signal: AbortSignal.abort('early') })).rejects.toBe('early')
  })

  it('USE-10: `signal: null` takes the one of the Request away', async () => {
    const source = scriptedTokenSource({ inMemory: false })
    const seen: unknown[] = []
    source.onGet = async (signal) => {
      seen.push(signal)
      return tokenNamed('T1')
    }
    const { fetch } = setup(() => new Response(), { source })
    await fetch(new Request(API, { signal: AbortSignal.abort() }), { signal: null })
    expect(seen).toEqual([undefined])
  })
})
