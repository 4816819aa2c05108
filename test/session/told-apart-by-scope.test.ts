import { describe, expect, it } from 'vitest'
import { stepUp, type TokenManagerError, type TokenManagerOptions } from '../../src/index.ts'
import { type EntraServer, entraServer } from '../support/entra-server.ts'
import { type ScriptedUserAgent, scriptedUserAgent } from '../support/scripted-user-agent.ts'
import { json } from '../support/simulated-server.ts'
import { type Context, type World, type WorldOptions, world } from '../support/world.ts'

const notes = 'https://notes.example/'
const graph = 'https://graph.microsoft.com/v1.0/'
const redirectUri = 'https://app.example/callback'
const HOUR = 3_600_000

const resources: NonNullable<TokenManagerOptions['resources']> = [
  { url: notes, scope: 'api://a/read' },
  { url: graph, scope: 'Mail.Read' },
]

/** A world whose authorization server is Entra, and a person who is not signed in. */
interface EntraWorld extends World {
  readonly entra: EntraServer
  readonly agent: ScriptedUserAgent
  readonly options: Partial<TokenManagerOptions>
}

function entraWorld(more: Partial<TokenManagerOptions> = {}, options?: WorldOptions): EntraWorld {
  const w = world(options)
  const entra = entraServer(w.clock.now, { [notes]: 'api://a', [graph]: 'https://graph.microsoft.com' })
  const agent = scriptedUserAgent((url) => entra.authorize(url), 'popup')
  return Object.assign(w, {
    entra,
    agent,
    options: {
      ...{ issuer: entra.issuer, fetch: entra.fetch, userAgent: agent, redirectUri },
      ...{ scope: 'openid offline_access', resources },
      ...more,
    },
  })
}

async function signedIn(w: EntraWorld): Promise<Context> {
  const context = w.context(w.options)
  await w.after(100, context.manager.signIn())
  return context
}

const statusOf = async (w: World, { manager }: Context, url: string) =>
  (await w.after(2_000, manager.fetch(url))).status
const scopesOf = ({ entra }: EntraWorld) => entra.requests.map(({ scope }) => scope)
const refusalsOf = ({ entra }: EntraWorld) => entra.requests.filter(({ status }) => status !== 200)
const caught = (work: Promise<unknown>): Promise<TokenManagerError> =>
  work.then(
    () => expect.unreachable(),
    (error) => error,
  )

describe('two APIs of Entra, told apart by scope alone', () => {
  it('signing in asks for all, and redeems the code for the first', async () => {
    const w = entraWorld()
    const context = await signedIn(w)
    expect(w.entra.asked).toEqual(['openid offline_access api://a/read Mail.Read'])
    expect(scopesOf(w)).toEqual(['openid offline_access api://a/read'])
    expect(await statusOf(w, context, notes)).toBe(200)
    expect(w.entra.requests).toHaveLength(1)
    expect(await statusOf(w, context, graph)).toBe(200)
    expect(scopesOf(w).slice(1)).toEqual(['Mail.Read'])
    expect(context.manager.state).toMatchObject({
      ...{ status: 'signedIn', health: 'ok', session: { scope: 'api://a/read Mail.Read' } },
    })
    expect(context.told).not.toContain('step_up_required')
  })

  it('a day in two tabs: each refresh names the scope of its API, none is refused, and nobody has to sign in again', async () => {
    const w = entraWorld({}, { visible: true })
    w.entra.needsScope = true
    const a = await signedIn(w)
    const b = await w.opened(w.options)
    for (let hour = 0; hour < 24; hour += 0.25) {
      for (const context of [a, b])
        for (const url of [notes, graph]) expect([hour, url, await statusOf(w, context, url)]).toEqual([hour, url, 200])
      await w.clock.advance(HOUR / 4)
    }
    expect(w.agent.visited).toHaveLength(1)
    expect(refusalsOf(w)).toEqual([])
    expect(new Set(scopesOf(w).slice(1))).toEqual(new Set(['api://a/read', 'Mail.Read']))
    expect(w.entra.requests.length).toBeLessThanOrEqual(1 + 2 * 26)
    for (const { manager } of [a, b]) expect(manager.state).toMatchObject({ health: 'ok' })
  })

  it('what nobody calls for names the scope as well: the timer, an interval, refresh() and minValidity', async () => {
    const w = entraWorld({ refresh: { interval: HOUR / 2 } }, { visible: true })
    w.entra.needsScope = true
    const { manager } = await signedIn(w)
    await w.clock.advance(3 * HOUR)
    await w.after(2_000, manager.refresh({ reason: 'test' }))
    await w.after(2_000, manager.getAccessToken({ minValidity: 3_590_000 }))
    expect(w.entra.requests.length).toBeGreaterThan(6)
    expect([...new Set(scopesOf(w).slice(1))]).toEqual(['api://a/read'])
    expect(refusalsOf(w)).toEqual([])
  })

  it('getAccessToken() without a target is for the first, and by scope it is for the other', async () => {
    const w = entraWorld()
    const context = await signedIn(w)
    const { manager } = context
    const first = await w.after(100, manager.getAccessToken())
    expect(first).toMatchObject({ scope: 'api://a/read' })
    expect(await w.after(100, manager.getAccessToken({ scope: 'api://a/read' }))).toBe(first)
    const other = await w.after(100, manager.getAccessToken({ scope: 'Mail.Read' }))
    expect(other).toMatchObject({ scope: 'Mail.Read openid profile email' })
    expect(await statusOf(w, context, graph)).toBe(200)
    expect(w.entra.requests).toHaveLength(2)
  })

  it('a page that is opened later goes on with it', async () => {
    const w = entraWorld()
    await signedIn(w)
    const later = await w.opened(w.options)
    expect([await statusOf(w, later, graph), await statusOf(w, later, notes)]).toEqual([200, 200])
    expect(scopesOf(w).slice(1)).toEqual(['Mail.Read'])
  })

  it('tokens from elsewhere: which API they are for is not known, so each asks for its own', async () => {
    const w = entraWorld()
    await signedIn(w)
    const { refreshToken = '' } = (await w.record()) ?? {}
    const other = w.context({ ...w.options, account: 'other' })
    await w.after(100, other.manager.adopt({ accessToken: 'of-unknown-use', refreshToken }))
    expect([await statusOf(w, other, notes), await statusOf(w, other, graph)]).toEqual([200, 200])
    expect(scopesOf(w).slice(1)).toEqual(['api://a/read', 'Mail.Read'])
  })

  it('scopes that speak of no API are in no access token, and missed in none', async () => {
    const own = [
      { url: notes, scope: 'openid offline_access api://a/read' },
      { url: graph, scope: 'offline_access Mail.Read profile' },
    ]
    const w = entraWorld({ resources: own, scope: '' })
    const context = await signedIn(w)
    expect([await statusOf(w, context, notes), await statusOf(w, context, graph)]).toEqual([200, 200])
    expect(scopesOf(w)).toEqual(['openid offline_access profile api://a/read', 'offline_access Mail.Read profile'])
  })

  it('a scope that stands for several is answered in other words, and is not missed', async () => {
    const w = entraWorld({ resources: [{ url: notes, scope: 'api://a/.default' }] })
    const consent = ({ consented }: EntraServer) => (consented as Set<string>).add('api://a/read').add('api://a/write')
    consent(w.entra)
    const context = await signedIn(w)
    for (let hour = 0; hour < 5; hour++) {
      expect(await statusOf(w, context, notes)).toBe(200)
      await w.clock.advance(HOUR)
    }
    expect((await w.after(2_000, context.manager.getAccessToken())).scope).toBe('api://a/read api://a/write')
    expect(new Set(scopesOf(w).slice(1))).toEqual(new Set(['api://a/.default']))
    // Servers refuse the one beside the others, so what was asked with is what is asked with again.
    await w.after(
      100,
      context.manager
        .signIn({ stepUp: stepUp(await challenged(w, context, 'acr_values="gold"', 401)) })
        .catch(() => {}),
    )
    expect(w.entra.asked.at(-1)).toBe('openid offline_access api://a/.default')
  })
})

/** The error of a call that an API refuses with this challenge, once. */
async function challenged(w: EntraWorld, { manager }: Context, parameters: string, status: number, url = notes) {
  const error = status === 403 ? 'insufficient_scope' : 'insufficient_user_authentication'
  const headers = { 'www-authenticate': `Bearer error="${error}", ${parameters}` }
  w.entra.api = () => new Response('', { status, headers })
  const failure = await caught(w.after(2_000, manager.fetch(url)))
  w.entra.api = () => undefined
  expect(failure).toMatchObject({ code: 'ERR_STEP_UP_REQUIRED', reason: error })
  return failure
}

describe('more scope later', () => {
  it('a scope that was never asked for is asked for once, beside the others', async () => {
    const w = entraWorld()
    const context = await signedIn(w)
    const { manager } = context
    const wanted = { scope: 'Files.Read' }
    const error = await caught(w.after(100, manager.getAccessToken(wanted)))
    expect(error).toMatchObject({ code: 'ERR_STEP_UP_REQUIRED', reason: 'insufficient_scope', scope: 'Files.Read' })
    expect(w.entra.requests).toHaveLength(1)
    await w.after(100, manager.signIn({ stepUp: stepUp(error) }))
    expect(w.entra.asked.at(-1)).toBe('openid offline_access api://a/read Mail.Read Files.Read')
    expect((await w.after(100, manager.getAccessToken(wanted))).scope).toContain('Files.Read')
    expect([await statusOf(w, context, notes), await statusOf(w, context, graph)]).toEqual([200, 200])
    expect(refusalsOf(w)).toEqual([])
    expect(w.agent.visited).toHaveLength(2)
  })

  it('an API that asks for a scope again, although a sign-in has just asked for it, makes no circle', async () => {
    const w = entraWorld()
    const context = await signedIn(w)
    const first = await challenged(w, context, 'scope="Files.Read"', 403, graph)
    await w.after(100, context.manager.signIn({ stepUp: stepUp(first) }))
    const second = await challenged(w, context, 'scope="Files.Read"', 403, graph)
    await expect(w.after(100, context.manager.signIn({ stepUp: stepUp(second) }))).rejects.toMatchObject({
      reason: 'step_up_unsatisfied',
    })
    expect(w.agent.visited).toHaveLength(2)
    // A person may think better of it.
    await w.clock.advance(31_000)
    await w.after(100, context.manager.signIn({ stepUp: stepUp(second) }))
    expect(w.agent.visited).toHaveLength(3)
  })
})

describe('a scope that nobody consented to', () => {
  it('is that API’s matter alone: the session goes on, and the scope can be asked for later', async () => {
    const w = entraWorld()
    w.entra.declined = new Set(['Mail.Read'])
    const context = await signedIn(w)
    const errors: TokenManagerError[] = []
    for (let call = 0; call < 3; call++) errors.push(await caught(w.after(100, context.manager.fetch(graph))))
    for (const error of errors) expect(error).toMatchObject({ code: 'ERR_STEP_UP_REQUIRED', scope: 'Mail.Read' })
    expect(refusalsOf(w)).toHaveLength(1)
    expect(await statusOf(w, context, notes)).toBe(200)
    expect(context.manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })

    w.entra.declined = new Set()
    await w.after(100, context.manager.signIn({ stepUp: stepUp(errors[0] as TokenManagerError) }))
    expect(await statusOf(w, context, graph)).toBe(200)
    expect(w.agent.visited).toHaveLength(2)
  })
})

describe('a server of RFC 6749 with APIs told apart by scope', () => {
  const mail = 'https://mail.example/'
  const entries = [
    { url: notes, scope: 'notes:read' },
    { url: mail, scope: 'mail:read' },
  ]

  /** Its answers name the scope that was granted, and a refresh beyond it is `invalid_scope`. */
  async function rfc(granted: () => string) {
    const w = world()
    w.server.subject = 'alice'
    const within = (scope: string) => scope.split(' ').every((one) => granted().split(' ').includes(one))
    w.server.before = ({ params, grantType }) => {
      const scope = params.get('scope') ?? ''
      return grantType === 'refresh_token' && scope && !within(scope)
        ? json({ error: 'invalid_scope' }, 400)
        : undefined
    }
    w.server.after = async ({ params, grantType }, answer) => {
      const scope = grantType === 'refresh_token' ? (params.get('scope') ?? granted()) : granted()
      return json({ ...(await answer.json()), scope })
    }
    const agent = scriptedUserAgent((url) => w.server.authorize(url), 'popup')
    const options = { resources: entries, scope: 'openid', redirectUri, userAgent: agent }
    const context = w.context(options)
    await w.after(100, context.manager.signIn())
    return { w, agent, options, ...context, context }
  }

  it('its token for everything goes to no place that is to have less: each asks for its own', async () => {
    const { w, agent, context, manager } = await rfc(() => 'openid notes:read mail:read')
    expect(new URL(agent.visited[0] as string).searchParams.get('scope')).toBe('openid notes:read mail:read')
    expect([await statusOf(w, context, notes), await statusOf(w, context, mail)]).toEqual([200, 200])
    expect(w.server.requests.slice(1).map(({ params }) => params.get('scope'))).toEqual(['notes:read', 'mail:read'])
    expect(new Set(w.server.calls.map(({ authorization }) => authorization)).size).toBe(2)
    expect(w.server.calls.map(({ authorization }) => authorization)).not.toContain('Bearer at-2')
    expect((await w.after(100, manager.getAccessToken())).scope).toBe('notes:read')
    expect(manager.state).toMatchObject({ session: { scope: 'openid notes:read mail:read' } })
  })

  it('what the person did not agree to is one API’s matter, found out once, and can be asked for later', async () => {
    let granted = 'openid notes:read'
    const { w, agent, context, manager } = await rfc(() => granted)
    const errors: TokenManagerError[] = []
    for (let call = 0; call < 3; call++) errors.push(await caught(w.after(100, manager.fetch(mail))))
    for (const error of errors)
      expect(error).toMatchObject({ code: 'ERR_STEP_UP_REQUIRED', reason: 'insufficient_scope', scope: 'mail:read' })
    const refused = w.server.requests.filter(({ params }) => params.get('scope') === 'mail:read')
    expect(refused).toHaveLength(1)
    expect(await statusOf(w, context, notes)).toBe(200)
    expect(manager.state).toMatchObject({ health: 'ok', session: { scope: 'openid notes:read' } })
    expect((await w.record())?.failure).toBeUndefined()

    // Refused again: the next attempt makes no circle.
    await w.after(100, manager.signIn({ stepUp: stepUp(errors[0] as TokenManagerError) }))
    const again = await caught(w.after(100, manager.fetch(mail)))
    await expect(w.after(100, manager.signIn({ stepUp: stepUp(again) }))).rejects.toMatchObject({
      reason: 'step_up_unsatisfied',
    })
    expect(agent.visited).toHaveLength(2)

    await w.clock.advance(31_000)
    granted = 'openid notes:read mail:read'
    await w.after(100, manager.signIn({ stepUp: stepUp(again) }))
    expect(await statusOf(w, context, mail)).toBe(200)
  })

  it('the first API refused: the others go on', async () => {
    const { w, options, context, manager } = await rfc(() => 'openid mail:read')
    expect(await caught(w.after(100, manager.fetch(notes)))).toMatchObject({
      ...{ code: 'ERR_STEP_UP_REQUIRED', scope: 'notes:read' },
    })
    expect(await statusOf(w, context, mail)).toBe(200)
    await w.clock.advance(301_000)
    expect(await statusOf(w, context, mail)).toBe(200)
    expect(manager.state).toMatchObject({ health: 'ok' })
    await w.clock.advance(301_000)
    const page = await w.opened(options)
    expect(await caught(w.after(100, page.manager.fetch(notes)))).toMatchObject({ scope: 'notes:read' })
    expect(page.manager.state).toMatchObject({ health: 'ok' })
  })
})
