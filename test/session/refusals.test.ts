import { describe, expect, it } from 'vitest'
import { json } from '../support/wild-answers.ts'
import { type Context, type World, world } from '../support/world.ts'

const empty = () => new Response(null, { status: 400 })
const down = () => new Response('down', { status: 503 })

/** Two tabs whose access token has expired. */
async function expired(visible = false): Promise<{ w: World; a: Context; b: Context }> {
  const w = world({ visible })
  const [a, b] = [await w.signedIn(), await w.opened()]
  w.server.before = empty
  await w.clock.advance(301_000)
  return { w, a, b }
}

/** Asks once the back-off is over; what `health` is then. */
async function ask(w: World, { manager }: Context) {
  const { state } = manager
  const retryAt = (state.status === 'signedIn' && state.retryAt) || w.clock.now()
  await w.clock.advance(Math.max(retryAt - w.clock.now(), 0))
  await expect(w.after(5_000, manager.getAccessToken())).rejects.toMatchObject({ retryAt: expect.any(Number) })
  const after = manager.state
  return after.status === 'signedIn' ? after.health : after.status
}

/** Asks until that suggests a sign-in; how often that was, and how long it took. */
async function untilSuggested(w: World, context: Context) {
  const began = w.clock.elapsed()
  for (let refusals = 1; refusals < 30; refusals++) {
    if ((await ask(w, context)) === 'sign_in_suggested') return { refusals, took: w.clock.elapsed() - began }
  }
  throw new Error('never')
}

it('RT-02 RT-20: a 403 page for a minute, without an access token, suggests a sign-in and deletes nothing', async () => {
  const { w, a } = await expired()
  const cause = { reason: 'server_refused', status: 403 }
  w.server.before = () => new Response('<h1>Forbidden</h1>', { status: 403 })
  expect(await ask(w, a)).toBe('suspended')
  expect(a.manager.state).toMatchObject({ cause, retryAt: expect.any(Number) })
  const { took, refusals } = await untilSuggested(w, a)
  expect(took).toBeGreaterThanOrEqual(60_000)
  expect(took).toBeLessThan(180_000)
  expect(refusals).toBeGreaterThanOrEqual(3)
  expect(a.manager.state).toMatchObject({ status: 'signedIn', cause, retryAt: expect.any(Number) })
  expect(a.told).not.toContain('signed_out')
  expect(await w.record()).toMatchObject({ refreshToken: 'rt-1', generation: 1 })
})

describe('a refusal of no known kind', () => {
  const unclear = {
    'an empty 400': [empty, { reason: 'server_refused', status: 400 }],
    invalid_request: [() => json({ error: 'invalid_request' }, 400), { error: 'invalid_request', status: 400 }],
    'JSON without an error': [() => json({ message: 'Forbidden' }, 403), { reason: 'server_refused', status: 403 }],
    'an error that is an object': [() => json({ error: { code: 190 } }), { reason: 'server_refused', status: 200 }],
    'a 200 without access_token': [() => json({ id_token: 'x', token_type: 'Bearer' }), { status: 200 }],
  } as const

  it.each(Object.entries(unclear))(
    'RT-02: %s suggests a sign-in within 15 s of the expiry, with nobody asking',
    async (_, [answer, cause]) => {
      const w = world({ visible: true })
      const { manager, told } = await w.signedIn()
      w.server.before = answer
      await w.clock.advance(299_000)
      expect(manager.state).toMatchObject({ health: 'ok' })
      await w.clock.advance(16_000)
      expect(manager.state).toMatchObject({ status: 'signedIn', health: 'sign_in_suggested', cause })
      expect(told).not.toContain('signed_out')
      expect(await w.record()).toMatchObject({ refreshToken: 'rt-1' })
    },
  )

  it('RT-02: two are enough when they come after the expiry, and an outage before made the back-off long', async () => {
    const w = world({ visible: true })
    const { manager } = await w.signedIn({ refresh: { leeway: 0 } })
    w.server.before = down
    await w.clock.advance(400_000)
    expect(manager.state).toMatchObject({ health: 'suspended' })
    w.server.before = empty
    const { length } = w.server.requests
    while (w.server.requests.length === length) await w.clock.advance(500)
    await w.clock.advance(11_000)
    expect(w.server.requests).toHaveLength(length + 2)
    expect(manager.state).toMatchObject({ health: 'sign_in_suggested', cause: { status: 400 } })
  })

  it('a 200 that rotates and brings no access token counts as one, and the newest refresh token is kept', async () => {
    const { w, a } = await expired()
    let number = 0
    w.server.before = () => json({ token_type: 'Bearer', scope: 'openid', refresh_token: `rt-kept-${++number}` })
    expect([await ask(w, a), await ask(w, a)]).toEqual(['suspended', 'sign_in_suggested'])
    expect(await w.record()).toMatchObject({ refreshToken: 'rt-kept-2', generation: 3 })
    await w.clock.advance(14 * 60_000)
    const c = await w.opened()
    expect(c.manager.state).toMatchObject({ health: 'sign_in_suggested', cause: { reason: 'invalid_token_response' } })
    expect(number).toBe(2)
  })

  it('an error that rotates keeps the newest refresh token', async () => {
    const { w, a } = await expired()
    w.server.before = () => json({ error: 'mfa_required', refresh_token: 'rt-kept' }, 403)
    await ask(w, a)
    expect(await w.record()).toMatchObject({ refreshToken: 'rt-kept', generation: 2 })
  })

  it('the caller is told to sign in once it is certain, and never only to wait', async () => {
    const { w, a, b } = await expired()
    for (const code of ['ERR_TEMPORARILY_UNAVAILABLE', 'ERR_GRANT_REJECTED']) {
      for (const { manager } of [a, b, a])
        await expect(w.after(100, manager.getAccessToken())).rejects.toMatchObject({ code, reason: 'server_refused' })
      await w.clock.advance(8_000)
    }
    expect(w.server.requests).toHaveLength(2)
  })
})

describe('an answer that wants the person', () => {
  const wanted = {
    'Auth0: mfa_required': () => json({ error: 'mfa_required', mfa_token: 'secret' }, 403),
    'Auth0: access_denied': () => json({ error: 'access_denied', error_description: 'Blocked' }, 403),
    Entra: () => json({ error: 'interaction_required', error_codes: [50_076], suberror: 'basic_action' }, 400),
    // One API of several wants a second factor, and the refresh token lives for the others.
    'Entra: a second factor': () =>
      json({ error: 'invalid_grant', error_codes: [50_076], suberror: 'basic_action' }, 400),
    'Entra: a managed device': () => json({ error: 'invalid_grant', suberror: 'additional_action' }, 400),
    'Entra: an explanation': () => json({ error: 'invalid_grant', suberror: 'message_only' }, 400),
    'Entra: a new password': () => json({ error: 'invalid_grant', suberror: 'user_password_expired' }, 400),
    Okta: () => json({ error: 'access_denied', error_description: 'Policy evaluation failed' }, 400),
    GitHub: () => json({ error: 'bad_refresh_token', error_description: 'The refresh token passed is incorrect' }),
    Slack: () => json({ ok: false, error: 'invalid_refresh_token' }),
    Twitch: () => json({ status: 400, message: 'Invalid refresh token' }, 400),
    Supabase: () => json({ code: 400, error_code: 'refresh_token_not_found', msg: 'Invalid Refresh Token' }, 400),
    login_required: () => json({ error: 'login_required' }, 400),
  }

  it.each(Object.entries(wanted))(
    '%s: says so at once, sends next to nothing, and a reload says it with the original cause',
    async (_, answer) => {
      const w = world({ visible: true })
      const { manager } = await w.signedIn()
      w.server.before = answer
      await w.clock.advance(299_000)
      const { status, body } = await (async (response) => ({
        status: response.status,
        body: (await response.json()) as { error?: string },
      }))(answer())
      const cause = { code: 'ERR_GRANT_REJECTED', reason: 'interaction_required', status }
      expect(manager.state).toMatchObject({ health: 'sign_in_suggested', cause })
      expect((manager.state as { cause?: { error?: string } }).cause?.error).toBe(body.error)
      expect(w.server.requests).toHaveLength(1)
      expect((await manager.getAccessToken()).value).toBe('at-1')
      await w.clock.advance(10_000)
      await expect(w.after(100, manager.getAccessToken())).rejects.toMatchObject(cause)
      const reloaded = await w.opened()
      expect(reloaded.manager.state).toMatchObject({ status: 'signedIn', health: 'sign_in_suggested', cause })
      await expect(w.after(100, reloaded.manager.getAccessToken())).rejects.toMatchObject(cause)
      const { length } = w.server.requests
      await w.clock.advance(3 * 3_600_000)
      expect(w.server.requests.length - length).toBeLessThanOrEqual(12)
      expect(w.server.requests.length - length).toBeGreaterThanOrEqual(9)
      expect(manager.state).toMatchObject({ health: 'sign_in_suggested', cause })
      w.server.before = () => {}
      await w.clock.advance(19 * 60_000)
      for (const one of [manager, reloaded.manager]) expect(one.state).toMatchObject({ health: 'ok' })
    },
  )

  it('calls that are polled send no more than timers do; refresh() is asked for, and waits half a minute at most', async () => {
    const { w, a } = await expired()
    w.server.before = wanted.Entra
    for (let second = 0; second < 3_600; second += 10) {
      a.manager.getAccessToken().catch(() => {})
      await w.clock.advance(10_000)
    }
    expect(w.server.requests.length).toBeLessThanOrEqual(4)
    w.server.before = () => {}
    await w.clock.advance(30_000)
    expect((await w.after(100, a.manager.refresh())).value).toBe('at-2')
    expect(a.manager.state).toMatchObject({ health: 'ok', status: 'signedIn' })
  })

  it('an outage after it does not hide it', async () => {
    const { w, a } = await expired()
    w.server.before = wanted.Okta
    expect(await ask(w, a)).toBe('sign_in_suggested')
    w.server.before = down
    expect(await ask(w, a)).toBe('sign_in_suggested')
    expect(a.manager.state).toMatchObject({ cause: { error: 'access_denied' } })
    expect((await w.opened()).manager.state).toMatchObject({ cause: { error: 'access_denied' } })
  })

  it.each([
    ...Object.entries(wanted),
    ['an empty 400', empty],
    ['invalid_request', () => json({ error: 'invalid_request' }, 400)],
    ['200 invalid_grant', () => json({ error: 'invalid_grant' })],
  ] as const)('RT-13: %s for a refresh token whose answer was lost leaves the outcome unknown', async (_, answer) => {
    const { w, a } = await expired()
    w.server.before = () => {
      if (w.server.requests.length === 1) throw new TypeError('fetch failed')
      return answer()
    }
    await expect(w.after(5_000, a.manager.getAccessToken())).rejects.toMatchObject({ reason: 'outcome_unknown' })
    expect(a.manager.state).toMatchObject({ status: 'signedOut', reason: 'outcome_unknown' })
    expect(w.server.requests).toHaveLength(2)
  })

  it.each([
    ['a page', () => new Response('<h1>Forbidden</h1>', { status: 403 })],
    ['invalid_client', () => json({ error: 'invalid_client' }, 401)],
    ['temporarily_unavailable', () => json({ error: 'temporarily_unavailable' }, 400)],
  ] as const)('RT-13: %s says nothing of that token: the session goes on', async (_, answer) => {
    const { w, a } = await expired()
    w.server.before = () => {
      if (w.server.requests.length === 1) throw new TypeError('fetch failed')
      return answer()
    }
    await expect(w.after(5_000, a.manager.getAccessToken())).rejects.toBeDefined()
    w.server.before = () => {}
    await w.clock.advance(5_000)
    expect((await w.after(100, a.manager.getAccessToken())).value).toBe('at-2')
  })
})

it.each(['temporarily_unavailable', 'server_error', 'too_many_requests'])(
  '%s in a 400 or a 200 is a passing fault, however long',
  async (error) => {
    for (const status of [400, 200]) {
      const { w, a } = await expired()
      w.server.before = () => json({ error }, status)
      for (let i = 0; i < 12; i++) expect(await ask(w, a)).toBe('suspended')
      expect(a.manager.state).toMatchObject({ cause: { code: 'ERR_TEMPORARILY_UNAVAILABLE', error, status } })
    }
  },
)

it('every context suggests the same, also one that has just been opened, and goes on as soon as the server does', async () => {
  const { w, a, b } = await expired()
  expect([await ask(w, a), await ask(w, b)]).toEqual(['suspended', 'sign_in_suggested'])
  const sent = w.server.requests.length
  const c = await w.opened()
  await w.settle()
  for (const { manager } of [a, b, c])
    expect(manager.state).toMatchObject({ health: 'sign_in_suggested', cause: { status: 400 } })
  expect(w.server.requests).toHaveLength(sent)
  w.server.before = () => {}
  await w.clock.advance(19 * 60_000)
  await w.after(1_000, c.manager.getAccessToken())
  for (const { manager } of [a, b, c]) expect(manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
  expect((await w.record())?.failure).toBeUndefined()
})

it('RT-12: with nobody asking it is tried again and again, further and further apart', async () => {
  const { w, a } = await expired(true)
  await w.clock.advance(100_000)
  expect(w.server.requests.length).toBeLessThan(9)
  await w.clock.advance(3_600_000)
  expect(a.manager.state).toMatchObject({ health: 'sign_in_suggested' })
  expect(w.server.requests.length).toBeLessThan(30)
  w.server.before = () => {}
  await w.clock.advance(19 * 60_000)
  expect(a.manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
})

it('another page begins anew, and then an outage neither counts nor forgives', async () => {
  const page = (status: number) => () => new Response('<h1>Forbidden</h1>', { status })
  const { w, a } = await expired()
  w.server.before = page(403)
  for (let i = 0; i < 5; i++) expect(await ask(w, a)).toBe('suspended')
  const first = (await w.record())?.failure
  expect(first?.refusedFor).toBeGreaterThan(20_000)
  w.server.before = page(404)
  expect(await ask(w, a)).toBe('suspended')
  expect(await w.record()).toMatchObject({ failure: { cause: { status: 404 }, refusedFor: 0 } })
  w.server.before = down
  for (let i = 0; i < 3; i++) expect(await ask(w, a)).toBe('suspended')
  expect(await w.record()).toMatchObject({ failure: { cause: { status: 404 }, refusedFor: 0 } })
  w.server.before = page(404)
  // The back-off is minutes long by now: it still takes three of them.
  expect([await ask(w, a), await ask(w, a)]).toEqual(['suspended', 'sign_in_suggested'])
  w.server.before = down
  expect(await ask(w, a)).toBe('sign_in_suggested')
})

it('USE-08: while there is an access token, nothing is suggested', async () => {
  const w = world()
  w.server.expiresIn = 3_600
  const { manager } = await w.signedIn()
  w.server.before = empty
  for (let i = 0; i < 8; i++) {
    await expect(w.after(0, manager.refresh())).rejects.toMatchObject({ retryAt: expect.any(Number) })
    await w.clock.advance(180_000)
  }
  expect((await w.record())?.failure?.unclear).toBeGreaterThan(2)
  expect(manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
})

it('an outage alone never suggests a sign-in, however long', async () => {
  const { w, a } = await expired()
  w.server.before = down
  for (let i = 0; i < 15; i++) expect(await ask(w, a)).toBe('suspended')
})

it('a new sign-in leaves all of it behind', async () => {
  const { w, a } = await expired()
  await untilSuggested(w, a)
  w.server.before = () => {}
  const { accessToken, refreshToken } = w.server.issue()
  await a.manager.adopt({ accessToken, refreshToken, expiresAt: w.clock.now() + 300_000 })
  await w.settle()
  expect(a.manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
  expect((await w.record())?.failure).toBeUndefined()
})
