import { describe, expect, it } from 'vitest'
import { authSession, type InstallMarker, keychainItems, secureStore } from '../../src/react-native/index.ts'
import { killableKeychain } from './killable-keychain.ts'
import { another, app, appState, browser, links, phone, settled, signedIn } from './phone.ts'

// Twelve kinds of trouble that people reported of other libraries and of React Native itself; each test says where.

const failureOf = (promise: Promise<unknown>) => promise.catch((error: unknown) => error)

// react/react-native PR 28809, medplum/medplum 2560: a URLSearchParams as body is dropped without a word.
it('a body is text before it meets fetch()', async () => {
  const on = phone()
  await signedIn(on)
  const bodies: unknown[] = []
  const manager = await app(on, {
    fetch: (input, init) => {
      bodies.push(init?.body ?? undefined)
      return on.server.fetch(input, init)
    },
  })
  await settled(on.clock, manager.getAccessToken(), 5_000)
  const { revoked } = (await settled(on.clock, manager.signOut(), 5_000)).value
  await settled(on.clock, revoked, 5_000)

  const sent = bodies.filter((body) => body !== undefined)
  expect(sent.length).toBeGreaterThanOrEqual(2)
  for (const body of sent) expect(body).toMatch(/^(refresh_)?token=/)
})

// auth0/react-native-auth0 1374: two instances, each refreshes, the second with a token that was used.
it('managers of one session share one refresh, however many are made', async () => {
  const on = phone()
  await signedIn(on)
  const managers = [await app(on), await another(on), await another(on)]
  const tokens = await settled(on.clock, Promise.all(managers.map((manager) => manager.getAccessToken())), 5_000)

  expect(new Set(tokens.value.map(({ value }) => value)).size).toBe(1)
  expect(on.server.requests).toHaveLength(1)
  expect(on.server.reuse).toBe(0)
})

// zitadel/zitadel 9631: the server rotated, and its answer never came.
describe('an answer that never came', () => {
  it('is asked for once more, and a server that answers the same again loses nobody', async () => {
    const on = phone()
    await signedIn(on)
    let answers = 0
    let kept: Response | undefined
    on.server.after = (_, answer) => {
      answers++
      kept = answer.clone()
      return Promise.reject(new TypeError('Network request failed'))
    }
    const manager = await app(on)
    const waiting = failureOf(manager.getAccessToken())
    await on.clock.advance(0)
    on.server.before = () => kept?.clone()
    await settled(on.clock, waiting, 60_000)
    expect(manager.state.status).toBe('signedIn')
    expect((await settled(on.clock, manager.getAccessToken(), 120_000)).value.type).toBe('Bearer')
    expect(answers).toBe(1)
  })

  it('is no refusal: the session says that the outcome is unknown', async () => {
    const on = phone()
    await signedIn(on)
    on.server.after = (_, answer) => {
      on.server.after = (_, next) => next
      return answer.ok ? Promise.reject(new TypeError('Network request failed')) : answer
    }
    const manager = await app(on)
    await settled(on.clock, failureOf(manager.getAccessToken()), 60_000)
    await on.clock.advance(120_000)
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'outcome_unknown' })
  })
})

// clerk/javascript PR 8303: a timer starves in the background, fires with what it knew, and the session is destroyed over night.
it('nothing is sent in the background that nobody asked for, and the next use refreshes', async () => {
  const on = phone()
  const { state, move } = appState()
  await signedIn(on)
  const manager = await app(on, { state })
  await settled(on.clock, manager.getAccessToken(), 5_000)
  const before = on.server.requests.length

  move('background')
  await on.clock.advance(12 * 3_600_000)
  expect(on.server.requests).toHaveLength(before)
  expect((await settled(on.clock, manager.getAccessToken(), 5_000)).value.type).toBe('Bearer')
  move('active')
  await on.clock.advance(5_000)
  expect(manager.state.status).toBe('signedIn')
  expect(on.server.reuse).toBe(0)
})

// expo/expo 23924, better-auth 10382, kinde-oss/expo PR 171: "User interaction is not allowed" at a start in the background.
it('a locked keychain is no sign-out and removes nothing', async () => {
  const on = phone()
  await signedIn(on)
  const before = [...on.keychain.items]
  let locked = true
  const manager = await app(on, {
    items: on.keychain.start({ isLocked: () => locked }),
    state: appState('background').state,
  })
  const failure = (await settled(on.clock, failureOf(manager.getAccessToken()), 5_000)).value
  expect(failure).toMatchObject({ code: 'ERR_STORE_FAILED', reason: 'storage_locked' })
  expect([manager.state.status, [...on.keychain.items]]).toEqual(['loading', before])

  locked = false
  expect((await settled(on.clock, manager.getAccessToken(), 5_000)).value.type).toBe('Bearer')
})

// expo/expo 23781, 12044, 6679: "dismiss", though the person signed in.
it('a browser that says "dismiss" before the redirect is heard has cancelled nothing', async () => {
  const on = phone()
  const linking = links()
  let answer = ''
  const web = {
    openAuthSessionAsync: async (url: string) => {
      answer = on.server.authorize(url)
      on.clock.at(on.clock.elapsed() + 5, () => linking.follow(answer))
      return { type: 'dismiss' }
    },
  }
  const manager = await app(on, { userAgent: authSession(web, linking, { clock: on.clock }) })
  expect((await settled(on.clock, manager.signIn(), 5_000)).value.status).toBe('signedIn')
})

// auth0/Auth0.Android 779: the process dies while the person fetches a code from their mail.
it('a redirect into a new process completes the sign-in', async () => {
  const on = phone()
  const web = browser(on)
  const first = await app(on, { userAgent: authSession(web, links(), { clock: on.clock }) })
  void failureOf(first.signIn())
  await on.clock.advance(0)
  first.dispose()
  await on.clock.advance(120_000)

  const second = await app(on, { userAgent: authSession(web, links(web.answer()), { clock: on.clock }) })
  expect((await settled(on.clock, second.ready(), 5_000)).value.status).toBe('signedIn')
})

// react/react-native PR 22659, react-navigation 6738: getInitialURL() gives the old URL again after a reload.
it('an old URL at the next start is nothing: no event, no error, no request', async () => {
  const on = phone()
  const web = browser(on)
  const linking = links()
  const first = await app(on, { userAgent: authSession(web, linking, { clock: on.clock }) })
  const signingIn = first.signIn()
  await on.clock.advance(0)
  linking.follow(web.answer())
  await settled(on.clock, signingIn, 5_000)
  first.dispose()
  const before = on.server.requests.length

  const second = await app(on, { userAgent: authSession(web, links(web.answer()), { clock: on.clock }) })
  const heard: unknown[] = []
  second.on('sign_in_failed', (event) => heard.push(event))
  const { value: state } = await settled(on.clock, second.ready(), 5_000)
  expect([state.status, heard, on.server.requests.length]).toEqual(['signedIn', [], before])

  await settled(on.clock, second.signOut(), 5_000)
  second.dispose()
  const third = await app(on, { userAgent: authSession(web, links(web.answer()), { clock: on.clock }) })
  expect((await settled(on.clock, third.ready(), 5_000)).value).toMatchObject({
    status: 'signedOut',
    reason: 'signed_out',
  })
})

// better-auth 9814: values over 2 kB are dropped without a word.
it('a session that is larger than an item is kept whole, and no item is larger than keychains take', async () => {
  const on = phone('x'.repeat(6_000))
  await signedIn(on)
  for (const text of on.keychain.items.values()) expect(text.length).toBeLessThanOrEqual(2_048)
  const manager = await app(on)
  expect((await settled(on.clock, manager.getAccessToken(), 5_000)).value.value.length).toBeGreaterThan(6_000)
})

// oblador/react-native-keychain 409, mCodex/react-native-sensitive-info PR 182: the item is removed first, and then not added.
it('what is there is never removed before what replaces it is there', async () => {
  const keychain = killableKeychain()
  const items = keychain.start()
  let isFull = false
  const store = secureStore({
    ...items,
    set: (name, text) => (isFull ? Promise.reject(new Error('errSecParam')) : items.set(name, text)),
  })
  await store.swap('session', undefined, { n: 1 })
  const { tag } = (await store.get('session')) ?? {}

  isFull = true
  await expect(store.swap('session', tag, { n: 2 })).rejects.toThrow('errSecParam')
  expect((await secureStore(keychain.start()).get('session'))?.value).toEqual({ n: 1 })
})

// oblador/react-native-keychain PR 792, expo/expo 23426: Android restored the items, and not the key.
it('items that nobody can open any more are an end of the session, and the person can sign in again', async () => {
  const rows = new Map<string, string>()
  let isRestored = false
  const refuse = () => {
    throw new Error('Could not decrypt: javax.crypto.AEADBadTagException')
  }
  const store = secureStore(
    keychainItems({
      ACCESSIBLE: { AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: 'x' },
      getGenericPassword: async ({ service }) => {
        const password = rows.get(service)
        if (password === undefined) return false
        return isRestored ? refuse() : { password }
      },
      setGenericPassword: async (_, text, { service }) => rows.set(service, text),
      resetGenericPassword: async ({ service }) => rows.delete(service),
    }),
  )
  const on = phone()
  await signedIn(on, { store })
  isRestored = true
  const manager = await app(on, { store })
  expect((await settled(on.clock, manager.ready(), 5_000)).value).toMatchObject({
    status: 'signedOut',
    reason: 'storage_lost',
  })

  isRestored = false
  await settled(on.clock, manager.adopt({ ...on.server.issue(), expiresAt: on.clock.now() + 60_000 }), 5_000)
  expect(manager.state.status).toBe('signedIn')
})

// oblador/react-native-keychain 625, 533, expo/expo 1436: the keychain of an iPhone outlives the app, and the next person finds a session.
it('an app that is installed anew opens no session of the one before', async () => {
  const rows = new Map<string, string>()
  const marker: InstallMarker = {
    getItem: async (key) => rows.get(key) ?? null,
    setItem: async (key, value) => rows.set(key, value),
  }
  const on = phone()
  await signedIn(on, { marker })
  expect((await settled(on.clock, (await app(on, { marker })).ready(), 5_000)).value.status).toBe('signedIn')

  rows.clear()
  const next = await app(on, { marker })
  expect((await settled(on.clock, next.ready(), 5_000)).value.status).toBe('signedOut')
  expect([...on.keychain.items.values()].join()).not.toContain('refresh')
})

describe('a canary for a token', () => {
  it('is in nothing that leaves the app but requests, and in no item that is not ours', async () => {
    const word = 'kanarienvogel-'
    const on = phone(word)
    const shown: unknown[] = []
    const requested: string[] = []
    const fetch: typeof on.server.fetch = (input, init) => {
      requested.push(String(input))
      return on.server.fetch(input, init)
    }
    const linking = links()
    const web = browser(on)
    const manager = await app(on, { fetch, userAgent: authSession(web, linking, { clock: on.clock }) })
    manager.subscribe((state) => shown.push(state))
    for (const type of [
      'signed_in',
      'signed_out',
      'refreshed',
      'refresh_failed',
      'revoked',
      'revocation_failed',
      'store_failed',
    ] as const)
      manager.on(type, (event) => shown.push(event))

    const signingIn = manager.signIn()
    await on.clock.advance(0)
    linking.follow(web.answer())
    await settled(on.clock, signingIn, 5_000)
    await on.clock.advance(400_000)
    shown.push((await settled(on.clock, failureOf(manager.fetch('https://evil.example/')), 5_000)).value)
    on.server.before = () => Promise.reject(new TypeError(`Network request failed: ${word}`))
    await on.clock.advance(400_000)
    shown.push((await settled(on.clock, failureOf(manager.getAccessToken()), 60_000)).value)

    expect(requested.filter((url) => url.includes(word))).toEqual([])
    const written = shown.map(
      (one) => `${one} ${JSON.stringify(one)} ${(one as { message?: string } | undefined)?.message}`,
    )
    expect(written.filter((text) => text.includes(word))).toEqual([])
    const holders = [...on.keychain.items].filter(([, text]) => text.includes(word)).map(([name]) => name)
    expect(holders.length).toBeGreaterThan(0)
    for (const name of holders) expect(name).toMatch(/^tokenward\./)

    on.server.before = () => undefined
    await settled(on.clock, manager.signOut(), 5_000)
    await on.clock.advance(600_000)
    expect([...on.keychain.items.values()].join()).not.toContain(word)
  })
})
