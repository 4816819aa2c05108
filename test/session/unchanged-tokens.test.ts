import { describe, expect, it } from 'vitest'
import { scriptedUserAgent } from '../support/scripted-user-agent.ts'
import { saying } from '../support/sentences.ts'
import { json } from '../support/simulated-server.ts'
import { type Context, type World, type WorldOptions, world } from '../support/world.ts'

const API = 'https://api.example/notes'
const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A server whose token answers all hold one access token; `expiresIn`: what they say of its life, seconds. */
function sameToken(expiresIn: (w: World) => number | undefined, options?: WorldOptions): World {
  const w = world(options)
  w.server.after = async (_, answer) =>
    json({ ...(await answer.json()), access_token: 'the-same', expires_in: expiresIn(w) })
  return w
}

/** Somebody signed in, who has the token of that server. */
async function signedIn(w: World): Promise<Context> {
  w.server.subject = 'alice'
  const userAgent = scriptedUserAgent((url) => w.server.authorize(url), 'popup')
  const context = w.context({ userAgent, redirectUri: 'https://app.example/callback' })
  await w.after(100, context.manager.signIn())
  return context
}

/** The next `count` calls to the API are refused. */
function refuse(w: World, count: number) {
  let left = count
  w.server.api = () => new Response('', { status: left-- > 0 ? 401 : 200 })
}

const statusOf = async (w: World, { manager }: Context) => (await w.after(1_000, manager.fetch(API))).status

/** What calls once a second come to, from now on. */
async function steadyUse(w: World, context: Context, ms: number): Promise<Record<string, number>> {
  const seen: Record<string, number> = {}
  for (let passed = 0; passed < ms; passed += 1_000) {
    const status = await statusOf(w, context)
    seen[status] = (seen[status] ?? 0) + 1
  }
  return seen
}

describe('a server that answers with the access token that the client has', () => {
  // What is left of it until its last hour, as some servers do, or always a whole lifetime.
  const began = 1_800_000_000_000
  const lives: [string, (w: World) => number | undefined][] = [
    ['with what is left of its life', (w) => Math.round((began + 6 * HOUR - w.clock.now()) / 1_000)],
    ['with a whole lifetime', () => 21_600],
    ['without saying how long it lives', () => undefined],
  ]

  it.each(lives)('%s: a stray 401 is handed on after one refresh, and the next calls go on', async (_, expiresIn) => {
    const w = sameToken(expiresIn)
    w.clock.jump(began - w.clock.now())
    const context = await signedIn(w)
    await w.clock.advance(HOUR)
    refuse(w, 1)
    expect(await statusOf(w, context)).toBe(401)
    expect(w.server.requests).toHaveLength(2)
    expect(await steadyUse(w, context, 10 * MINUTE)).toEqual({ 200: 600 })
    expect(w.server.requests).toHaveLength(2)
  })

  it.each(lives)('%s: an API that refuses it for ever costs one refresh a minute at most', async (_, expiresIn) => {
    const w = sameToken(expiresIn)
    w.clock.jump(began - w.clock.now())
    const context = await signedIn(w)
    refuse(w, Infinity)
    expect(await steadyUse(w, context, 10 * MINUTE)).toEqual({ 401: 600 })
    expect(w.server.requests.length).toBeLessThanOrEqual(1 + 10)
    expect(context.manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
  })

  it('with a whole lifetime: it is refreshed when that is over, not all the time', async () => {
    const w = sameToken(() => 300, { visible: true })
    const context = await signedIn(w)
    expect(await steadyUse(w, context, 20 * MINUTE)).toEqual({ 200: 1_200 })
    expect(w.server.requests.length).toBeLessThanOrEqual(1 + 5)
  })

  it('with what is left of its life: the refreshes before its end are few, and then it backs off', async () => {
    let end = 0
    const w = sameToken(() => Math.round((end - w.clock.now()) / 1_000), { visible: true })
    end = w.clock.now() + 10 * MINUTE
    const context = await signedIn(w)
    for (let second = 0; second < 640; second++) {
      await w.after(
        1_000,
        context.manager.fetch(API).catch(() => {}),
      )
    }
    expect(w.server.requests.length).toBeLessThanOrEqual(1 + 15)
    expect(context.manager.state).toMatchObject({
      ...{ status: 'signedIn', health: 'suspended', retryAt: expect.any(Number) },
      cause: { message: saying(/came expired: expires_in was/) },
    })
  })

  it('two tabs: one refresh for a 401 of both, and each hands its own on', async () => {
    const w = sameToken(() => 21_600)
    const a = await signedIn(w)
    const b = await w.opened()
    refuse(w, 2)
    const both = await w.after(1_000, Promise.all([a, b].map(({ manager }) => manager.fetch(API))))
    expect(both.map(({ status }) => status)).toEqual([401, 401])
    expect(w.server.requests).toHaveLength(2)
    expect([await statusOf(w, a), await statusOf(w, b)]).toEqual([200, 200])
  })

  it('a 401 for the token before says nothing of the one that a refresh brought meanwhile', async () => {
    const w = sameToken(() => 21_600)
    const context = await signedIn(w)
    let answer = () => {}
    w.server.api = () =>
      new Promise((resolve) => {
        answer = () => resolve(new Response('', { status: 401 }))
      })
    const call = context.manager.fetch(API)
    await w.after(100, context.manager.refresh())
    answer()
    expect((await w.after(100, call)).status).toBe(401)
    expect(w.server.requests).toHaveLength(2)
  })

  it('a token that is replaced after all is used at once', async () => {
    const w = sameToken(() => 21_600)
    const context = await signedIn(w)
    refuse(w, 1)
    expect(await statusOf(w, context)).toBe(401)
    w.server.after = (_, answer) => answer
    await w.clock.advance(MINUTE)
    refuse(w, 1)
    expect(await statusOf(w, context)).toBe(200)
    expect(w.server.calls.at(-1)?.authorization).not.toContain('the-same')
  })
})

describe('a token that had expired when it came', () => {
  it.each([0, -5, 'soon'])('expires_in %j: calls wait for the back-off, and say why', async (expiresIn) => {
    const w = world()
    const context = await w.signedIn()
    await w.clock.advance(301_000)
    w.server.expiresIn = expiresIn
    const errors = new Set<string>()
    for (let call = 0; call < 1_000; call++)
      await w.after(
        100,
        context.manager.getAccessToken().catch((error) => errors.add(`${error.reason} ${error.retryAt > 0}`)),
      )
    expect(w.server.requests.length).toBeLessThanOrEqual(7)
    expect([...errors].every((error) => error.endsWith('true'))).toBe(true)
    expect(context.manager.state).toMatchObject({
      ...{ health: 'suspended', cause: { code: 'ERR_RESPONSE_INVALID', reason: 'invalid_token_response' } },
    })
    w.server.expiresIn = 300
    await w.clock.advance(5 * MINUTE)
    expect(await statusOf(w, context)).toBe(200)
    expect(context.manager.state).toMatchObject({ health: 'ok' })
    expect([w.server.reuse, w.server.overlap]).toEqual([0, 1])
  })

  it('because the answer took longer than it lives', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    await w.clock.advance(301_000)
    w.server.expiresIn = 5
    w.server.after = async (_, answer) => {
      await new Promise<void>((done) => void w.clock.at(w.clock.elapsed() + 6_000, done))
      return answer
    }
    const error = await w.after(
      6_000,
      manager.getAccessToken().catch((error) => error),
    )
    expect(error.message).toEqual(saying('expires_in was 5, and it took 6 s'))
    expect(error.retryAt).toBeGreaterThan(w.clock.now())
  })

  it('takes no good one away', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    w.server.expiresIn = 0
    await expect(w.after(100, manager.refresh())).rejects.toMatchObject({ reason: 'invalid_token_response' })
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at-1')
    expect(manager.state).toMatchObject({ health: 'ok' })
  })
})

describe('expires_in: 0 without a refresh token', () => {
  async function signIn(options: object) {
    const w = world()
    w.server.subject = 'alice'
    w.server.expiresIn = 0
    w.server.after = async (_, answer) => {
      const { refresh_token: _none, ...rest } = await answer.json()
      return json(rest)
    }
    const userAgent = scriptedUserAgent((url) => w.server.authorize(url), 'popup')
    const context = w.context({ userAgent, redirectUri: 'https://app.example/callback', ...options })
    await w.after(100, context.manager.signIn())
    return { w, ...context }
  }

  it('ACQ-22: is a lifetime that nobody knows: the token is used until an API refuses it', async () => {
    const { w, manager } = await signIn({})
    await w.clock.advance(30 * 24 * HOUR)
    expect(await w.after(100, manager.getAccessToken())).toHaveProperty('expiresAt', undefined)
    expect((await w.after(100, manager.fetch(API))).status).toBe(200)
  })

  it("is the end for who says expiresInZero: 'expired'", async () => {
    const { w, manager } = await signIn({ expiresInZero: 'expired' })
    await expect(w.after(100, manager.getAccessToken())).rejects.toMatchObject({ reason: 'expired' })
  })
})
