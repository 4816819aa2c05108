import { describe, expect, it } from 'vitest'
import { authSession } from '../../src/react-native/index.ts'
import { app, browser, life, links, phone, settled, signedIn } from './phone.ts'

describe('an app that is killed at any native step of a refresh', () => {
  for (const replacement of ['at once', 'remove, then add'] as const) {
    it(`has a token within 1.5 s of its next start, or says that the outcome is unknown (replaced ${replacement})`, async () => {
      let killed = 0
      for (let steps = 0; ; steps++) {
        const on = phone()
        await signedIn(on)
        const { items, fetch, dead } = life(on, replacement, steps)
        const dying = await app(on, { items, fetch })
        dying.getAccessToken().catch(() => {})
        await on.clock.advance(0)
        await on.clock.advance(10)
        const wasKilled = dead()
        dying.dispose()

        const next = await app(on)
        const outcome = await settled(on.clock, next.getAccessToken(), 20_000).catch((error: unknown) => error)
        const isLost = outcome instanceof Error
        if (isLost) expect(outcome).toMatchObject({ reason: 'outcome_unknown' })
        else expect((outcome as { after: number }).after).toBeLessThanOrEqual(1_500)
        // Where the answer was lost, one repetition tells whether the server gives it again; else nothing is used twice.
        expect(on.server.reuse).toBe(isLost ? 1 : 0)
        expect(on.server.overlap).toBeLessThanOrEqual(1)
        next.dispose()
        if (!wasKilled) break
        killed++
      }
      expect(killed).toBeGreaterThan(4)
    })
  }
})

describe('a keychain that is locked when the app starts in the background', () => {
  function lockedPhone() {
    const on = phone()
    let locked = true
    return { on, items: () => on.keychain.start({ isLocked: () => locked }), unlock: () => (locked = false) }
  }

  it('is no sign-out: the state stays loading and calls say that it passes', async () => {
    const { on, items } = lockedPhone()
    await signedIn(on)
    const manager = await app(on, { items: items() })
    const states: string[] = []
    manager.subscribe(({ status }) => states.push(status))

    expect((await settled(on.clock, manager.ready(), 1_000)).value.status).toBe('loading')
    const failure = await settled(on.clock, manager.getAccessToken(), 1_000).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'ERR_STORE_FAILED', reason: 'storage_locked' })
    await on.clock.advance(10_000)
    expect(new Set(states)).toEqual(new Set(['loading']))
  })

  it('is read again by itself once it opens, and the session is there', async () => {
    const { on, items, unlock } = lockedPhone()
    await signedIn(on)
    const manager = await app(on, { items: items() })
    await settled(on.clock, manager.ready(), 1_000)

    unlock()
    await on.clock.advance(1_100)
    expect(manager.state.status).toBe('signedIn')
    expect((await settled(on.clock, manager.getAccessToken(), 5_000)).value.type).toBe('Bearer')
  })

  it('removes nothing', async () => {
    const { on, items } = lockedPhone()
    await signedIn(on)
    const before = [...on.keychain.items]
    const manager = await app(on, { items: items() })
    await settled(on.clock, manager.getAccessToken(), 1_000).catch(() => {})
    expect([...on.keychain.items]).toEqual(before)
  })
})

describe('signing in through the browser', () => {
  it('works, and the answer is no session twice', async () => {
    const on = phone()
    const web = browser(on)
    const linking = links()
    const manager = await app(on, { userAgent: authSession(web, linking, { clock: on.clock }) })
    const signingIn = manager.signIn()
    await on.clock.advance(0)
    linking.follow(web.answer())
    expect((await settled(on.clock, signingIn, 5_000)).value.status).toBe('signedIn')
    expect(on.server.requests).toHaveLength(1)
  })

  it('survives the death of the app while the person is away: the redirect starts it anew', async () => {
    const on = phone()
    const web = browser(on)
    const first = await app(on, { userAgent: authSession(web, links(), { clock: on.clock }) })
    first.signIn().catch(() => {})
    await on.clock.advance(0)
    first.dispose()

    const second = await app(on, { userAgent: authSession(web, links(web.answer()), { clock: on.clock }) })
    expect((await settled(on.clock, second.ready(), 5_000)).value.status).toBe('signedIn')
  })

  it('a redirect that comes after the browser was closed completes it all the same', async () => {
    const on = phone()
    const web = browser(on)
    const linking = links()
    const closing = {
      openAuthSessionAsync: (url: string) => {
        void web.openAuthSessionAsync(url)
        return Promise.resolve({ type: 'dismiss' })
      },
    }
    const manager = await app(on, { userAgent: authSession(closing, linking, { clock: on.clock }) })
    const failure = await settled(on.clock, manager.signIn(), 5_000).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'ERR_AUTHORIZATION_CANCELLED' })
    expect(manager.state.status).toBe('signedOut')

    await on.clock.advance(60_000)
    linking.follow(web.answer())
    await on.clock.advance(10)
    expect(manager.state.status).toBe('signedIn')
  })
})

it('asks for what is native, and says how to hand it in', async () => {
  const on = phone()
  await expect(app(on, { randomBytes: undefined as never })).rejects.toThrow('getRandomBytes of expo-crypto')
  await expect(app(on, { store: {} as never })).rejects.toThrow('store')
})
