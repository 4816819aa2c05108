import type { TokenManager } from 'tokenward/react-native'
import { realm } from './realm.ts'
import { metadata } from './servers.ts'
import type { Stage } from './stage.ts'

// What a person and a phone do around the browser of a sign-in, on the real JavaScript of the browser's library, AppState and Linking.

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    ({ code }) => code,
  )

/** The app goes away, and is in front again after `duration` ms. */
function away(duration: number) {
  const { phone, time } = realm()
  phone.emit('appStateDidChange', { app_state: 'background' })
  time.setTimeout(() => phone.emit('appStateDidChange', { app_state: 'active' }), duration)
}

function follow(url: string, after: number) {
  const { phone, time } = realm()
  time.setTimeout(() => phone.emit('url', { url }), after)
}

async function failedSignIn(manager: TokenManager) {
  return { failure: await failureOf(manager.signIn()), status: manager.state.status }
}

const LINK = 'https://app.example.com/callback'

/** The app dies while the person is away. */
const coldStart = {
  'browser: a cold start, and the old URL at the next': (stage: Stage) => coldStarts(stage, {}),
  'browser: a cold start by a claimed link': (stage: Stage) => coldStarts(stage, { redirectUri: LINK }),
}

async function coldStarts({ app, server }: Stage, options: { readonly redirectUri?: string }) {
  const { phone, time } = realm()
  let answer = ''
  phone.person = (url) => {
    answer = server.authorize(url)
  }
  const first = app({ metadata, ...options })
  first.signIn().catch(() => {})
  await time.pass(100)
  first.dispose()

  phone.initialUrl = answer
  const second = app({ metadata, ...options })
  const { status } = await second.ready()
  second.dispose()
  const requests = phone.handed.length

  const third = app({ metadata, ...options })
  const failed: string[] = []
  third.on('sign_in_failed', ({ reason }) => failed.push(reason))
  const again = await third.ready()

  // The first one's browser is closed, which its process did not live to hear. Here it is the next step's as well.
  away(10)
  phone.closeBrowser({ type: 'dismiss' })
  return { cold: status, again: again.status, failed, isQuiet: phone.handed.length === requests }
}

export const androidBrowserSteps = {
  async 'browser: the redirect first'({ app, server }: Stage) {
    const { phone } = realm()
    phone.person = (url) => {
      away(2_000)
      follow(server.authorize(url), 1_990)
    }
    return (await app({ metadata }).signIn()).status
  },

  async 'browser: the redirect long after the app is in front'({ app, server }: Stage) {
    const { phone, time } = realm()
    phone.person = (url) => {
      away(2_000)
      follow(server.authorize(url), 60_000)
    }
    const manager = app({ metadata })
    const given = await failedSignIn(manager)
    await time.pass(70_000)
    return { ...given, later: manager.state.status }
  },

  async 'browser: closed'({ app }: Stage) {
    const { phone, time } = realm()
    phone.person = () => {
      away(2_000)
      time.setTimeout(() => phone.closeBrowser({ type: 'cancel' }), 2_000)
    }
    return failedSignIn(app({ metadata }))
  },

  async 'browser: closed, then a second try'({ app, server }: Stage) {
    const { phone } = realm()
    phone.person = () => {
      away(2_000)
      phone.closeBrowser({ type: 'cancel' })
    }
    const manager = app({ metadata })
    const given = await failedSignIn(manager)
    phone.person = (url) => {
      away(2_000)
      follow(server.authorize(url), 2_005)
    }
    return { ...given, second: (await manager.signIn()).status }
  },

  async 'browser: a foreign state first'({ app, server }: Stage) {
    const { phone } = realm()
    phone.person = (url) => {
      away(2_000)
      const answer = server.authorize(url)
      follow(answer.replace(/state=[^&]*/, 'state=foreign'), 1_000)
      follow(answer, 2_500)
    }
    return (await app({ metadata }).signIn()).status
  },

  async 'browser: a claimed link, after other links of the app'({ app, server }: Stage) {
    const { phone } = realm()
    phone.person = (url) => {
      away(2_000)
      follow(`${LINK}s?error=server_error`, 1_000)
      follow(server.authorize(url), 2_005)
    }
    return (await app({ metadata, redirectUri: LINK }).signIn()).status
  },

  ...coldStart,
}

/** Where the browser tells the redirect itself. */
export const iosBrowserSteps = {
  async 'browser: closed'({ app }: Stage) {
    const { phone, time } = realm()
    phone.person = () => {
      time.setTimeout(() => phone.closeBrowser({ type: 'cancel' }), 2_000)
    }
    return failedSignIn(app({ metadata }))
  },

  async 'browser: a foreign state first'({ app, server }: Stage) {
    const { phone, time } = realm()
    phone.person = (url) => {
      const answer = server.authorize(url)
      follow(answer.replace(/state=[^&]*/, 'state=foreign'), 1_000)
      time.setTimeout(() => phone.closeBrowser({ type: 'success', url: answer }), 2_000)
    }
    return (await app({ metadata }).signIn()).status
  },

  async 'browser: a claimed link, after other links of the app'({ app, server }: Stage) {
    const { phone, time } = realm()
    phone.person = (url) => {
      const answer = server.authorize(url)
      follow(`${LINK}s?error=server_error`, 1_000)
      time.setTimeout(() => phone.closeBrowser({ type: 'success', url: answer }), 2_000)
    }
    return (await app({ metadata, redirectUri: LINK }).signIn()).status
  },

  ...coldStart,
}
