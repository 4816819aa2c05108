import { describe, expect, it } from 'vitest'
import type { TokenManagerOptions } from '../../src/index.ts'
import { scriptedUserAgent } from '../support/scripted-user-agent.ts'
import { anErrorSaying, itInDevelopment, saying } from '../support/sentences.ts'
import { json } from '../support/simulated-server.ts'
import { type World, world } from '../support/world.ts'

const notes = 'https://notes.example/'
const mail = 'https://mail.example/'
const redirectUri = 'https://app.example/callback'
const scope = 'openid notes:read notes:write mail:read'
const resources: NonNullable<TokenManagerOptions['resources']> = [
  { url: notes, resource: 'urn:notes' },
  { url: mail, resource: 'urn:mail', scope: 'mail:read' },
]
const invalidTarget = () => json({ error: 'invalid_target' }, 400)

/** What each token request named, in order. */
const named = (w: World) => w.server.requests.map(({ params }) => [params.get('resource'), params.get('scope')])

/** A context that signed in for both resources. */
async function signedIn(w: World, options: Partial<TokenManagerOptions> = {}) {
  w.server.subject = 'alice'
  const agent = scriptedUserAgent((url) => w.server.authorize(url))
  const a = w.context({ resources, scope, redirectUri, userAgent: agent, ...options })
  await w.after(100, a.manager.signIn())
  return { ...a, asked: new URL(agent.visited[0] as string).searchParams }
}

/** The last `count` requests to an API: where, and with which token. */
const calls = (w: World, count: number) =>
  w.server.calls.slice(-count).map(({ url, authorization }) => [url, authorization])

/** From now on token answers take `ms`. */
function slowly(w: World, ms: number) {
  w.server.after = async (_, answer) => {
    await new Promise<void>((done) => void w.clock.at(w.clock.elapsed() + ms, done))
    return answer
  }
}

describe('signing in for several resources', () => {
  it('ACQ-20: names every resource, and the first one in the token request: its token is for that one', async () => {
    const w = world()
    const { manager, asked } = await signedIn(w)
    expect(asked.getAll('resource')).toEqual(['urn:notes', 'urn:mail'])
    expect(named(w)).toEqual([['urn:notes', null]])
    expect((await w.after(0, manager.getAccessToken())).resource).toBe('urn:notes')
    await w.after(0, manager.fetch(notes))
    expect(calls(w, 1)).toEqual([[notes, 'Bearer at-2']])
    await w.after(100, manager.fetch(mail))
    expect(named(w).slice(1)).toEqual([['urn:mail', 'mail:read']])
    expect(calls(w, 1)).toEqual([[mail, 'Bearer at-3']])
    const { accessTokens } = (await w.record())!
    expect(Object.values(accessTokens).map(({ resource }) => resource)).toEqual(['urn:mail', 'urn:notes'])
  })

  it('a server with a parameter audience gets that: the first when signing in, each when refreshing', async () => {
    const w = world()
    const { manager, asked } = await signedIn(w, {
      resources: [
        { url: notes, audience: 'notes' },
        { url: mail, audience: 'mail' },
      ],
      authorizationParams: { organization: 'acme' },
    })
    expect([asked.getAll('audience'), asked.get('organization'), asked.has('resource')]).toEqual([
      ['notes'],
      'acme',
      false,
    ])
    await w.after(100, Promise.all([manager.fetch(notes), manager.fetch(mail)]))
    expect(w.server.requests.map(({ params }) => params.get('audience'))).toEqual([null, 'mail'])
    expect(new Set(calls(w, 2).flat()).size).toBe(4)
    expect(await w.after(0, manager.getAccessToken({ audience: 'mail' }))).toHaveProperty('value', 'at-3')
    expect(await w.after(0, manager.getAccessToken())).toHaveProperty('value', 'at-2')
  })

  it('a plain URL first: nothing is named in the token request, and its token is the server’s default', async () => {
    const w = world()
    const { manager, asked } = await signedIn(w, { resources: [notes, { url: mail, resource: 'urn:mail' }] })
    expect(asked.getAll('resource')).toEqual(['urn:mail'])
    await w.after(100, Promise.all([manager.fetch(notes), manager.fetch(mail)]))
    expect(named(w)).toEqual([
      [null, null],
      ['urn:mail', null],
    ])
  })

  itInDevelopment.each(['https://api/x#y', '/api', 'notes', 'https://api/ x', ''])(
    'ACQ-20: %j is no resource indicator, and that shows at construction',
    (resource) => {
      expect(() => world().context({ resources: [{ url: notes, resource }] })).toThrow(
        anErrorSaying(/resources\[0\].*fragment/) as Error,
      )
    },
  )
})

describe('one grant for several resources', () => {
  it.each(['shared', 'none'] as const)(
    'RT-04: two expired at once in two tabs (lock: %s): two token requests in sequence, no reuse',
    async (lock) => {
      const w = world({ lock })
      const a = await signedIn(w)
      const b = await w.opened({ resources, scope })
      await w.after(200, a.manager.fetch(mail))
      await w.settle()
      await w.clock.advance(301_000)
      const before = w.server.requests.length
      slowly(w, 300)
      const all = [a, b].flatMap(({ manager }) => [manager.fetch(notes), manager.fetch(mail)])
      const answers = await w.after(10_000, Promise.all(all))
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
      const sent = w.server.requests.slice(before)
      expect(sent.map(({ params }) => params.get('resource')).sort()).toEqual(['urn:mail', 'urn:notes'])
      expect(new Set(sent.map(({ refreshToken }) => refreshToken)).size).toBe(2)
      expect([w.server.overlap, w.server.reuse]).toEqual([1, 0])
      expect(new Set(calls(w, 4).map(String)).size).toBe(2)
    },
  )

  it('RT-04: what another tab brought while a call waited for its turn is not fetched again', async () => {
    const w = world()
    const files = 'https://files.example/'
    const three = [...resources, { url: files, resource: 'urn:files' }]
    const a = await signedIn(w, { resources: three })
    const b = await w.opened({ resources: three, scope })
    await w.clock.advance(301_000)
    const before = w.server.requests.length
    slowly(w, 300)
    const all = [b.manager.fetch(notes), a.manager.fetch(files), b.manager.fetch(mail), b.manager.fetch(files)]
    await w.after(10_000, Promise.all(all))
    const sent = w.server.requests.slice(before)
    expect(sent.map(({ params }) => params.get('resource'))).toEqual(['urn:notes', 'urn:files', 'urn:mail'])
  })

  it('RT-04: a refused token is replaced although another resource was refreshed since', async () => {
    const w = world()
    const { manager } = await signedIn(w)
    await w.after(100, manager.fetch(notes))
    const refused = calls(w, 1)[0]?.[1]
    slowly(w, 300)
    w.server.api = (request) =>
      new Response('', { status: request.headers.get('authorization') === refused ? 401 : 200 })
    const first = manager.fetch(mail)
    await w.settle()
    const answers = await w.after(5_000, Promise.all([first, manager.fetch(notes)]))
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(named(w).slice(1)).toEqual([
      ['urn:mail', 'mail:read'],
      ['urn:notes', null],
    ])
  })

  it('RT-05 STO-17: each token has its own scope; a narrower one is never taken for a wider one, nor the other way round', async () => {
    const w = world()
    const { manager } = await signedIn(w)
    const read = await w.after(100, manager.getAccessToken({ scope: 'notes:read' }))
    const both = await w.after(100, manager.getAccessToken({ scope: 'notes:write notes:read' }))
    const same = await w.after(100, manager.getAccessToken({ scope: 'notes:read notes:write' }))
    expect([read.scope, both.scope, same]).toEqual(['notes:read', 'notes:write notes:read', both])
    expect(new Set([read.value, both.value, (await w.after(0, manager.getAccessToken())).value]).size).toBe(3)
    expect(named(w).slice(1)).toEqual([
      ['urn:notes', 'notes:read'],
      ['urn:notes', 'notes:write notes:read'],
    ])
    expect(manager.state).toMatchObject({ session: { scope } })
  })

  it('RT-05: an answer with less scope than was asked for is no such token, and is asked for once', async () => {
    const w = world()
    const { manager } = await signedIn(w)
    w.server.after = async (_, answer) => json({ ...(await answer.json()), scope: 'notes:read' })
    const wanted = { scope: 'notes:read notes:write' }
    for (let call = 0; call < 3; call++)
      await expect(w.after(100, manager.getAccessToken(wanted))).rejects.toMatchObject({
        ...{ code: 'ERR_STEP_UP_REQUIRED', reason: 'insufficient_scope', scope: 'notes:write' },
      })
    expect(w.server.requests).toHaveLength(2)
    expect(manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
  })

  it('RT-05: beyond the grant nothing is sent, and the error names all that is missing', async () => {
    const w = world()
    const { manager } = await signedIn(w)
    await expect(w.after(100, manager.getAccessToken({ scope: 'notes:read admin root' }))).rejects.toMatchObject({
      ...{ code: 'ERR_STEP_UP_REQUIRED', reason: 'insufficient_scope', scope: 'admin root' },
      message: saying('signIn({ stepUp: stepUp(error) })'),
    })
    expect(w.server.requests).toHaveLength(1)
  })

  it('ACQ-20: invalid_target is lasting for that resource, and holds up no other', async () => {
    const w = world()
    const { manager } = await signedIn(w)
    w.server.before = ({ params }) => (params.get('resource') === 'urn:mail' ? invalidTarget() : undefined)
    for (let call = 0; call < 3; call++)
      await expect(w.after(100, manager.fetch(mail))).rejects.toMatchObject({
        ...{ code: 'ERR_CLIENT_REJECTED', reason: 'invalid_target' },
      })
    expect(w.server.requests).toHaveLength(2)
    await w.clock.advance(301_000)
    expect((await w.after(100, manager.fetch(notes))).status).toBe(200)
    await expect(w.after(100, manager.fetch(mail))).rejects.toMatchObject({ reason: 'invalid_target' })
    expect(w.server.requests).toHaveLength(3)
    expect(manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
    expect((await w.record())?.failure).toBeUndefined()
  })

  it.each([
    ['Auth0', { error: 'mfa_required', mfa_token: 'x' }, 403],
    ['Entra', { error: 'invalid_grant', suberror: 'basic_action' }, 400],
    ['any server', { error: 'interaction_required' }, 400],
  ])(
    'RT-05: an API for which the server wants the person holds up no other, however often it is asked: %s',
    async (_, refusal, status) => {
      const w = world()
      const { manager } = await signedIn(w)
      w.server.before = ({ params }) => (params.get('resource') === 'urn:mail' ? json(refusal, status) : undefined)
      const minutes = 60
      for (let minute = 0; minute < minutes; minute++) {
        await expect(w.after(100, manager.fetch(mail))).rejects.toMatchObject({
          ...{ code: 'ERR_GRANT_REJECTED', reason: 'interaction_required' },
        })
        expect((await w.after(100, manager.fetch(notes))).status).toBe(200)
        await w.clock.advance(59_800)
      }
      expect(manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
      const asked = named(w).filter(([resource]) => resource === 'urn:mail')
      expect(asked).toHaveLength(minutes / 15)
    },
  )

  it('RT-05: and is asked for again after a quarter of an hour, for the person may have done what was wanted', async () => {
    const w = world()
    const { manager } = await signedIn(w)
    const wantsPerson = () => json({ error: 'mfa_required' }, 403)
    w.server.before = ({ params }) => (params.get('resource') === 'urn:mail' ? wantsPerson() : undefined)
    await expect(w.after(100, manager.fetch(mail))).rejects.toMatchObject({ reason: 'interaction_required' })
    w.server.before = () => undefined
    await expect(w.after(100, manager.fetch(mail))).rejects.toMatchObject({ reason: 'interaction_required' })
    await w.clock.advance(15 * 60_000)
    expect((await w.after(100, manager.fetch(mail))).status).toBe(200)
  })

  it('the token of the sign-in is the one that is refreshed without being asked for', async () => {
    const w = world({ visible: true })
    await signedIn(w)
    await w.clock.advance(290_000)
    expect(named(w)).toEqual([
      ['urn:notes', null],
      ['urn:notes', null],
    ])
  })
})
