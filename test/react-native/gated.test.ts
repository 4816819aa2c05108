import { describe, expect, it } from 'vitest'
import { type GateOptions, gated, type TokenManager } from '../../src/react-native/index.ts'
import { app, type Phone, phone, settled, signedIn } from './phone.ts'

const API = 'https://api.example.com/notes'
const REFUSED = { code: 'ERR_AUTHORIZATION_CANCELLED', reason: 'cancelled' }

/** A person who is asked, and answers as the test says. */
function person() {
  const on = {
    asked: 0,
    answer: (): Promise<unknown> => Promise.resolve(),
    ask: () => {
      on.asked++
      return on.answer()
    },
  }
  return on
}

const refuses = () => Promise.reject(new Error('canary: not recognised'))

async function gatedApp(on: Phone, ask: GateOptions['ask'], holds = 60_000) {
  return gated(await app(on), { ask, holds, clock: on.clock })
}

const failureOf = (promise: Promise<unknown>) => promise.catch((error: unknown) => error)

describe('gated', () => {
  it('asks once for all who wait, and again when the answer does not hold any more', async () => {
    const on = phone()
    const asking = person()
    await signedIn(on)
    const manager = await gatedApp(on, asking.ask)

    await settled(on.clock, Promise.all([manager.getAccessToken(), manager.fetch(API), manager.headersFor(API)]), 5_000)
    expect(asking.asked).toBe(1)
    await on.clock.advance(50_000)
    await settled(on.clock, manager.getAccessToken(), 5_000)
    expect(asking.asked).toBe(1)
    await on.clock.advance(10_000)
    await settled(on.clock, manager.getAccessToken(), 5_000)
    expect(asking.asked).toBe(2)
  })

  it('counts the time a phone slept, which stands still on one of its clocks', async () => {
    const on = phone()
    const asking = person()
    await signedIn(on)
    const manager = await gatedApp(on, asking.ask)
    await settled(on.clock, manager.getAccessToken(), 5_000)
    on.clock.jump(60_000)
    await settled(on.clock, manager.getAccessToken(), 5_000)
    expect(asking.asked).toBe(2)
  })

  it.each<readonly [string, (manager: TokenManager) => Promise<unknown>]>([
    ['getAccessToken', (manager) => manager.getAccessToken()],
    ['fetch', (manager) => manager.fetch(API)],
    ['headersFor', (manager) => manager.headersFor(API)],
    ['refresh', (manager) => manager.refresh()],
  ])('%s hands out nothing when the person refuses, from memory neither, and does not ask again', async (_, use) => {
    const on = phone()
    const asking = person()
    await signedIn(on)
    const manager = await gatedApp(on, asking.ask)
    await settled(on.clock, manager.getAccessToken(), 5_000)
    const { api, requests } = on.server
    let called = 0
    on.server.api = (request) => {
      called++
      return api(request)
    }
    const before = requests.length

    asking.answer = refuses
    manager.lock()
    for (let tries = 0; tries < 3; tries++) {
      const failure = (await settled(on.clock, failureOf(use(manager)), 5_000)).value
      expect(failure).toMatchObject(REFUSED)
      expect(`${failure} ${JSON.stringify(failure)} ${(failure as Error).cause}`).not.toContain('canary')
    }
    expect([asking.asked, called, requests.length]).toEqual([2, 0, before])
    expect(manager.state.status).toBe('signedIn')
  })

  it('unlock() asks again, and what it brings holds', async () => {
    const on = phone()
    const asking = person()
    await signedIn(on)
    const manager = await gatedApp(on, asking.ask)
    asking.answer = refuses
    await settled(on.clock, failureOf(manager.getAccessToken()), 5_000)
    expect((await settled(on.clock, failureOf(manager.unlock()), 5_000)).value).toMatchObject(REFUSED)

    asking.answer = () => Promise.resolve()
    await settled(on.clock, manager.unlock(), 5_000)
    expect((await settled(on.clock, manager.getAccessToken(), 5_000)).value.type).toBe('Bearer')
    expect(asking.asked).toBe(3)
  })

  it('an app that goes to the background can forget the answer, and a refusal', async () => {
    const on = phone()
    const asking = person()
    await signedIn(on)
    const manager = await gatedApp(on, asking.ask)
    asking.answer = refuses
    await settled(on.clock, failureOf(manager.getAccessToken()), 5_000)
    manager.lock()
    asking.answer = () => Promise.resolve()
    await settled(on.clock, manager.getAccessToken(), 5_000)
    manager.lock()
    await settled(on.clock, manager.getAccessToken(), 5_000)
    expect(asking.asked).toBe(3)
  })

  it('a caller that stops waiting waits for no finger', async () => {
    const on = phone()
    await signedIn(on)
    const manager = await gatedApp(on, () => new Promise(() => {}))
    const controller = new AbortController()
    const { signal } = controller
    const calls = [
      manager.getAccessToken({ signal }),
      manager.fetch(API, { signal }),
      manager.fetch(new Request(API, { signal })),
    ].map(failureOf)
    await on.clock.advance(10)
    controller.abort()
    for (const failure of await Promise.all(calls)) expect(failure).toMatchObject({ name: 'AbortError' })
  })

  it.each(['refuses', 'does not answer'])('signing out waits for no finger: a person who %s', async (what) => {
    const on = phone()
    const asking = person()
    await signedIn(on)
    const manager = await gatedApp(on, asking.ask)
    await settled(on.clock, manager.getAccessToken(), 5_000)
    manager.lock()
    asking.answer = what === 'refuses' ? refuses : () => new Promise(() => {})

    const { local } = (await settled(on.clock, manager.signOut(), 5_000)).value
    await on.clock.advance(600_000)
    expect([local, manager.state.status, asking.asked]).toEqual(['removed', 'signedOut', 1])
    expect([...on.keychain.items.values()].join()).not.toContain('"refreshToken"')
  })

  it('asks nobody while nobody is signed in, nor whoever has just signed in', async () => {
    const on = phone()
    const asking = person()
    const manager = await gatedApp(on, asking.ask)
    const failure = (await settled(on.clock, failureOf(manager.getAccessToken()), 5_000)).value
    expect(failure).toMatchObject({ code: 'ERR_SIGNED_OUT' })
    await settled(on.clock, manager.adopt({ ...on.server.issue(), expiresAt: on.clock.now() + 300_000 }), 5_000)
    await settled(on.clock, manager.getAccessToken(), 5_000)
    expect(asking.asked).toBe(0)
  })

  it('bad options are told at once', async () => {
    const manager = await app(phone())
    for (const holds of [-1, 86_400_001, Number.NaN])
      expect(() => gated(manager, { ask: refuses, holds })).toThrow('holds has to be 0 to 86400000 ms')
  })
})
