import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createDenylist } from '../../src/resource-server/denylist.ts'
import { createGuard, type GuardOptions } from '../../src/resource-server/guard.ts'
import type { IntrospectionOptions } from '../../src/resource-server/introspection.ts'
import { AUDIENCE, NOW, request, SECONDS, testIssuer } from './test-issuer.ts'

const issuer = 'https://as.example.com'
const ENDPOINT = `${issuer}/introspect`

let now: number
let posts: { readonly url: string; readonly init: RequestInit }[]
/** What the endpoint says to a token. */
let say: (token: string) => Response | Promise<Response>

beforeEach(() => {
  now = NOW
  posts = []
  say = () =>
    Response.json({ active: true, scope: 'notes', client_id: 'spa', sub: 'person', aud: AUDIENCE, exp: SECONDS + 300 })
})

const options: IntrospectionOptions = { clientId: 'api', clientSecret: 's3cr:t/' }

function guardOf(change: Partial<IntrospectionOptions> = {}, more: Partial<GuardOptions> = {}) {
  return createGuard({
    ...{ issuer: { issuer, introspection: { ...options, ...change } }, audience: AUDIENCE, now: () => now },
    async fetch(input, init = {}) {
      const url = String(input)
      if (url.includes('.well-known'))
        return Response.json({ issuer, jwks_uri: `${issuer}/jwks`, introspection_endpoint: ENDPOINT })
      posts.push({ url, init })
      return say(new URLSearchParams(String(init.body)).get('token') ?? '')
    },
    ...more,
  })
}

const outcome = (guard: ReturnType<typeof guardOf>, token = 'opaque-1') =>
  guard(request(token)).then(
    () => 'passed',
    ({ reason }) => reason,
  )

describe('an opaque token', () => {
  it('INT-01: is asked about by POST, authenticated, and never in the URL', async () => {
    await guardOf()(request('opaque~token'))
    const [{ url, init }] = posts as [(typeof posts)[0]]
    expect(url).toBe(ENDPOINT)
    expect(init).toMatchObject({
      method: 'POST',
      redirect: 'manual',
      body: 'token=opaque%7Etoken&token_type_hint=access_token',
    })
    expect((init.headers as Record<string, string>).authorization).toBe(`Basic ${btoa('api:s3cr%3At%2F')}`)
  })

  it('INT-01: clientId and secret go as they are to a server that compares them so', async () => {
    const asIs = { formEncoded: false, clientId: 'a b', clientSecret: 'p:%& é' }
    await guardOf(asIs)(request('opaque~token'))
    const [{ init }] = posts as [(typeof posts)[0]]
    const expected = `Basic ${Buffer.from('a b:p:%& é', 'utf8').toString('base64')}`
    expect((init.headers as Record<string, string>).authorization).toBe(expected)
    expect(() => guardOf({ ...asIs, clientId: 'a:b' })).toThrow('introspection.clientId may have no colon')
  })

  it('INT-01: an endpoint that does not answer is given up in time', async () => {
    const asked = guardOf(
      { endpoint: ENDPOINT, timeout: 20 },
      { fetch: (_, init) => new Promise((_, no) => init?.signal?.addEventListener('abort', () => no(new Error()))) },
    )
    await expect(asked(request('x'))).rejects.toMatchObject({ status: 503, reason: 'introspection_unavailable' })
  })

  it('gives the claims of the answer', async () => {
    expect(await guardOf()(request('x'))).toMatchObject({
      iss: issuer,
      sub: 'person',
      scope: 'notes',
      client_id: 'spa',
    })
  })

  it.each([
    ['active is a string', () => Response.json({ active: 'true' }), 'inactive'],
    ['active is 1', () => Response.json({ active: 1 }), 'inactive'],
    ['active is missing', () => Response.json({}), 'inactive'],
    ['active is false', () => Response.json({ active: false, aud: AUDIENCE }), 'inactive'],
    ['no JSON', () => new Response('active'), 'introspection_unavailable'],
    ['a list', () => Response.json([true]), 'introspection_unavailable'],
    ['401', () => Response.json({ active: true }, { status: 401 }), 'introspection_unavailable'],
    ['403', () => Response.json({ active: true }, { status: 403 }), 'introspection_unavailable'],
    ['500', () => Response.json({ active: true }, { status: 500 }), 'introspection_unavailable'],
    ['201', () => Response.json({ active: true }, { status: 201 }), 'introspection_unavailable'],
    [
      'a redirect',
      () => new Response(null, { status: 307, headers: { location: ENDPOINT } }),
      'introspection_unavailable',
    ],
  ] as const)('INT-02: %s does not accept', async (_, answer, reason) => {
    say = answer
    const error = await guardOf()(request('opaque-1')).catch((error) => error)
    // What is wrong with this API's own standing is not the caller's fault.
    expect([error.reason, error.status]).toEqual([reason, reason === 'inactive' ? 401 : 503])
  })

  it.each([
    ['another audience', { aud: 'x' }, 'audience_mismatch'],
    ['another issuer', { iss: 'https://other.example.com' }, 'issuer_unknown'],
    ['expired', { exp: SECONDS - 61 }, 'expired'],
    ['not yet valid', { nbf: SECONDS + 61 }, 'not_yet_valid'],
    ['exp is a string', { exp: '1' }, 'claim_invalid'],
    ['bound to a key', { cnf: { jkt: 'x' } }, 'binding_mismatch'],
  ])('INT-03: active and %s is refused', async (_, change, reason) => {
    say = () => Response.json({ active: true, aud: AUDIENCE, ...change })
    expect(await outcome(guardOf())).toBe(reason)
  })

  it('INT-03: what an answer does not say may be `null`, as some servers write it, and still has to be there where it is asked for', async () => {
    const nothing = {
      sub: null,
      aud: null,
      exp: null,
      nbf: null,
      jti: null,
      username: null,
      cnf: null,
      acr: null,
      iss: null,
    }
    say = () => Response.json({ active: true, scope: 'notes', client_id: 'spa', token_type: 'Bearer', ...nothing })
    const claims = await guardOf()(request('x'), { scope: 'notes' })
    expect(claims).toMatchObject({ client_id: 'spa', scope: 'notes' })
    expect(Object.values(claims)).not.toContain(null)
    say = () => Response.json({ active: null, scope: 'notes' })
    expect(await outcome(guardOf())).toBe('inactive')
  })

  it('INT-03: too little scope is 403', async () => {
    await expect(guardOf()(request('x'), { scope: 'admin' })).rejects.toMatchObject({ status: 403 })
  })
})

describe('INT-04: an answer', () => {
  it('serves 500 parallel requests with one call', async () => {
    // Time stands still here. On a busy machine, 500 requests take longer to begin than others wait for the answer to the first.
    vi.spyOn(performance, 'now').mockReturnValue(0)
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => new AbortController().signal)
    onTestFinished(() => void vi.restoreAllMocks())
    const guard = guardOf()
    const answer = say
    let open = () => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    say = (token) => opened.then(() => answer(token))
    const all = Promise.all(Array.from({ length: 500 }, () => guard(request('same'))))
    // All of them have asked before there is an answer.
    for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve))
    open()
    await all
    expect(posts).toHaveLength(1)
  })

  it('INT-08: serves until its time, and a revocation is seen no later', async () => {
    const guard = guardOf({ maxAge: 30_000 })
    await outcome(guard)
    say = () => Response.json({ active: false })
    now += 29_999
    expect(await outcome(guard)).toBe('passed')
    now += 1
    expect(await outcome(guard)).toBe('inactive')
  })

  it('never serves beyond the expiry of the token', async () => {
    const guard = guardOf({ maxAge: 60_000 }, { leeway: 0 })
    say = () => Response.json({ active: true, aud: AUDIENCE, exp: SECONDS + 3 })
    await outcome(guard)
    now += 3_000
    await outcome(guard)
    expect(posts).toHaveLength(2)
  })

  it('INT-08: is not kept when the clock is set back', async () => {
    const guard = guardOf({ maxAge: 30_000 })
    expect(await outcome(guard)).toBe('passed')
    say = () => Response.json({ active: false })
    now -= 600_000
    expect(await outcome(guard)).toBe('inactive')
    expect(posts).toHaveLength(2)
  })

  it('is not kept with maxAge 0', async () => {
    const guard = guardOf({ maxAge: 0, negativeMaxAge: 0 })
    for (let time = 0; time < 3; time++) await outcome(guard)
    expect(posts).toHaveLength(3)
  })

  it('that says no is kept for a short time of its own', async () => {
    const guard = guardOf()
    say = () => Response.json({ active: false })
    for (let time = 0; time < 5; time++) expect(await outcome(guard)).toBe('inactive')
    expect(posts).toHaveLength(1)
    now += 5_000
    await outcome(guard)
    expect(posts).toHaveLength(2)
  })

  it('is one of so many', async () => {
    const guard = guardOf({ limit: 2 })
    for (const token of ['a', 'b', 'c', 'b', 'c']) await outcome(guard, token)
    expect(posts).toHaveLength(3)
    await outcome(guard, 'a')
    expect(posts).toHaveLength(4)
  })

  it('that was a failure is not kept, and after five in a row nobody asks for five seconds', async () => {
    const guard = guardOf()
    say = () => Promise.reject(new TypeError('fetch failed'))
    for (let time = 0; time < 9; time++) expect(await outcome(guard, `t${time}`)).toBe('introspection_unavailable')
    expect(posts).toHaveLength(5)
    say = () => Response.json({ active: true, aud: AUDIENCE })
    expect(await outcome(guard, 'u')).toBe('introspection_unavailable')
    now += 5_000
    expect(await outcome(guard, 'u')).toBe('passed')
    expect(posts).toHaveLength(6)
  })
})

describe('options', () => {
  it.each([
    [{ endpoint: 'http://as.example.com/introspect' }, 'introspection.endpoint'],
    [{ clientId: '' }, 'clientId'],
    [{ clientSecret: '' }, 'clientSecret'],
  ])('%j are refused by name', (change, name) => {
    expect(() => guardOf(change)).toThrow(name)
  })

  it('only one issuer can have it: a token nobody can read goes to one server', () => {
    const two = [issuer, 'https://b.example.com'].map((one) => ({ issuer: one, introspection: options }))
    expect(() => createGuard({ issuer: two, audience: AUDIENCE })).toThrow('introspection')
  })

  it('the secret can be a function', async () => {
    await guardOf({ clientSecret: async () => 'new' })(request('x'))
    expect(posts[0]?.init.headers).toMatchObject({ authorization: `Basic ${btoa('api:new')}` })
  })
})

it('a denylist that is stale has JWTs asked about', async () => {
  const as = await testIssuer(issuer)
  const store = { append: async () => {}, follow: () => () => {} }
  const denylist = createDenylist({ store, whenStale: 'introspect', now: () => now })
  const guard = createGuard({
    ...{
      issuer: { issuer, introspection: { ...options, endpoint: ENDPOINT } },
      audience: AUDIENCE,
      now: () => now,
      denylist,
    },
    async fetch(input, init) {
      if (String(input) !== ENDPOINT) return as.fetch(input, init)
      posts.push({ url: String(input), init: init ?? {} })
      return say('')
    },
  })
  expect(await outcome(guard, await as.accessToken())).toBe('passed')
  expect(posts).toHaveLength(1)
  say = () => Response.json({ active: false })
  expect(await outcome(guard, await as.accessToken())).toBe('inactive')
})
