import { expect, it } from 'vitest'
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

for (const [name, refusal, cause] of [
  ['an empty 400', empty, { reason: 'server_refused', status: 400 }],
  ['invalid_request', () => json({ error: 'invalid_request' }, 400), { error: 'invalid_request', status: 400 }],
  ['a 403 page', () => new Response('<h1>Forbidden</h1>', { status: 403 }), { reason: 'server_refused', status: 403 }],
] as const) {
  it(`RT-02 RT-20: ${name} for a minute, without an access token, suggests a sign-in and deletes nothing`, async () => {
    const { w, a } = await expired()
    w.server.before = refusal
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
}

it('every context suggests the same, also one that has just been opened, and goes on as soon as the server does', async () => {
  const { w, a, b } = await expired()
  expect([await ask(w, a), await ask(w, b)]).toEqual(['suspended', 'suspended'])
  await untilSuggested(w, a)
  const sent = w.server.requests.length
  const c = await w.opened()
  expect(await ask(w, b)).toBe('sign_in_suggested')
  expect(await ask(w, c)).toBe('sign_in_suggested')
  expect(w.server.requests).toHaveLength(sent)
  w.server.before = () => {}
  await w.clock.advance(300_000)
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
  await w.clock.advance(400_000)
  expect(a.manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
})

it('another refusal begins anew, and then an outage neither counts nor forgives', async () => {
  const { w, a } = await expired()
  for (let i = 0; i < 5; i++) expect(await ask(w, a)).toBe('suspended')
  const first = (await w.record())?.failure
  expect(first?.refusedFor).toBeGreaterThan(20_000)
  w.server.before = () => json({ error: 'invalid_request' }, 400)
  expect(await ask(w, a)).toBe('suspended')
  expect(await w.record()).toMatchObject({ failure: { refusal: '400 invalid_request', refusedFor: 0 } })
  w.server.before = down
  for (let i = 0; i < 3; i++) expect(await ask(w, a)).toBe('suspended')
  expect(await w.record()).toMatchObject({ failure: { refusal: '400 invalid_request', refusedFor: 0 } })
  w.server.before = () => json({ error: 'invalid_request' }, 400)
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
  expect((await w.record())?.failure?.refusedFor).toBeGreaterThanOrEqual(60_000)
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
