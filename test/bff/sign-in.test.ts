import { memoryStore } from 'tokenward/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faultyStore } from '../support/faulty-store.ts'
import { type BffSite, bffSite, visitor } from './bff-site.ts'

let site: BffSite
beforeAll(async () => {
  site = await bffSite()
})
afterAll(() => site?.stop())

/** A sign-in that a browser has begun: what it was told, and the cookie that binds it. */
async function begun(query = '', cookie = '') {
  const answer = await visitor(site.origin).go(`/auth/login${query}`, { headers: cookie ? { cookie } : {} })
  const [line = ''] = answer.headers.getSetCookie()
  const [pair = ''] = line.split(';')
  const [name = '', value = ''] = pair.split('=')
  return { status: answer.status, line, name, value, location: answer.headers.get('location') ?? '' }
}

/** The URL that the authorization server sends somebody back to. */
async function answerFor(location: string, account = 'alice'): Promise<string> {
  const page = await site.server.agree(location, account, new Map())
  // The browser that came back has not begun the sign-in, so it is refused and nothing is used up.
  expect(page.status).toBe(400)
  return page.url
}

const sessionIn = (answer: Response) => {
  const line = answer.headers.getSetCookie().find((one) => one.startsWith('session='))
  return line && /^session=([\w-]{43});/.exec(line)?.[1]
}

/** Whether a write ends the name that a session had. */
const isEnd = (value: unknown) => Boolean(Object(value).signedOut)

describe('a sign-in of a person who is signed in already', () => {
  it('leaves the browser the name of the session if the store fails right after the session was given a new one', async () => {
    const store = faultyStore(memoryStore<unknown>())
    const own = await bffSite({ pool: { store } })
    try {
      const alice = await own.signedIn()
      const begin = await alice.go('/auth/login?acrValues=mfa')
      const [pair = ''] = (begin.headers.getSetCookie()[0] ?? '').split(';')
      const state = new URL(begin.headers.get('location') ?? '').searchParams.get('state')
      let isMoved = false
      store.fault = (operation, _, value) => {
        if (isMoved) return 'before'
        isMoved = operation === 'swap' && isEnd(value)
        return undefined
      }
      const cookie = `session=${alice.cookies.get('session')}; ${pair}`
      const back = await alice.go(`/auth/callback?code=c&state=${state}`, { headers: { cookie } })
      expect([isMoved, back.status]).toEqual([true, 503])

      store.fault = () => undefined
      const name = sessionIn(back) ?? ''
      expect((await visitor(own.origin, new Map([['session', name]])).session()).status).toBe('signedIn')
    } finally {
      await own.stop()
    }
  })
})

it('a sign-in that another one overtook can still be completed while a step-up is under way', async () => {
  const cookies = new Map<string, string>()
  const first = await begun()
  await site.server.agree(`${site.origin}/auth/login`, 'alice', cookies)
  const alice = visitor(site.origin, cookies)
  const stepUp = await alice.go('/auth/login?acrValues=mfa')
  expect(stepUp.status).toBe(303)

  const url = await answerFor(first.location)
  const cookie = `${first.name}=${first.value}; session=${cookies.get('session')}`
  const back = await alice.go(new URL(url).pathname + new URL(url).search, { headers: { cookie } })
  expect([back.status, await back.text()]).toEqual([303, ''])
})

describe('a sign-in', () => {
  it.each([
    ['sec-purpose', 'prefetch'],
    ['sec-purpose', 'prefetch;prerender'],
    ['purpose', 'prefetch'],
    ['x-purpose', 'preview'],
    ['x-moz', 'prefetch'],
  ])(
    'is neither begun nor used up by a browser that loads ahead what nobody asked for (%s: %s)',
    async (name, value) => {
      const ahead = { [name]: value }
      const early = await visitor(site.origin).go('/auth/login', { headers: ahead })
      expect([early.status, early.headers.get('x-tokenward'), early.headers.getSetCookie()]).toEqual([
        503,
        'prefetched',
        [],
      ])

      const own = await begun()
      const url = await answerFor(own.location)
      const cookie = `${own.name}=${own.value}`
      const looked = await fetch(url, { redirect: 'manual', headers: { cookie, ...ahead } })
      expect([looked.status, looked.headers.getSetCookie()]).toEqual([503, []])
      const back = await fetch(url, { redirect: 'manual', headers: { cookie } })
      expect([back.status, sessionIn(back)]).toEqual([303, expect.stringMatching(/./)])
    },
  )

  it('BFF-03: is bound to the browser by a cookie of its own, and stores no session before the person is back', async () => {
    const { status, line, location } = await begun('?returnTo=/notes')
    expect(status).toBe(303)
    expect(line).toMatch(/^session-sign-in-[\w-]{16}=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=3600$/)
    const query = new URL(location).searchParams
    expect(query.get('redirect_uri')).toBe(`${site.origin}/auth/callback`)
    expect(query.get('code_challenge_method')).toBe('S256')
    expect(location).not.toContain('notes%2F')
  })

  it('leads to the page that the person wanted, with a cookie that names the session and nothing else', async () => {
    const { name, value, location } = await begun('?returnTo=/notes?n=1%23top')
    const url = await answerFor(location)
    const back = await fetch(url, { redirect: 'manual', headers: { cookie: `${name}=${value}` } })
    expect([back.status, back.headers.get('location')]).toEqual([303, `${site.origin}/notes?n=1#top`])
    const [set, cleared] = back.headers.getSetCookie()
    expect(set).toMatch(/^session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
    expect(set!.split(';')[0]!.length).toBeLessThanOrEqual(100)
    expect(cleared).toMatch(new RegExp(`^${name}=; .*Max-Age=0`))
  })

  it('takes no answer to a sign-in that another browser began', async () => {
    const theirs = await begun()
    const mine = await begun()
    const url = await answerFor(theirs.location, 'mallory')
    const state = new URL(url).searchParams.get('state')!.slice(-16)
    for (const cookie of ['', `${mine.name}=${mine.value}`, `session-sign-in-${state}=${mine.value}`]) {
      const back = await fetch(url, { redirect: 'manual', headers: { cookie } })
      expect([cookie, back.status, sessionIn(back)]).toEqual([cookie, 400, undefined])
    }
  })

  it('BFF-03: takes each answer once, however many come at once', async () => {
    const { name, value, location } = await begun()
    const url = await answerFor(location)
    const back = () => fetch(url, { redirect: 'manual', headers: { cookie: `${name}=${value}` } })
    const answers = await Promise.all(Array.from({ length: 8 }, back))
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(answers.filter((answer) => sessionIn(answer))).toHaveLength(1)
    expect((await back()).status).toBe(400)
  })

  it('BFF-03: gives the session a new name each time: the one from before opens nothing', async () => {
    const alice = await site.signedIn()
    const before = alice.cookies.get('session') ?? ''
    await site.server.agree(`${site.origin}/auth/login`, 'alice', alice.cookies)
    const after = alice.cookies.get('session') ?? ''
    expect(after).not.toBe(before)
    expect((await alice.session()).status).toBe('signedIn')
    expect((await visitor(site.origin, new Map([['session', before]])).session()).status).toBe('signedOut')
  })

  it('keeps the session as it is until the person is back, and when they come back in vain', async () => {
    const alice = await site.signedIn()
    const before = alice.cookies.get('session') ?? ''
    const { name, value, location } = await begun('', `session=${before}`)
    expect((await alice.session()).status).toBe('signedIn')

    const state = new URL(location).searchParams.get('state')
    const url = `${site.origin}/auth/callback?error=access_denied&state=${state}&iss=${encodeURIComponent(site.server.issuer)}`
    const back = await fetch(url, { redirect: 'manual', headers: { cookie: `${name}=${value}` } })
    const after = sessionIn(back) ?? ''
    expect([back.status, after.length]).toEqual([400, 43])
    const { session } = await visitor(site.origin, new Map([['session', after]])).session()
    expect(session?.subject).toBe('alice')
  })

  it('of another person takes the place of the session', async () => {
    const alice = await site.signedIn()
    const before = alice.cookies.get('session') ?? ''
    const { name, value, location } = await begun('', `session=${before}`)
    const back = await fetch(await answerFor(location, 'bob'), {
      redirect: 'manual',
      headers: { cookie: `${name}=${value}` },
    })
    const bob = visitor(site.origin, new Map([['session', sessionIn(back) ?? '']]))
    expect((await bob.session()).session?.subject).toBe('bob')
    expect((await alice.session()).status).toBe('signedOut')
  })

  it('that nobody finishes, again and again, does not fill the cookies of the browser', async () => {
    const cookies = new Map<string, string>()
    const browser = visitor(site.origin, cookies)
    for (let begun = 0; begun < 40; begun++) {
      const { headers } = await browser.go('/auth/login')
      for (const line of headers.getSetCookie()) {
        const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
        if (line.includes('Max-Age=0')) cookies.delete(name)
        else cookies.set(name, value)
      }
      expect(cookies.size).toBeLessThanOrEqual(16)
    }
    expect(cookies.size).toBeGreaterThan(0)
  })

  it('in two tabs at once works in both', async () => {
    const [one, two] = [await begun('?returnTo=/one'), await begun('?returnTo=/two')]
    const cookie = [one, two].map(({ name, value }) => `${name}=${value}`).join('; ')
    for (const [tab, path] of [
      [two, '/two'],
      [one, '/one'],
    ] as const) {
      const back = await fetch(await answerFor(tab.location), { redirect: 'manual', headers: { cookie } })
      expect(back.headers.get('location')).toBe(site.origin + path)
    }
  })

  it('passes on what the page may ask for, each once and nothing else', async () => {
    const { location } = await begun(
      '?prompt=login&loginHint=alice%40example.com&acrValues=gold&maxAge=60000&scope=more',
    )
    expect(Object.fromEntries(new URL(location).searchParams)).toMatchObject({
      prompt: 'login',
      login_hint: 'alice@example.com',
      acr_values: 'gold',
      max_age: '60',
      scope: expect.stringContaining('more'),
    })
    for (const query of ['?prompt=login&prompt=none', '?redirect_uri=https://evil.example', '?maxAge=-1', '?scope=%00'])
      expect([query, (await begun(query)).status]).toEqual([query, 400])
  })

  it.each([
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    'evil.example',
    '/\tevil.example',
    '/\n/evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/%2e//evil.example',
    '',
    ' /a',
    `/${'a'.repeat(3000)}`,
  ])('leads nowhere else: returnTo %j', async (path) => {
    const { status, line } = await begun(`?returnTo=${encodeURIComponent(path)}`)
    expect([status, line]).toEqual([400, ''])
  })
})
