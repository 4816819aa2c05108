import { beforeEach, describe, expect, it } from 'vitest'
import { createGuard } from '../../src/resource-server/guard.ts'
import { AUDIENCE, NOW, request, SECONDS } from '../resource-server/test-issuer.ts'

const issuer = 'https://as.example.com'
const endpoint = `${issuer}/introspect`

let now: number
let asked: string[]
/** What the server says about a token. */
let say: (token: string) => Response | Promise<Response>

const good = () => Response.json({ active: true, aud: AUDIENCE, client_id: 'spa', sub: 'person', exp: SECONDS + 300 })
const status = (code: number) => () => new Response(null, { status: code })
const noAnswer = () => Promise.reject(new TypeError('fetch failed'))

beforeEach(() => {
  now = NOW
  asked = []
  say = good
})

function api() {
  const guard = createGuard({
    issuer: { issuer, introspection: { clientId: 'api', clientSecret: 'secret', endpoint } },
    audience: AUDIENCE,
    now: () => now,
    async fetch(_, init) {
      const token = new URLSearchParams(String(init?.body)).get('token') ?? ''
      asked.push(token)
      return say(token)
    },
  })
  return (token: string): Promise<string> =>
    guard(request(token)).then(
      () => 'passed',
      ({ reason }) => reason,
    )
}

describe('a bad token keeps nobody else from being answered', () => {
  const answers: readonly [string, () => Response][] = [
    ...[400, 401, 403, 404, 405, 410, 413, 414, 422, 431, 451].map((code): [string, () => Response] => [
      `the server answers ${code}`,
      status(code),
    ]),
    ['the server redirects', status(302)],
    ['a firewall answers with a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['the answer is no object', () => Response.json(['active'])],
  ]

  it.each(answers)('where %s, however many of them come', async (_, answer) => {
    const outcome = api()
    say = (token) => (token.startsWith('bad') ? answer() : good())
    for (let time = 0; time < 50; time++) expect(await outcome(`bad-${time}`)).not.toBe('passed')
    expect(await outcome('good')).toBe('passed')
  })

  it.each(answers)('and is not asked about again at once where %s', async (_, answer) => {
    const outcome = api()
    say = answer
    const first = await outcome('bad')
    for (let time = 0; time < 20; time++) expect(await outcome('bad')).toBe(first)
    expect(asked).toHaveLength(1)
    now += 5_000
    say = good
    expect(await outcome('bad')).toBe('passed')
  })

  it('the caller is told that it is the token; what is wrong with the API itself is 503', async () => {
    const outcome = api()
    say = (token) => new Response(null, { status: Number(token) })
    const reasons = await Promise.all(['400', '413', '422', '401', '403', '404'].map(outcome))
    expect(reasons.slice(0, 3)).toEqual(['inactive', 'inactive', 'inactive'])
    expect(reasons.slice(3)).toEqual(Array(3).fill('introspection_unavailable'))
  })
})

describe('an outage', () => {
  const outages: readonly [string, () => Response | Promise<Response>][] = [
    ['no answer', noAnswer],
    ...[408, 429, 500, 502, 503, 504].map((code): [string, () => Response] => [`${code}`, status(code)]),
  ]

  it.each(outages)(
    'is five times %s in a row; then one asks in five seconds, and nobody beside it',
    async (_, fault) => {
      const outcome = api()
      say = fault
      for (let time = 0; time < 30; time++) expect(await outcome(`t${time}`)).toBe('introspection_unavailable')
      expect(asked).toHaveLength(5)

      now += 5_000
      await Promise.all(Array.from({ length: 30 }, (_, one) => outcome(`u${one}`)))
      expect(asked).toHaveLength(6)
      now += 4_999
      await outcome('v')
      expect(asked).toHaveLength(6)
    },
  )

  it('keeps the others from asking while one finds out', async () => {
    const outcome = api()
    say = noAnswer
    for (let time = 0; time < 5; time++) await outcome(`t${time}`)
    now += 5_000
    let answer = (_: Response) => {}
    say = () =>
      new Promise((resolve) => {
        answer = resolve
      })
    const probe = outcome('probe')
    const others = Promise.all(Array.from({ length: 30 }, (_, one) => outcome(`u${one}`)))
    expect(await others).toEqual(Array(30).fill('introspection_unavailable'))
    expect(asked).toHaveLength(6)
    answer(good())
    expect(await probe).toBe('passed')
  })

  it('ends for all with one answer', async () => {
    const outcome = api()
    say = noAnswer
    for (let time = 0; time < 6; time++) await outcome(`t${time}`)
    now += 5_000
    say = good
    expect(await outcome('probe')).toBe('passed')
    const all = await Promise.all(Array.from({ length: 30 }, (_, one) => outcome(`u${one}`)))
    expect(all).toEqual(Array(30).fill('passed'))
  })

  it('is over after an answer: four more failures are none', async () => {
    const outcome = api()
    say = noAnswer
    for (let time = 0; time < 5; time++) await outcome(`t${time}`)
    now += 5_000
    say = good
    await outcome('probe')
    say = noAnswer
    for (let time = 0; time < 4; time++) await outcome(`u${time}`)
    say = good
    expect(await outcome('last')).toBe('passed')
  })

  it('counts failures in a row alone', async () => {
    const outcome = api()
    for (let time = 0; time < 20; time++) {
      say = noAnswer
      for (let failure = 0; failure < 4; failure++) await outcome(`t${time}-${failure}`)
      say = status(400)
      expect(await outcome(`u${time}`)).toBe('inactive')
    }
    expect(asked).toHaveLength(100)
  })

  it('lasts no longer for a clock that is set back', async () => {
    const outcome = api()
    say = noAnswer
    for (let time = 0; time < 5; time++) await outcome(`t${time}`)
    now -= 3_600_000
    say = good
    expect(await outcome('after')).toBe('passed')
  })
})

it('a token longer than any is refused unasked', async () => {
  const outcome = api()
  expect(await outcome('x'.repeat(16_385))).toBe('malformed')
  expect(asked).toEqual([])
  expect(await outcome('x'.repeat(16_384))).toBe('passed')
})
