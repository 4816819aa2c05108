import { describe, expect, it } from 'vitest'
import { stepUp, TokenManagerError, type TokenManagerOptions } from '../../src/index.ts'
import type { SessionRecord } from '../../src/session/record.ts'
import { type Challenge, forChallenge, satisfies } from '../../src/session/step-up.ts'
import { scriptedUserAgent } from '../support/scripted-user-agent.ts'
import { json } from '../support/simulated-server.ts'
import { type World, world } from '../support/world.ts'

const api = 'https://api.example/transfers'
const redirectUri = 'https://app.example/callback'
const scope = 'openid notes'
const challenge = (parameters: string) => `Bearer error="insufficient_user_authentication", ${parameters}`
const seconds = (w: World) => Math.floor(w.clock.now() / 1_000)

/** A person who is signed in, an API that refuses every token that is not in `good`, and how the person answers. */
async function refused(asks: string, options: Partial<TokenManagerOptions> = {}, how: 'popup' | 'redirect' = 'popup') {
  const w = world()
  w.server.subject = options.scope === 'notes' ? undefined : 'alice'
  w.server.claims = { acr: 'bronze', auth_time: seconds(w) - 600 }
  const agent = scriptedUserAgent((url) => w.server.authorize(url), how)
  const context = { userAgent: agent, redirectUri, scope, ...options }
  const first = w.context({ ...context, userAgent: scriptedUserAgent((url) => w.server.authorize(url)) })
  await w.after(100, first.manager.signIn())
  const good = new Set<string | null>()
  w.server.api = (request) =>
    good.has(request.headers.get('authorization'))
      ? json({})
      : new Response('', { status: asks.includes('scope') ? 403 : 401, headers: { 'www-authenticate': asks } })
  const a = how === 'popup' ? w.context(context) : first
  await a.manager.ready()
  const call = () => w.after(200, a.manager.fetch(api))
  const error = (await call().catch((error) => error)) as TokenManagerError
  expect(error).toMatchObject({ name: 'TokenManagerError', code: 'ERR_STEP_UP_REQUIRED' })
  const asked = () => new URL(agent.visited.at(-1) as string).searchParams
  return { w, agent, good, call, error, asked, context, ...a }
}

describe('signIn({ stepUp })', () => {
  it('USE-14 ACQ-25: asks for what the API wants, keeps the session until then, and has it afterwards', async () => {
    const { w, agent, good, call, error, asked, manager } = await refused(
      challenge('acr_values="silver gold", max_age="60"'),
    )
    const before = await w.record()
    w.server.claims = { acr: 'gold', auth_time: seconds(w) }
    let meanwhile: unknown
    agent.answer = async (url) => {
      meanwhile = [(await manager.getAccessToken()).value, manager.state.status, await w.record()]
      return w.server.authorize(url)
    }
    await w.after(1_000, manager.signIn({ stepUp: stepUp(error), returnTo: '/transfers' }))
    expect(meanwhile).toEqual(['at-2', 'signedIn', before])
    expect([asked().get('acr_values'), asked().get('max_age'), asked().get('scope')]).toEqual([
      'silver gold',
      '60',
      scope,
    ])
    expect(manager.state).toMatchObject({ session: { claims: { acr: 'gold' }, returnTo: '/transfers' } })
    const { value } = await w.after(0, manager.getAccessToken())
    expect(value).not.toBe('at-2')
    good.add(`Bearer ${value}`)
    expect((await call()).status).toBe(200)
    expect(w.server.revoked).toEqual([])
    expect((await w.record())?.grantId).not.toBe(before?.grantId)
  })

  it('USE-14: 403 insufficient_scope: asks for the scope beside what the session has', async () => {
    const { w, error, asked, manager, good, call } = await refused(
      'Bearer error="insufficient_scope", scope="notes admin"',
    )
    expect(error).toMatchObject({ reason: 'insufficient_scope', scope: 'notes admin' })
    await w.after(1_000, manager.signIn({ stepUp: stepUp(error) }))
    expect(asked().get('scope')).toBe('openid notes admin')
    expect([asked().has('acr_values'), asked().has('max_age')]).toEqual([false, false])
    expect(manager.state).toMatchObject({ session: { scope: 'openid notes admin' } })
    good.add(`Bearer ${(await w.after(0, manager.getAccessToken({ scope: 'admin' }))).value}`)
    expect(w.server.requests.at(-1)?.params.get('scope')).toBe('admin')
    await expect(call()).rejects.toMatchObject({ reason: 'insufficient_scope' })
  })

  it('a scope that the grant lacks is asked for in the same way', async () => {
    const w = world()
    w.server.subject = 'alice'
    const agent = scriptedUserAgent((url) => w.server.authorize(url))
    const { manager } = w.context({ userAgent: agent, redirectUri, scope })
    await w.after(100, manager.signIn())
    const error = await w.after(0, manager.getAccessToken({ scope: 'admin' })).catch((error) => error)
    await w.after(100, manager.signIn({ stepUp: stepUp(error) }))
    expect((await w.after(100, manager.getAccessToken({ scope: 'admin' }))).scope).toBe('admin')
    const { length } = agent.visited
    await w.after(100, manager.signIn({ stepUp: stepUp(error) }))
    expect(agent.visited).toHaveLength(length)
  })

  it('what the caller asks for beside it comes first', async () => {
    const { w, error, asked, manager } = await refused(challenge('acr_values="gold", max_age="60"'))
    w.server.claims = { acr: 'diamond', auth_time: seconds(w) }
    await w.after(
      1_000,
      manager.signIn({ stepUp: stepUp(error), acrValues: ['diamond'], prompt: 'login', scope: 'openid more' }),
    )
    expect(Object.fromEntries(asked())).toMatchObject({
      ...{ acr_values: 'diamond', max_age: '60', prompt: 'login', scope: 'openid more notes' },
    })
  })

  it.each<[string, object, object]>([
    ['another acr', { acr: 'bronze', auth_time: 1 }, { reason: 'insufficient_user_authentication' }],
    ['no acr', { acr: undefined, auth_time: 1 }, { reason: 'insufficient_user_authentication' }],
    ['an old authentication', { acr: 'gold', auth_time: -900 }, { reason: 'id_token_auth_time' }],
    ['no auth_time', { acr: 'gold', auth_time: undefined }, { reason: 'id_token_auth_time' }],
  ])(
    'ACQ-25: a step-up that brings %s leaves the session as it was',
    async (_, claims: { auth_time?: number }, wrong) => {
      const { w, error, manager } = await refused(challenge('acr_values="gold", max_age="60"'))
      const [before, { state }] = [await w.record(), manager]
      w.server.claims = { ...claims, auth_time: claims.auth_time && seconds(w) + claims.auth_time }
      await expect(w.after(1_000, manager.signIn({ stepUp: stepUp(error) }))).rejects.toMatchObject(wrong)
      await w.settle()
      expect([await w.record(), manager.state]).toEqual([before, state])
      expect((await w.after(0, manager.getAccessToken())).value).toBe('at-2')
      expect(w.server.revoked).toEqual([])
    },
  )

  it('one that does not bring the scope leaves it as it was, too', async () => {
    const { w, error, manager } = await refused('Bearer error="insufficient_scope", scope="admin"')
    const before = await w.record()
    w.server.after = async (_, answer) => json({ ...(await answer.json()), scope })
    await expect(w.after(1_000, manager.signIn({ stepUp: stepUp(error) }))).rejects.toMatchObject({
      ...{ code: 'ERR_AUTHORIZATION_REJECTED', reason: 'insufficient_scope', scope: 'admin' },
    })
    expect(await w.record()).toEqual(before)
    expect(w.server.revoked).toEqual([])
  })

  it.each<[string, (url: string) => string]>([
    ['is refused by the person', (url) => url.replace(/code=[^&]*/, 'error=access_denied')],
    ['comes back with an error', (url) => url.replace(/code=[^&]*/, 'error=unmet_authentication_requirements')],
  ])('one that %s leaves it as it was, by redirect too', async (_, answer) => {
    const { w, agent, error, manager, context } = await refused(challenge('acr_values="gold"'), {}, 'redirect')
    const page = w.context(context)
    void page.manager.signIn({ stepUp: stepUp(error), returnTo: '/transfers' })
    await w.settle()
    const before = await w.record()
    agent.landing = answer(agent.landing as string)
    const landed = w.context(context)
    const state = await w.after(100, landed.manager.ready())
    expect(state).toMatchObject({ status: 'signedIn', health: 'ok', session: { returnTo: '/transfers' } })
    expect(landed.told).toEqual(['sign_in_failed'])
    expect([await w.record(), manager.state.status]).toEqual([before, 'signedIn'])
    await w.after(1_000, landed.manager.refresh())
    expect(landed.manager.state).toMatchObject({ session: { returnTo: '/transfers' } })
  })

  it('a sign-in that comes back in vain knows where the person wanted to go, too', async () => {
    const w = world()
    const agent = scriptedUserAgent((url) => w.server.authorize(url), 'redirect')
    const context = { userAgent: agent, redirectUri, scope }
    void w.context(context).manager.signIn({ returnTo: '/transfers' })
    await w.settle()
    agent.landing = agent.landing?.replace(/code=[^&]*/, 'error=access_denied')
    const state = await w.after(100, w.context(context).manager.ready())
    expect(state).toMatchObject({ status: 'signedOut', reason: 'sign_in_failed', returnTo: '/transfers' })
  })
})

describe('calls while a step-up completes', () => {
  it('USE-14: that wait go on with the new tokens, in every tab', async () => {
    const { w, error, manager, good } = await refused(challenge('acr_values="gold"'))
    const b = await w.opened()
    await w.clock.advance(301_000)
    const open = w.hold()
    const calls: Promise<unknown>[] = [
      ...[manager.getAccessToken(), manager.refresh(), b.manager.getAccessToken(), b.manager.refresh()],
      manager.fetch(api),
    ]
    for (const call of calls) call.catch(() => {})
    await w.settle()
    expect(w.server.requests.at(-1)?.params.get('grant_type')).toBe('refresh_token')
    w.server.after = async (_, answer) => answer
    w.server.claims = { acr: 'gold' }
    w.server.api = (request) => {
      good.add(request.headers.get('authorization'))
      return json({})
    }
    await w.after(1_000, manager.signIn({ stepUp: stepUp(error) }))
    open()
    const [first] = await Promise.all(calls.map((call) => w.after(5_000, call)))
    expect((first as { value: string }).value).toBe((await w.after(0, manager.getAccessToken())).value)
    expect([...good]).toEqual([`Bearer ${(first as { value: string }).value}`])
    expect([manager.state.status, b.manager.state.status]).toEqual(['signedIn', 'signedIn'])
    expect(w.server.living).toContain((await w.record())?.refreshToken)
    expect(w.server.revoked).toEqual([])
  })

  it('USE-14: for another resource ask for its token in the new grant', async () => {
    const { w, error, manager } = await refused(challenge('acr_values="gold"'))
    await w.clock.advance(301_000)
    const open = w.hold()
    const calls = [manager.getAccessToken({ resource: 'urn:mail' }), manager.refresh({ resource: 'urn:notes' })]
    for (const call of calls) call.catch(() => {})
    await w.settle()
    w.server.after = async (_, answer) => answer
    w.server.claims = { acr: 'gold' }
    await w.after(1_000, manager.signIn({ stepUp: stepUp(error) }))
    open()
    const [mail, notes] = await Promise.all(calls.map((call) => w.after(5_000, call)))
    expect([mail?.resource, notes?.resource]).toEqual(['urn:mail', 'urn:notes'])
    expect([manager.state.status, w.server.revoked]).toEqual(['signedIn', []])
  })

  it('USE-14: one whose old token is refused by then is sent again with the new one', async () => {
    const { w, error, manager } = await refused(challenge('acr_values="gold"'))
    const [a, b] = [manager, (await w.opened()).manager]
    const used: (string | null)[] = []
    let answer = () => {}
    const stepped = new Promise<void>((resolve) => (answer = resolve))
    w.server.api = async (request) => {
      const token = request.headers.get('authorization')
      used.push(token)
      if (token !== 'Bearer at-2') return json({})
      await stepped
      return new Response('', { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
    }
    const calls = [a.fetch(api), b.fetch(api)]
    await w.settle()
    w.server.claims = { acr: 'gold' }
    await w.after(1_000, manager.signIn({ stepUp: stepUp(error) }))
    answer()
    for (const call of calls) expect((await w.after(1_000, call)).status).toBe(200)
    const { value } = await w.after(0, manager.getAccessToken())
    expect(used).toEqual(['Bearer at-2', 'Bearer at-2', `Bearer ${value}`, `Bearer ${value}`])
  })

  it('a call from before a sign-out, or from before the sign-in of another person, ends with it', async () => {
    for (const between of ['signOut', 'signIn'] as const) {
      const { w, manager } = await refused(challenge('acr_values="gold"'))
      await w.clock.advance(301_000)
      const open = w.hold()
      const calls: Promise<unknown>[] = [manager.getAccessToken(), manager.refresh()]
      for (const call of calls) call.catch(() => {})
      await w.settle()
      w.server.after = async (_, answer) => answer
      if (between === 'signOut') await w.after(100, manager.signOut())
      else w.server.subject = 'bob'
      await w.after(1_000, manager.signIn())
      open()
      for (const call of calls) await expect(w.after(5_000, call)).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    }
  })
})

describe('a step-up that does not help', () => {
  it('USE-14: the same challenge for the new token is an error that says so, and no second sign-in', async () => {
    const { w, agent, error, manager, call } = await refused(challenge('acr_values="gold", max_age="300"'))
    w.server.claims = { acr: 'gold', auth_time: seconds(w) }
    await w.after(1_000, manager.signIn({ stepUp: stepUp(error) }))
    for (let round = 0; round < 2; round++) {
      const again = await call().catch((error) => error)
      await expect(w.after(100, manager.signIn({ stepUp: stepUp(again) }))).rejects.toMatchObject({
        ...{ code: 'ERR_RESPONSE_INVALID', reason: 'step_up_unsatisfied' },
      })
    }
    expect(agent.visited).toHaveLength(1)
    expect(manager.state.status).toBe('signedIn')
    await w.clock.advance(300_000)
    const later = await call().catch((error) => error)
    w.server.claims = { acr: 'gold', auth_time: seconds(w) }
    await w.after(1_000, manager.signIn({ stepUp: stepUp(later) }))
    expect(agent.visited).toHaveLength(2)
  })

  it('a challenge for a token from before the step-up only means that the call has to be made again', async () => {
    const { w, agent, error, manager, call } = await refused(challenge('acr_values="gold"'))
    const other = await call().catch((error) => error)
    w.server.claims = { acr: 'gold' }
    await w.after(1_000, manager.signIn({ stepUp: stepUp(error) }))
    expect(await w.after(100, manager.signIn({ stepUp: stepUp(other) }))).toBe(manager.state)
    expect(agent.visited).toHaveLength(1)
  })

  it('USE-14: a page that steps up by itself does not go round in circles when the server never gives it', async () => {
    const { w, agent, manager, call } = await refused(challenge('acr_values="gold"'))
    const outcomes: string[] = []
    for (let round = 0; round < 5; round++) {
      const error = await call().catch((error) => error)
      await w.after(1_000, manager.signIn({ stepUp: stepUp(error) })).catch(({ reason }) => outcomes.push(reason))
    }
    expect(outcomes).toEqual(['insufficient_user_authentication', ...Array(4).fill('step_up_unsatisfied')])
    expect(agent.visited).toHaveLength(1)
    const error = await call().catch((error) => error)
    await w.clock.advance(30_000)
    await expect(w.after(1_000, manager.signIn({ stepUp: stepUp(error) }))).rejects.toMatchObject({
      reason: 'insufficient_user_authentication',
    })
    expect(agent.visited).toHaveLength(2)
  })

  it('nor where nothing tells what the sign-in brought: a server without OpenID Connect', async () => {
    const { w, agent, manager, call } = await refused(challenge('acr_values="gold"'), { scope: 'notes' })
    const outcomes: string[] = []
    for (let round = 0; round < 3; round++) {
      const error = await call().catch((error) => error)
      await w
        .after(1_000, manager.signIn({ stepUp: stepUp(error), scope: 'notes' }))
        .catch(({ reason }) => outcomes.push(reason))
    }
    expect([outcomes, agent.visited.length]).toEqual([['step_up_unsatisfied', 'step_up_unsatisfied'], 1])
  })

  it('who said no may change their mind at once, and another challenge is another matter', async () => {
    const { w, agent, error, manager } = await refused(challenge('acr_values="gold"'))
    agent.answer = (url) => w.server.authorize(url).replace(/code=[^&]*/, 'error=access_denied')
    await expect(w.after(100, manager.signIn({ stepUp: stepUp(error) }))).rejects.toMatchObject({ reason: 'cancelled' })
    agent.answer = (url) => w.server.authorize(url)
    await expect(w.after(100, manager.signIn({ stepUp: stepUp(error) }))).rejects.toMatchObject({
      reason: 'insufficient_user_authentication',
    })
    const more = new TokenManagerError('ERR_STEP_UP_REQUIRED', 'insufficient_user_authentication', '', {
      acrValues: ['platinum'],
    })
    w.server.claims = { acr: 'platinum' }
    await w.after(100, manager.signIn({ stepUp: stepUp(more) }))
    expect(agent.visited).toHaveLength(3)
  })
})

describe('another person', () => {
  it('ACQ-27: comes back from a step-up: the session ends everywhere, and nothing of either is kept', async () => {
    const { w, error, manager } = await refused(challenge('acr_values="gold"'))
    const b = await w.opened()
    w.server.subject = 'bob'
    w.server.claims = { acr: 'gold' }
    await expect(w.after(1_000, manager.signIn({ stepUp: stepUp(error) }))).rejects.toMatchObject({
      reason: 'user_changed',
    })
    await w.clock.advance(1_000)
    for (const one of [manager, b.manager])
      expect(one.state).toMatchObject({ status: 'signedOut', reason: 'user_changed' })
    expect(w.server.revoked.map(({ token }) => token).sort()).toEqual(['at-2', 'at-4', 'rt-2', 'rt-4'])
    const record = await w.record()
    expect(record).toMatchObject({ accessTokens: {} })
    expect(record).not.toHaveProperty('claims')
  })

  it('ACQ-27: comes back by redirect: the page says so, and nobody is led to where the first one wanted to go', async () => {
    const { w, agent, error, manager, context } = await refused(challenge('acr_values="gold"'), {}, 'redirect')
    void w.context(context).manager.signIn({ stepUp: stepUp(error), returnTo: '/transfers' })
    await w.settle()
    w.server.subject = 'bob'
    w.server.claims = { acr: 'gold' }
    agent.landing = w.server.authorize(agent.visited.at(-1) as string)
    const landed = w.context(context)
    expect(await w.after(1_000, landed.manager.ready())).toEqual({ status: 'signedOut', reason: 'user_changed' })
    expect(landed.events).toContainEqual(expect.objectContaining({ type: 'sign_in_failed', reason: 'user_changed' }))
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'user_changed' })
  })

  it('ACQ-27: has signed in meanwhile on purpose: a late step-up or silent sign-in leaves them alone', async () => {
    for (const how of ['stepUp', 'silent'] as const) {
      const { w, agent, error, manager } = await refused(challenge('acr_values="gold"'))
      const b = w.context({ userAgent: scriptedUserAgent((url) => w.server.authorize(url)), redirectUri, scope })
      agent.answer = async (url) => {
        w.server.subject = 'bob'
        await b.manager.signIn()
        w.server.subject = 'alice'
        w.server.claims = { acr: 'gold' }
        return w.server.authorize(url)
      }
      const late = manager.signIn(how === 'stepUp' ? { stepUp: stepUp(error) } : { prompt: 'none' })
      await expect(w.after(1_000, late)).rejects.toMatchObject({ reason: 'user_changed' })
      await w.clock.advance(1_000)
      for (const one of [manager, b.manager])
        expect(one.state).toMatchObject({ status: 'signedIn', session: { subject: 'bob' } })
      expect(w.server.living).toHaveLength(1)
      expect(w.server.revoked.map(({ token }) => token)).not.toContain((await w.record())?.refreshToken)
    }
  })
})

describe('what satisfies a challenge', () => {
  const now = 1_000_000_000
  const record = (claims: object | undefined, more: object = {}) =>
    ({ claims, scope: 'openid notes', signedInAt: now, ...more }) as unknown as SessionRecord

  it.each<[string, object | undefined, Challenge, boolean]>([
    ['nothing is asked', undefined, {}, true],
    ['one of the classes', { acr: 'gold' }, { acrValues: ['silver', 'gold'] }, true],
    ['another class', { acr: 'bronze' }, { acrValues: ['silver', 'gold'] }, false],
    ['no class', {}, { acrValues: ['gold'] }, false],
    ['nobody knows', undefined, { acrValues: ['gold'] }, false],
    ['the scope', {}, { scope: 'notes' }, true],
    ['part of the scope', {}, { scope: 'notes write' }, false],
    ['fresh enough', { iat: 100, auth_time: 91 }, { maxAge: 9_001 }, true],
    ['just too old', { iat: 100, auth_time: 91 }, { maxAge: 9_000 }, false],
    ['of an age that nobody told', { iat: 100 }, { maxAge: 9_000 }, false],
    ['of an age without OpenID Connect', undefined, { maxAge: 9_000 }, false],
    ['fresh, of the wrong class', { iat: 1, auth_time: 1, acr: 'x' }, { maxAge: 9_000, acrValues: ['gold'] }, false],
  ])('%s', (_, claims, challenge, expected) => {
    expect(satisfies(record(claims), challenge, now)).toBe(expected)
  })

  it('the age of the sign-in counts on top of its age then', () => {
    const claims = { iat: 100, auth_time: 98 }
    const since = (ms: number) => satisfies(record(claims, { signedInAt: now - ms }), { maxAge: 5_000 }, now)
    expect([since(0), since(2_999), since(3_000)]).toEqual([true, true, false])
  })

  it('is asked for beside the scope there is, each once, and the caller’s own wishes win', () => {
    const live = { scope: 'openid notes' } as SessionRecord
    expect(forChallenge({ scope: 'openid' }, { scope: 'notes write' }, live)).toEqual({ scope: 'openid notes write' })
    expect(forChallenge({ scope: 'openid' }, {}, undefined)).toEqual({ scope: 'openid' })
    expect(forChallenge({ scope: 'openid' }, { acrValues: ['gold'], maxAge: 0 }, undefined)).toEqual({
      ...{ scope: 'openid', acrValues: ['gold'], maxAge: 0 },
    })
    const own = { scope: 'openid', acrValues: ['platinum'], maxAge: 7 }
    expect(forChallenge(own, { acrValues: ['gold'], maxAge: 0 }, undefined)).toEqual(own)
  })
})
