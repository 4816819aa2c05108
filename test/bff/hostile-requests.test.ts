import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type BffSite, bffSite, type Visitor } from './bff-site.ts'
import { type RawAnswer, type RawRequest, sendBytes, sendRaw } from './raw-request.ts'

// Each of these requests is one that somebody other than the page can cause, or that a careless backend would misread. All of them are made
// with the cookie of a person who is signed in; none may reach the API, and none may change who is signed in.

let site: BffSite
let alice: Visitor
let cookie: string

beforeAll(async () => {
  site = await bffSite({
    bff: (api) => ({ api: { '/api': `${api}/v1` }, origins: ['https://listed.example'] }),
  })
  alice = await site.signedIn()
  cookie = `session=${alice.cookies.get('session')}`
})
afterAll(() => site?.stop())
beforeEach(() => void site.asked.splice(0))

type Fields = NonNullable<RawRequest['fields']>
type Row = readonly [what: string, status: number, request: RawRequest]

const OWN: Fields = [
  ['sec-fetch-site', 'same-origin'],
  ['x-tokenward', '1'],
]
const CROSS: Fields = [['sec-fetch-site', 'cross-site']]
const NAVIGATION: Fields = [
  ['sec-fetch-mode', 'navigate'],
  ['sec-fetch-dest', 'document'],
]
const evil = 'https://evil.example'

const forged: readonly Row[] = [
  [
    'something that no page asks for',
    403,
    {
      path: '/api/x',
      fields: [
        ['sec-fetch-site', 'none'],
        ['x-tokenward', '1'],
      ],
    },
  ],
  ['a form of another site posts to an API', 403, { method: 'POST', path: '/api/x', fields: CROSS, body: 'a=1' }],
  [
    'the same with the field, as no browser lets it',
    403,
    { method: 'POST', path: '/api/x', fields: [...CROSS, ['x-tokenward', '1']] },
  ],
  ['an image of another site', 403, { path: '/api/x', fields: CROSS }],
  ['a link of another site to an API', 403, { path: '/api/x', fields: [...CROSS, ...NAVIGATION] }],
  [
    'a link of this site to an API: its answer would be a page of this site',
    403,
    { path: '/api/x', fields: [['sec-fetch-site', 'same-origin'], ...NAVIGATION] },
  ],
  ['an API typed into the address bar', 403, { path: '/api/x', fields: [['sec-fetch-site', 'none'], ...NAVIGATION] }],
  [
    'a sibling host of the same site',
    403,
    {
      method: 'POST',
      path: '/api/x',
      fields: [
        ['sec-fetch-site', 'same-site'],
        ['x-tokenward', '1'],
      ],
    },
  ],
  [
    'a script of another origin, from before Fetch Metadata',
    403,
    {
      method: 'POST',
      path: '/api/x',
      fields: [
        ['origin', evil],
        ['x-tokenward', '1'],
      ],
    },
  ],
  [
    'a sandboxed frame',
    403,
    {
      method: 'POST',
      path: '/api/x',
      fields: [
        ['origin', 'null'],
        ['x-tokenward', '1'],
      ],
    },
  ],
  [
    'a sandboxed frame, in a browser with Fetch Metadata',
    403,
    { method: 'POST', path: '/api/x', fields: [...CROSS, ['origin', 'null'], ['x-tokenward', '1']] },
  ],
  [
    'an origin that begins like ours',
    403,
    {
      method: 'POST',
      path: '/api/x',
      fields: [
        ['origin', 'ORIGIN.evil.example'],
        ['x-tokenward', '1'],
      ],
    },
  ],
  [
    'our origin with a slash',
    403,
    {
      method: 'POST',
      path: '/api/x',
      fields: [
        ['origin', 'ORIGIN/'],
        ['x-tokenward', '1'],
      ],
    },
  ],
  [
    'our host with another port',
    403,
    {
      method: 'POST',
      path: '/api/x',
      fields: [
        ['origin', 'http://127.0.0.1:1'],
        ['x-tokenward', '1'],
      ],
    },
  ],
  [
    'our host with another scheme',
    403,
    {
      method: 'POST',
      path: '/api/x',
      fields: [
        ['origin', 'HTTPS-ORIGIN'],
        ['x-tokenward', '1'],
      ],
    },
  ],
  [
    'our origin in capital letters',
    403,
    {
      method: 'POST',
      path: '/api/x',
      fields: [
        ['origin', 'HTTP://127.0.0.1'],
        ['x-tokenward', '1'],
      ],
    },
  ],
  [
    'an origin that is ours for Origin, and another for Fetch Metadata',
    403,
    { method: 'POST', path: '/api/x', fields: [['origin', 'ORIGIN'], ...CROSS, ['x-tokenward', '1']] },
  ],
  [
    'two fields Origin',
    403,
    {
      method: 'POST',
      path: '/api/x',
      fields: [
        ['origin', 'ORIGIN'],
        ['origin', evil],
        ['x-tokenward', '1'],
      ],
    },
  ],
  ['a listed origin without the field', 403, { path: '/api/x', fields: [['origin', 'https://listed.example']] }],
  [
    'an origin that ends like a listed one',
    403,
    {
      path: '/api/x',
      fields: [
        ['origin', 'https://xlisted.example'],
        ['x-tokenward', '1'],
      ],
    },
  ],
  ['this site without the field', 403, { path: '/api/x', fields: [['sec-fetch-site', 'same-origin']] }],
  ['nothing that says who asks, without the field', 403, { path: '/api/x' }],
  [
    'the field with another value',
    403,
    {
      path: '/api/x',
      fields: [
        ['sec-fetch-site', 'same-origin'],
        ['x-tokenward', 'true'],
      ],
    },
  ],
  ['the field twice', 403, { path: '/api/x', fields: [...OWN, ['x-tokenward', '1']] }],
  [
    'an unknown value of Fetch Metadata',
    403,
    {
      path: '/api/x',
      fields: [
        ['sec-fetch-site', 'same-planet'],
        ['x-tokenward', '1'],
      ],
    },
  ],
  [
    'a preflight of an origin that is not listed',
    403,
    {
      method: 'OPTIONS',
      path: '/api/x',
      fields: [
        ['origin', evil],
        ['access-control-request-method', 'POST'],
      ],
    },
  ],
  [
    'a preflight without an origin',
    403,
    { method: 'OPTIONS', path: '/api/x', fields: [['access-control-request-method', 'POST']] },
  ],
  [
    'a preflight for signing out',
    403,
    {
      method: 'OPTIONS',
      path: '/auth/logout',
      fields: [
        ['origin', evil],
        ['access-control-request-method', 'POST'],
        ['access-control-request-headers', 'x-tokenward'],
      ],
    },
  ],
  ['another site asks who is signed in', 403, { path: '/auth/session', fields: [...CROSS, ['x-tokenward', '1']] }],
  ['a script tag of another site asks who is signed in', 403, { path: '/auth/session', fields: CROSS }],
  [
    'a script tag of this site asks who is signed in',
    403,
    { path: '/auth/session', fields: [['sec-fetch-site', 'same-origin']] },
  ],
]

const signingOut: readonly Row[] = [
  [
    'a script of another site signs out, as no browser lets it',
    403,
    { method: 'POST', path: '/auth/logout', fields: [...CROSS, ['x-tokenward', '1']] },
  ],
  [
    'a form of another site signs out',
    403,
    { method: 'POST', path: '/auth/logout', fields: [...CROSS, ...NAVIGATION] },
  ],
  [
    'a form of a sibling host',
    403,
    { method: 'POST', path: '/auth/logout', fields: [['sec-fetch-site', 'same-site'], ...NAVIGATION] },
  ],
  ['a form that does not say where it is from', 403, { method: 'POST', path: '/auth/logout' }],
  [
    'a form of another origin, from before Fetch Metadata',
    403,
    { method: 'POST', path: '/auth/logout', fields: [['origin', evil]] },
  ],
  [
    'a form in a frame',
    403,
    {
      method: 'POST',
      path: '/auth/logout',
      fields: [
        ['sec-fetch-site', 'same-origin'],
        ['sec-fetch-mode', 'navigate'],
        ['sec-fetch-dest', 'iframe'],
      ],
    },
  ],
  [
    'a form of a sandboxed frame',
    403,
    { method: 'POST', path: '/auth/logout', fields: [...CROSS, ['origin', 'null'], ...NAVIGATION] },
  ],
  [
    'a form without an origin of a sibling host',
    403,
    {
      method: 'POST',
      path: '/auth/logout',
      fields: [['sec-fetch-site', 'same-site'], ['origin', 'null'], ...NAVIGATION],
    },
  ],
  [
    'a form without an origin, from before Fetch Metadata',
    403,
    { method: 'POST', path: '/auth/logout', fields: [['origin', 'null']] },
  ],
  [
    'a listed origin without a script',
    403,
    { method: 'POST', path: '/auth/logout', fields: [['origin', 'https://listed.example']] },
  ],
  ['a link', 405, { path: '/auth/logout', fields: OWN }],
  ['an image', 405, { path: '/auth/logout', fields: CROSS }],
  ['a HEAD', 405, { method: 'HEAD', path: '/auth/logout', fields: OWN }],
  ['a PUT', 405, { method: 'PUT', path: '/auth/logout', fields: OWN }],
]

const signingIn: readonly Row[] = [
  ['another site begins a sign-in', 403, { path: '/auth/login', fields: [...CROSS, ...NAVIGATION] }],
  ['a sibling host begins one', 403, { path: '/auth/login', fields: [['sec-fetch-site', 'same-site'], ...NAVIGATION] }],
  [
    'a frame begins one',
    403,
    {
      path: '/auth/login',
      fields: [
        ['sec-fetch-site', 'same-origin'],
        ['sec-fetch-mode', 'navigate'],
        ['sec-fetch-dest', 'iframe'],
      ],
    },
  ],
  [
    'an image begins one',
    403,
    {
      path: '/auth/login',
      fields: [
        ['sec-fetch-site', 'same-origin'],
        ['sec-fetch-mode', 'no-cors'],
        ['sec-fetch-dest', 'image'],
      ],
    },
  ],
  [
    'a script begins one',
    403,
    {
      path: '/auth/login',
      fields: [
        ['sec-fetch-site', 'same-origin'],
        ['sec-fetch-mode', 'cors'],
        ['sec-fetch-dest', 'empty'],
      ],
    },
  ],
  ['a form begins one', 405, { method: 'POST', path: '/auth/login', fields: OWN }],
  ['returnTo leads elsewhere', 400, { path: '/auth/login?returnTo=//evil.example' }],
  ['returnTo twice', 400, { path: '/auth/login?returnTo=/&returnTo=//evil.example' }],
  ['returnTo with a line break', 400, { path: '/auth/login?returnTo=/%0d%0aset-cookie:%20session=x' }],
  ['a parameter of the authorization request', 400, { path: '/auth/login?redirect_uri=https://evil.example' }],
  ['a state that is chosen', 400, { path: '/auth/login?state=chosen' }],
  ['a callback without a sign-in', 400, { path: '/auth/callback?code=x&state=0123456789abcdef' }],
  ['a callback without a state', 400, { path: '/auth/callback?code=x' }],
  ['a callback with two states', 400, { path: '/auth/callback?code=x&state=0123456789abcdef&state=0123456789abcdee' }],
  [
    "a callback with a state that breaks out of a cookie's name",
    400,
    { path: '/auth/callback?code=x&state=%3d%3b%20session%3d' },
  ],
  ["a callback with a session's cookie in place of a sign-in's", 400, { path: '/auth/callback?code=x&state=session' }],
  [
    'a callback with an error that is markup',
    400,
    { path: '/auth/callback?error=%3Cscript%3E&state=0123456789abcdef' },
  ],
  ['a callback as a form', 405, { method: 'POST', path: '/auth/callback', fields: NAVIGATION, body: 'code=x' }],
  [
    'a callback in a frame',
    403,
    {
      path: '/auth/callback?code=x&state=0123456789abcdef',
      fields: [...CROSS, ['sec-fetch-mode', 'navigate'], ['sec-fetch-dest', 'iframe']],
    },
  ],
  ['a callback by script', 403, { path: '/auth/callback?code=x&state=0123456789abcdef', fields: OWN }],
]

const paths: readonly Row[] = [
  ['up from an API, escaped', 400, { path: '/api/..%2fadmin', fields: OWN }],
  ['up from an API, escaped twice', 400, { path: '/api/..%252fadmin', fields: OWN }],
  ['up from an API, dots escaped', 400, { path: '/api/x/%2e%2e/%2e%2e/admin/../../api/x', fields: OWN }],
  [
    'up from an API and back: the path of our own is clear, what was sent is not',
    400,
    { path: '/api/x/../y', fields: OWN },
  ],
  ['up from an API, by a backslash', 400, { path: '/api/..\\..\\api/admin', fields: OWN }],
  ['up from an API, with a parameter', 400, { path: '/api/..;/admin', fields: OWN }],
  ['up from an API, overlong UTF-8', 400, { path: '/api/%c0%ae%c0%ae/admin', fields: OWN }],
  ['up from an API, fullwidth as Microsoft escapes', 400, { path: '/api/%u002e%u002e/admin', fields: OWN }],
  ['a null in the path', 400, { path: '/api/x%00.json', fields: OWN }],
  ['a line break in the path', 400, { path: '/api/x%0d%0aHost:%20evil', fields: OWN }],
  ['a path that begins with two slashes', 404, { path: '//evil.example/api/x', fields: OWN }],
  ['the host before an @', 404, { path: '/@evil.example/api', fields: OWN }],
  ['an absolute URL as the target', 404, { path: `${evil}/api/x`, fields: OWN }],
  ['another case', 404, { path: '/API/x', fields: OWN }],
  ['a path that only begins like an API', 404, { path: '/apix', fields: OWN }],
  ['an escaped letter in our own path', 404, { method: 'POST', path: '/auth/%6cogout', fields: OWN }],
  ['a slash after our own path', 404, { method: 'POST', path: '/auth/logout/', fields: OWN }],
  ['a member of every object as our own path', 404, { path: '/auth/constructor', fields: OWN }],
  ['another one', 404, { path: '/auth/__proto__', fields: OWN }],
  ['what is not switched on', 404, { method: 'POST', path: '/auth/backchannel', fields: OWN }],
]

const malformed: readonly Row[] = [
  ['TRACE', 405, { method: 'TRACE', path: '/api/x', fields: OWN }],
  [
    'a body of another length than it says, announced as text',
    400,
    { method: 'POST', path: '/api/x', fields: [...OWN, ['content-length', '5x']], body: 'abcde' },
  ],
  [
    'a body that is too long',
    413,
    { method: 'POST', path: '/api/x', fields: [...OWN, ['content-length', '99999999999']] },
  ],
  ['fields that are too long', 431, { path: '/api/x', fields: [...OWN, ['x-long', 'x'.repeat(40_000)]] }],
  ['a path that is too long', 431, { path: `/api/${'x'.repeat(40_000)}`, fields: OWN }],
]

const tossed: readonly (readonly [what: string, cookies: string])[] = [
  ['two of the name: a sibling may have set one', 'session=OWN; session=OTHER'],
  ['the same in the other order', 'session=OTHER; session=OWN'],
  ['the same value twice', 'session=OWN; session=OWN'],
  ['a name that begins with it', 'sessions=OWN'],
  ['a name that ends with it', 'xsession=OWN'],
  ['another case of the name', 'Session=OWN'],
  ['a blank in the name', 'session =OWN'],
  ['a prefix that is not ours', '__Host-session=OWN'],
  ['a longer value', 'session=OWNx'],
  ['a quoted value', 'session="OWN"'],
  ['an escaped value', 'session=%4fOWN'],
  ['a value in another cookie', 'a=session=OWN'],
  ['fields joined by a comma', 'a=1, session=OWN'],
  ['a value of the name of a sign-in', 'session-sign-in-0123456789abcdef=OWN'],
  ['a value that nobody gave', `session=${'A'.repeat(43)}`],
  ['a value that is a path', 'session=../../../../../../../../../../etc/passwd---'],
  ['nothing', 'session='],
]

describe.each<[string, readonly Row[]]>([
  ['BFF-05: from another site', forged],
  ['BFF-05: to sign somebody out', signingOut],
  ['BFF-05: to sign somebody in', signingIn],
  ['BFF-09: to reach another place', paths],
  ['of no good form', malformed],
])('a hostile request %s', (_, rows) => {
  it.each(rows)('is refused: %s', async (_, status, request) => {
    const fields = (request.fields ?? []).map(([name, value]) => [name, ownOrigin(value)] as const)
    const answer = await sendRaw(site.origin, { ...request, fields: [['cookie', cookie], ...fields] }).catch(
      ({ code }): RawAnswer => ({ status: code, fields: {}, body: '' }),
    )
    expect(answer.status).toBe(status)
    expect(site.asked).toEqual([])
    expect(String(answer.fields['set-cookie'] ?? '')).not.toMatch(/^session=[\w-]/)
    const told = Object.keys(answer.fields).filter((name) => name.startsWith('access-control-'))
    expect(told.filter((name) => name === 'access-control-allow-origin')).toEqual(
      fields.some(([, value]) => value === 'https://listed.example') ? ['access-control-allow-origin'] : [],
    )
    expect((await alice.session()).session?.subject).toBe('alice')
  })
})

describe('BFF-04 STO-15: a hostile cookie', () => {
  it.each(tossed)('counts for nothing: %s', async (_, cookies) => {
    const own = alice.cookies.get('session') ?? ''
    const given = cookies.replaceAll('OWN', own).replaceAll('OTHER', 'B'.repeat(43))
    const answer = await sendRaw(site.origin, { path: '/api/x', fields: [...OWN, ['cookie', given]] })
    expect([answer.status, site.asked]).toEqual([401, []])
  })

  it('does not keep the right one from counting', async () => {
    const answer = await sendRaw(site.origin, { path: '/api/x', fields: [...OWN, ['cookie', `a=b; ${cookie};c=d`]] })
    expect(answer.status).toBe(200)
  })
})

describe('a request that two servers could read in two ways', () => {
  const head = (...lines: string[]) =>
    ['POST /api/x HTTP/1.1', 'Host: x', `Cookie: ${cookie}`, 'X-Tokenward: 1', ...lines, '', ''].join('\r\n')
  const smuggled = 'GET /api/smuggled HTTP/1.1\r\nHost: x\r\n\r\n'

  it.each<[string, () => string]>([
    ['two lengths', () => `${head('Content-Length: 0', `Content-Length: ${smuggled.length}`)}${smuggled}`],
    ['a length and chunks', () => `${head('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n${smuggled}`],
    ['chunks under a name with a blank', () => `${head('Transfer-Encoding : chunked')}0\r\n\r\n${smuggled}`],
    [
      'chunks that are not the last coding',
      () => `${head('Transfer-Encoding: chunked, identity')}0\r\n\r\n${smuggled}`,
    ],
    ['a length with a sign', () => `${head('Content-Length: +5')}abcde${smuggled}`],
    ['a chunk of a wrong length', () => `${head('Transfer-Encoding: chunked')}5\r\nabc\r\n0\r\n\r\n${smuggled}`],
    ['a bare line feed in a field', () => `${head('X-A: b\nContent-Length: 5')}abcde${smuggled}`],
    ['a folded field', () => `${head('X-A: b', ' Content-Length: 5')}abcde${smuggled}`],
    ['a null in a field', () => `${head('X-A: b\0c')}${smuggled}`],
  ])('is refused, and nothing behind it is read: %s', async (_, bytes) => {
    const statuses = await sendBytes(site.origin, bytes())
    expect(statuses).toEqual([400])
    expect(site.asked.map(({ url }) => url).filter((url) => url.includes('smuggled'))).toEqual([])
  })

  it('names no field of the connection that would go missing on the way', async () => {
    const answer = await sendRaw(site.origin, {
      path: '/api/x',
      fields: [...OWN, ['cookie', cookie], ['connection', 'close, authorization, accept'], ['accept', 'text/plain']],
    })
    expect(answer.status).toBe(200)
    expect(site.asked[0]?.headers).toMatchObject({ authorization: expect.stringMatching(/^Bearer /), accept: '*/*' })
  })
})

function ownOrigin(value: string): string {
  return value.replace('HTTPS-ORIGIN', site.origin.replace('http:', 'https:')).replace('ORIGIN', site.origin)
}

it('are at least 80', () => {
  const rows = [forged, signingOut, signingIn, paths, malformed, tossed].map(({ length }) => length)
  expect(rows.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(80)
})
