import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AccessToken, TokenManagerError } from '../src/index.ts'
import { canary } from './support/canary.ts'
import { scriptedUserAgent } from './support/scripted-user-agent.ts'
import { idToken, json } from './support/simulated-server.ts'
import { type Context, type World, world } from './support/world.ts'

const word = 'kanarienvogel-'
const api = 'https://api.example/notes?q=1'
const redirectUri = 'https://app.example/callback'

const unhandled: unknown[] = []
const onUnhandled = (reason: unknown) => unhandled.push(reason)
beforeAll(() => void process.on('unhandledRejection', onUnhandled))
afterAll(() => void process.off('unhandledRejection', onUnhandled))

/** A world whose every secret is a canary, and what was shown of it. */
function aviary() {
  const w = world({ word })
  const secrets = new Set<string>()
  const bird = canary(word, () => [...secrets])
  const silence = bird.watchConsole()
  const userAgent = scriptedUserAgent((url) => {
    const { searchParams } = new URL(url)
    for (const name of ['state', 'nonce']) secrets.add(searchParams.get(name) ?? word)
    return w.server.authorize(url)
  })
  const answer = w.server.before
  w.server.before = (request) => {
    const verifier = request.params.get('code_verifier')
    if (verifier) secrets.add(verifier)
    return answer(request)
  }
  w.server.subject = 'alice'
  const contexts: Context[] = []
  const states: unknown[] = []
  const context = async () => {
    const made = w.context({ userAgent, redirectUri, scope: 'openid notes' })
    made.manager.subscribe((state) => states.push(state))
    contexts.push(made)
    await w.settle()
    return made
  }
  /** Runs `call` and looks at what it came to. */
  const look = async (call: () => Promise<unknown>, where: string) => {
    const value = await w.after(
      30_000,
      call().catch((error: unknown) => error),
    )
    if (value instanceof Error) expect(value, where).toBeInstanceOf(TokenManagerError)
    bird.see(withoutClaims(value), where)
    return value
  }
  const finish = async () => {
    await w.clock.advance(120_000)
    for (const { events } of contexts) for (const event of events) bird.see(event, `event ${event.type}`)
    for (const message of w.hub.posted) bird.see(message, 'channel message')
    for (const { url } of w.server.calls) bird.see(url, 'API URL')
    for (const state of states) bird.see(withoutClaims(state), 'state')
    silence()
    await new Promise((resolve) => setImmediate(resolve))
    return bird.sightings
  }
  return { w, bird, context, look, finish, userAgent, secrets }
}

/** A state without the claims of the ID token, which are for the application; the ID token is not. */
function withoutClaims(value: unknown): unknown {
  const { session } = Object(value) as { session?: object }
  return session ? { ...(value as object), session: { ...session, claims: undefined } } : value
}

/** Faults of an authorization server, each answer with as many secrets in it as a bad server can put there. */
const spill = {
  access_token: `${word}at`,
  refresh_token: `${word}rt`,
  id_token: `${word}x.y.z`,
  error_description: 'No',
}
const faults: [string, (w: World) => void][] = [
  ['down', (w) => (w.server.before = () => Promise.reject(new TypeError(`fetch failed: ${word}in-the-message`)))],
  ['lost', (w) => (w.server.after = () => Promise.reject(Object.assign(new Error(word), { cause: { body: word } })))],
  ['500', (w) => (w.server.before = () => json(spill, 500))],
  ['400 html', (w) => (w.server.before = () => new Response(`<p>${word}</p>`, { status: 400 }))],
  ['400', (w) => (w.server.before = () => json({ ...spill, error: 'invalid_request' }, 400))],
  ['400 with a strange code', (w) => (w.server.before = () => json({ ...spill, error: `x ${word}\n[ERROR]` }, 400))],
  [
    'redirect',
    (w) => (w.server.before = () => new Response('', { status: 302, headers: { location: `https://x/?${word}` } })),
  ],
  ['no token', (w) => (w.server.before = () => json({ ...spill, access_token: undefined }))],
  ['no type', (w) => (w.server.before = () => json({ ...spill, token_type: `${word}type` }))],
  [
    'no header carries it',
    (w) => (w.server.before = () => json({ ...spill, access_token: `${word}\n`, token_type: 'Bearer' })),
  ],
  ['bad JSON', (w) => (w.server.before = () => new Response(`{"access_token":"${word}at",`))],
  ['another person', (w) => (w.server.subject = 'bob')],
  ['invalid_grant', (w) => w.server.revokeAll()],
  ['discovery', (w) => (w.server.onDiscovery = () => json({ ...spill, issuer: 'https://other.example' }))],
]

describe('ERR-01 ERR-04: no secret in any error, message, log, event or URL', () => {
  it('through a whole life', async () => {
    const { w, context, look, finish, bird } = aviary()
    const [a, b] = [await context(), await context()]
    await look(() => a.manager.signIn({ returnTo: '/' }), 'signIn')
    expect(await look(() => b.manager.fetch(api), 'fetch')).toMatchObject({ status: 200 })
    await look(() => a.manager.refresh({ reason: 'why not' }), 'refresh')
    w.server.api = () => new Response('', { status: 401 })
    await look(() => b.manager.fetch(api), 'refused')
    await look(async () => bird.see(await b.manager.getAccessToken(), 'token'), 'token')
    const report = (await look(() => a.manager.signOut(), 'signOut')) as { revoked: Promise<unknown> }
    bird.see(await report.revoked, 'revoked')
    await look(() => b.manager.getAccessToken(), 'after')
    expect(w.server.revoked.map(({ token }) => token).every((token) => token.startsWith(word))).toBe(true)
    expect(await finish()).toEqual([])
  })

  for (const [name, fault] of faults) {
    it(`when the server fails: ${name}`, async () => {
      const { w, context, look, finish } = aviary()
      const [a, b] = [await context(), await context()]
      await look(() => a.manager.signIn(), 'signIn')
      await w.clock.advance(700_000)
      fault(w)
      await look(() => a.manager.getAccessToken(), 'getAccessToken')
      await look(() => b.manager.fetch(api), 'fetch')
      await look(() => b.manager.refresh(), 'refresh')
      await look(() => a.manager.signIn(), 'signIn again')
      await look(() => a.manager.signOut({ endSession: true }).then(({ endSessionUrl: _, ...rest }) => rest), 'signOut')
      expect(await finish()).toEqual([])
    })
  }

  it('when an answer to a sign-in is wrong', async () => {
    const { w, context, look, finish, userAgent, secrets } = aviary()
    const { manager } = await context()
    const { answer } = userAgent
    const changes: ((params: URLSearchParams) => void)[] = [
      (params) => params.set('state', `${params.get('state')}x`),
      (params) => params.set('iss', 'https://evil.example'),
      (params) => {
        params.set('error', 'server_error')
        params.set('error_description', `No ${params.get('code')} for ${params.get('state')}`)
      },
      (params) => {
        params.delete('code')
        params.set('error', `${word} <script>`)
      },
    ]
    for (const change of changes) {
      userAgent.answer = async (url) => {
        const back = new URL(await answer(url))
        change(back.searchParams)
        return back.href
      }
      const error = await look(() => manager.signIn(), 'signIn')
      expect(error).toBeInstanceOf(TokenManagerError)
    }
    await look(
      () => manager.completeSignIn(`${redirectUri}?code=${word}code&state=${[...secrets][0]}`),
      'completeSignIn',
    )
    const now = Math.floor(w.clock.now() / 1_000)
    const claims = { iss: `https://${word}issuer`, aud: 'spa', sub: 'x', iat: now, exp: now + 60 }
    await look(() => manager.adopt({ accessToken: `${word}at`, idToken: idToken(claims) }), 'adopt')
    await look(() => manager.adopt({ accessToken: `${word}a t` }), 'adopt')
    expect(await finish()).toEqual([])
  })

  it('when the storage fails with what it holds in its message', async () => {
    const { context, look, finish } = aviary()
    const a = await context()
    await look(() => a.manager.signIn(), 'signIn')
    const fail = async (): Promise<never> => {
      throw Object.assign(new Error(`cannot store ${word}`), { name: 'QuotaExceededError', value: word, code: 22 })
    }
    Object.assign(a.store, { swap: fail })
    await look(() => a.manager.refresh(), 'refresh')
    await look(() => a.manager.signIn(), 'signIn again')
    await look(() => a.manager.signOut(), 'signOut')
    a.manager.dispose()
    expect(await finish()).toEqual([])
  })
})

describe('ERR-02: a token shows itself to nobody who does not ask for its value', () => {
  it('printed, serialized, spread, cloned, joined, compared', async () => {
    const w = world({ word })
    const { manager } = await w.signedIn()
    const token: AccessToken = await manager.getAccessToken()
    expect(token.value).toContain(word)
    const bird = canary(word)
    bird.see(token, 'token')
    bird.see([token], 'in a list')
    bird.see({ deep: { token } }, 'in an object')
    bird.see(`${token}`, 'as text')
    bird.see(Object.entries(token), 'its entries')
    bird.see(manager, 'the manager')
    bird.see(manager.state, 'the state')
    expect(bird.sightings).toEqual([])
    expect(Object.isFrozen(token)).toBe(true)
  })
})

describe('ERR-03: errors are of a closed kind', () => {
  it('what a server writes is kept only as a short code of printable characters, and a line of text', async () => {
    for (const [error, kept] of [
      ['invalid_request', 'invalid_request'],
      ['x'.repeat(10_000), undefined],
      ['a\r\n[ERROR] b', undefined],
      ['<b>', '<b>'],
      ['\u001b[31m', undefined],
    ] as const) {
      const w = world()
      const { manager } = await w.signedIn()
      w.server.before = () =>
        json({ error, error_description: `<script>${'x'.repeat(10_000)}\r\n`, error_uri: 'javascript:1' }, 400)
      const refused = (await w.after(
        100,
        manager.refresh().catch((one: TokenManagerError) => one),
      )) as TokenManagerError
      expect(refused.error).toBe(kept)
      expect(refused.message).not.toMatch(/[\r\n]|script|xxxx/)
      expect(JSON.stringify(refused).length).toBeLessThan(500)
    }
  })
})

describe('ERR-07: nothing escapes', () => {
  it('listeners that throw or reject disturb nobody, and no rejection goes unhandled', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    const heard: string[] = []
    manager.on('refreshed', () => {
      throw new Error('first')
    })
    manager.on('refreshed', (() => Promise.reject(new Error('second'))) as () => void)
    manager.on('refreshed', () => heard.push('third'))
    await w.after(100, manager.refresh())
    for (const [, fault] of faults) {
      const other = world()
      const { manager } = await other.signedIn()
      fault(other)
      void manager.fetch(api).catch(() => {})
      await other.clock.advance(400_000)
      void manager.getAccessToken().catch(() => {})
      await other.clock.advance(400_000)
      manager.dispose()
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(heard).toEqual(['third'])
    expect(unhandled).toEqual([])
  })
})
