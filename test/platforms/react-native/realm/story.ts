import type { ReactNativeTokenManagerOptions, TokenManager } from 'tokenward/react-native'
import { createTokenManager, dpop, type P256, p256Signing } from 'tokenward/react-native'
import type { HandedRequest } from './phone.ts'
import { realm } from './realm.ts'
import { FILES, ISSUER, metadata, NOTES, type Servers, servers } from './servers.ts'

/** What an app is made of, on its own kind of phone. */
export interface AppParts {
  /** The `fetch` that sends files. */
  readonly fileFetch: NonNullable<ReactNativeTokenManagerOptions['fetch']>
  readonly parts: () => Pick<ReactNativeTokenManagerOptions, 'store' | 'userAgent' | 'lifecycle' | 'randomBytes'>
  readonly p256: P256
}

/** One step of the story, as it is told to the test. */
export interface Step {
  readonly step: string
  /** What the app saw. */
  readonly saw?: unknown
  /** Why it saw nothing. */
  readonly failed?: {
    readonly name: string
    readonly code?: string
    readonly reason?: string
    readonly message: string
  }
  readonly handed: readonly HandedRequest[]
  readonly opened: readonly unknown[]
  readonly written: readonly unknown[]
  /** The names of the keychain's items afterwards. */
  readonly items: readonly string[]
  readonly reuse: number
}

/** The stage of one step. */
interface Stage {
  readonly server: Servers
  /** Starts the app, with `options` beside its own. */
  app(options?: Partial<ReactNativeTokenManagerOptions>): TokenManager
  /** An app with a session whose access token has expired. */
  signedIn(options?: Partial<ReactNativeTokenManagerOptions>): Promise<TokenManager>
}

const REFUSED = { status: 401, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' }, body: '' }

/** Each step has an empty phone and servers of its own. */
const steps: Readonly<Record<string, (stage: Stage, parts: AppParts) => Promise<unknown>>> = {
  async 'sign-in'({ app }) {
    const manager = app({ scope: 'openid notes' })
    const state = await manager.signIn()
    return state.status === 'signedIn' && state.session.claims
  },

  async 'pushed authorization request'({ app }) {
    return (await app({ metadata, pushedAuthorizationRequests: true }).signIn()).status
  },

  async restart({ signedIn, app }) {
    const first = await signedIn()
    const token = await first.getAccessToken()
    first.dispose()

    const second = app({ metadata })
    const { status } = await second.ready()
    return { status, isSame: (await second.getAccessToken()).value === token.value }
  },

  async 'refresh and rotation'({ signedIn }) {
    const { time } = realm()
    const manager = await signedIn()
    const first = await Promise.all([manager.getAccessToken(), manager.getAccessToken()])
    await time.pass(301_000)
    const second = await manager.getAccessToken()
    return [...first, second].map(({ value }) => value)
  },

  async '401, then JSON again'({ signedIn, server }) {
    const manager = await signedIn()
    await manager.getAccessToken()
    server.apiAnswers.push(REFUSED)
    const headers = { 'content-type': 'application/json' }
    const response = await manager.fetch(`${NOTES}notes`, { method: 'POST', body: '{"a":"ü"}', headers })
    return { status: response.status, saw: await response.json() }
  },

  async '401, then FormData with a file again'({ signedIn, server }, { fileFetch }) {
    const manager = await signedIn({ fetch: fileFetch })
    await manager.getAccessToken()
    server.apiAnswers.push(REFUSED)
    const form = new FormData()
    form.append('text', 'hello')
    form.append('photo', { uri: 'file:///a.jpg', name: 'a.jpg', type: 'image/jpeg' } as unknown as Blob)
    const response = await manager.fetch(`${NOTES}photos`, { method: 'POST', body: form })
    return response.status
  },

  async '401, then a Blob again'({ signedIn, server }) {
    const manager = await signedIn()
    await manager.getAccessToken()
    server.apiAnswers.push(REFUSED)
    const body = new Blob(['some', 'text'], { type: 'text/plain' })
    return (await manager.fetch(`${NOTES}notes`, { method: 'PUT', body })).status
  },

  async '401, then a Request again'({ signedIn, server }) {
    const manager = await signedIn()
    await manager.getAccessToken()
    server.apiAnswers.push(REFUSED)
    const headers = { 'content-type': 'application/json' }
    const request = new Request(`${NOTES}notes`, { method: 'POST', body: '{"a":1}', headers })
    return (await manager.fetch(request)).status
  },

  async '401, then a Request with a form again'({ signedIn, server }) {
    const manager = await signedIn()
    await manager.getAccessToken()
    server.apiAnswers.push(REFUSED)
    const form = new FormData()
    form.append('text', 'hello')
    return (await manager.fetch(new Request(`${NOTES}photos`, { method: 'POST', body: form }))).status
  },

  async 'several resources'({ signedIn }) {
    const places = [NOTES, FILES].map((url) => ({ url, resource: url }))
    const manager = await signedIn({ resources: places })
    const responses = [await manager.fetch(`${NOTES}notes`), await manager.fetch(new URL(`${FILES}a.txt`))]
    return Promise.all(responses.map((response) => response.json()))
  },

  async 'a URL that only looks like the API'({ signedIn }) {
    const manager = await signedIn()
    return manager.fetch('https://evil.example/@api.example.com/notes')
  },

  async 'an answer from elsewhere'({ signedIn, server }) {
    const { phone } = realm()
    const manager = await signedIn()
    phone.network = (request) => ({ ...server.answer(request), url: 'https://elsewhere.example/token' })
    const failure = await manager.getAccessToken().catch(({ code, reason }) => ({ code, reason }))
    return { failure, status: manager.state.status }
  },

  async 'a caller that stops waiting'({ signedIn }) {
    const { phone, time } = realm()
    const manager = await signedIn()
    phone.network = () => new Promise(() => {})
    const controller = new AbortController()
    const waiting = manager.getAccessToken({ signal: controller.signal })
    const failure = waiting.catch((error) => ({ name: error?.name }))
    await time.pass(10)
    controller.abort()
    return failure
  },

  async 'sign-out'({ signedIn }) {
    const manager = await signedIn()
    await manager.getAccessToken()
    const { local, revoked } = await manager.signOut()
    return { local, revoked: await revoked, status: manager.state.status }
  },

  async 'sign-out without a network'({ signedIn, server }) {
    const { phone, time } = realm()
    const manager = await signedIn()
    await manager.getAccessToken()
    phone.network = () => Promise.reject(new Error('The Internet connection appears to be offline.'))
    const { local } = await manager.signOut()
    const offline = phone.handed.length
    await time.pass(1_000)

    phone.network = server.answer
    await time.pass(600_000)
    return { local, status: manager.state.status, isTried: phone.handed.length > offline }
  },

  async 'DPoP without a signer'({ app }) {
    return (await app({ metadata, dpop: dpop({ required: true }) }).signIn()).status
  },

  async DPoP({ app }, { parts, p256 }) {
    const signing = p256Signing(p256, parts().randomBytes)
    const manager = app({ metadata, dpop: dpop({ required: true, signing }) })
    await manager.signIn()
    const response = await manager.fetch(`${NOTES}notes?a=1`)
    return { status: response.status, saw: await response.json() }
  },
}

/** Tells the story, a line a step. */
export async function tellStory(parts: AppParts): Promise<void> {
  const { shell, time } = realm()
  shell.print(`GLOBALS ${JSON.stringify(Object.getOwnPropertyNames(globalThis))}`)
  for (const [step, run] of Object.entries(steps)) {
    const { stage, end } = openStage(parts)
    const told = await time.settled(run(stage, parts)).then(
      (saw) => ({ saw }),
      (error) => ({ failed: described(error) }),
    )
    shell.print(`STEP ${ascii(JSON.stringify({ step, ...told, ...end() }))}`)
  }
  shell.print('END')
}

function openStage({ parts }: AppParts) {
  const { phone, time } = realm()
  const server = servers()
  const managers: TokenManager[] = []
  phone.keychain.clear()
  for (const list of [phone.handed, phone.opened, phone.written]) list.length = 0
  phone.network = server.answer
  phone.person = (url) => {
    phone.emit('appStateDidChange', { app_state: 'background' })
    time.setTimeout(() => phone.emit('appStateDidChange', { app_state: 'active' }), 2_000)
    // On Android the app comes to the front a moment before it hears where the person came back to.
    time.setTimeout(() => phone.emit('url', { url: server.authorize(url) }), 2_005)
  }

  function app(options: Partial<ReactNativeTokenManagerOptions> = {}) {
    const manager = createTokenManager({
      issuer: ISSUER,
      clientId: 'app',
      redirectUri: 'com.example.app:/callback',
      scope: 'notes',
      resources: [NOTES],
      ...parts(),
      ...options,
    })
    managers.push(manager)
    return manager
  }

  async function signedIn(options?: Partial<ReactNativeTokenManagerOptions>) {
    const manager = app({ metadata, ...options })
    await manager.adopt({ accessToken: 'at-0', refreshToken: 'rt-0', expiresAt: Date.now() - 1_000 })
    return manager
  }

  function end() {
    for (const manager of managers) manager.dispose()
    const { handed, opened, written, keychain } = phone
    return { handed, opened, written, items: [...keychain.keys()], reuse: server.reuse }
  }

  return { stage: { server, app, signedIn }, end }
}

function described(error: unknown) {
  const { name, code, reason, message } = (error ?? { message: 'rejected with nothing' }) as TypeError & Step['failed']
  return { name, code, reason, message }
}

/** Not every shell prints the rest of Unicode. */
function ascii(text: string): string {
  return text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
