import type {
  BrowserTokenManagerOptions,
  Channel,
  DpopOptions,
  Lock,
  Store,
  TokenManager,
  TokenManagerEventType,
} from 'tokenward/browser'
import * as tokenward from 'tokenward/browser'
import { browserPlatform } from '../../../../src/browser/platform.ts'
import { describeError, type ErrorDescription } from './describe-error.ts'
import { frames } from './frames.ts'
import { type Steps, steps } from './steps.ts'
import { deepText } from './storage-dump.ts'
import { type TestClock, testClock } from './test-clock.ts'

/** What a page may be told of where it keeps its sessions. */
const kept = { local: {}, session: { persistence: tokenward.inTab }, memory: { persistence: tokenward.inMemory } }

/** How a page makes its manager: the library's options, as far as JSON carries them, and what stands in for which port. */
export interface PageOptions
  extends Pick<
    BrowserTokenManagerOptions,
    | 'issuer'
    | 'clientId'
    | 'redirectUri'
    | 'postLogoutRedirectUri'
    | 'scope'
    | 'resources'
    | 'unlisted'
    | 'account'
    | 'requestTimeout'
    | 'confirmInterval'
    | 'metadata'
    | 'authorizationParams'
  > {
  /** Default `local`: all tabs. */
  readonly persistence?: 'local' | 'session' | 'memory'
  /** What `dpop()` is made with; absent: there is none. */
  readonly dpop?: DpopOptions
  /** Whether authorization requests are pushed. */
  readonly pushed?: boolean
  /** Default: redirect. */
  readonly agent?: 'redirect' | 'popup'
  /** `none`: every request for it is granted at once. `missing`: `navigator.locks` is taken away first. */
  readonly locking?: 'none' | 'missing'
  /** Drops every message. */
  readonly silent?: boolean
  /** The script of the worker that refreshes; then every port that cannot be cloned is the platform's own. */
  readonly worker?: string
  /** Whether that worker may outlive its last page. */
  readonly extendedLifetime?: boolean
  /** At the redirect URI: makes a manager, disposes of it and makes it again, as React's StrictMode does. */
  readonly twice?: boolean
  /** `unsealed`: the rows in clear. `forgetful`: no outbox. `leaseless`: nobody sees a lease. Faults, to see them caught. */
  readonly fault?: 'unsealed' | 'forgetful' | 'leaseless'
}

/** What the test page offers to the tests, as `window.page`. */
export interface TestPage {
  readonly library: typeof tokenward
  /** How this page was told to make managers. */
  readonly defaults: PageOptions
  readonly clock: TestClock
  readonly steps: Steps
  /** Every event of every manager of this page. */
  readonly events: { readonly type: TokenManagerEventType; readonly [detail: string]: unknown }[]
  /** Faults that nobody caught. */
  readonly uncaught: string[]
  /** Every `pageshow`: whether it came out of the back/forward cache. */
  readonly shown: boolean[]
  /** Makes a manager; the first one is `window.tokens`. */
  create(options?: Partial<PageOptions>): TokenManager
  /** What a promise came to, as plain data. */
  outcome<T>(promise: Promise<T>): Promise<{ readonly value: T } | { readonly error: ErrorDescription }>
  /** The time since 1970 in ms, finer than `Date.now()`. */
  now(): number
  /** Waits for an agreed moment. */
  at(moment: number): Promise<void>
  /** Everything the origin stores, as text. */
  dump: typeof deepText
  /** What lies in the store, opened. */
  opened(): Promise<unknown[]>
  readonly frames: typeof frames
}

declare global {
  interface Window {
    page: TestPage
    tokens: TokenManager
    /** Takes what a page said to whom; the tests look for secrets in it. */
    overheard?: (text: string) => void
  }
  var page: TestPage
  var tokens: TokenManager
}

const types: readonly TokenManagerEventType[] = [
  ...(['signed_in', 'sign_in_failed', 'signed_out', 'refreshing', 'refreshed', 'adopted', 'waited'] as const),
  ...(['refresh_failed', 'token_rejected', 'step_up_required', 'retry_impossible', 'revoked'] as const),
  ...(['revocation_failed', 'store_failed', 'storage_corrupt', 'storage_lost', 'user_changed'] as const),
  ...(['clock_jumped', 'clock_off', 'dpop_not_bound', 'degraded'] as const),
]

interface TrustPolicy {
  createScriptURL(url: string): string
}

let policy: TrustPolicy | undefined
const stores = new Map<string, Store<unknown>>()
const silence: Channel = { post() {}, subscribe: () => () => {} }
const noLock: Lock = { spans: 'process', request: async (_name, _options, run) => run() }

window.page = {
  library: tokenward,
  defaults: JSON.parse(document.getElementById('defaults')?.textContent ?? '{}'),
  clock: testClock(),
  steps: steps(),
  events: [],
  uncaught: [],
  shown: [],
  create(given = {}) {
    const {
      agent,
      locking,
      silent,
      fault,
      twice: _,
      worker,
      extendedLifetime,
      dpop,
      pushed,
      persistence,
      ...options
    } = { ...page.defaults, ...given }
    const workerOptions = { type: 'module', extendedLifetime } as WorkerOptions
    if (locking === 'missing') Object.defineProperty(navigator, 'locks', { value: undefined, configurable: true })
    const manager = tokenward.createTokenManager({
      ...options,
      ...(persistence && kept[persistence]),
      [tokenward.allowInsecureLoopback]: true,
      ...(dpop && { dpop: tokenward.dpop(dpop) }),
      ...(pushed && { pushedAuthorizationRequests: tokenward.pushedAuthorizationRequests() }),
      ...(worker === undefined
        ? {
            store: storeOf(persistence, fault),
            fetch: page.steps.fetch((input, init) => fetch(input, init)),
            clock: page.clock,
          }
        : { refreshWorker: tokenward.refreshWorker(() => new SharedWorker(trusted(worker), workerOptions)) }),
      ...(agent === 'popup' && { userAgent: tokenward.popup({ closedPollInterval: 50 }) }),
      ...(silent && { channel: silence }),
      ...(locking === 'none' && { lock: noLock }),
    })
    for (const type of types) {
      manager.on(type, (event) => {
        page.events.push({ ...event })
        window.overheard?.(`event ${JSON.stringify(event)}`)
      })
    }
    window.tokens ??= manager
    return manager
  },
  outcome: (promise) =>
    promise.then(
      (value) => ({ value }),
      (error) => {
        const described = describeError(error)
        window.overheard?.(`error ${described.text}`)
        return { error: described }
      },
    ),
  now: () => performance.timeOrigin + performance.now(),
  async at(moment) {
    await new Promise((resolve) => setTimeout(resolve, moment - page.now()))
  },
  dump: deepText,
  async opened() {
    const { store } = browserPlatform({})!
    const names = await deepText.keys()
    return Promise.all(names.map(async (name) => (await store.get(name))?.value))
  },
  frames,
}

addEventListener('error', ({ message }) => page.uncaught.push(message))
addEventListener('unhandledrejection', ({ reason }) => page.uncaught.push(describeError(reason).text))
addEventListener('pageshow', ({ persisted }) => page.shown.push(persisted))
frames.listen()
addEventListener('securitypolicyviolation', ({ violatedDirective }) => page.uncaught.push(violatedDirective))
// The page at the redirect URI does what an app does there: it makes its manager and waits until it is ready.
if (location.pathname === '/callback') {
  for (let times = page.defaults.twice ? 2 : 1; times > 0; times--) {
    const manager = page.create()
    window.tokens = manager
    manager.ready().catch(({ message }) => page.uncaught.push(message))
    if (times > 1) manager.dispose()
  }
  new Image().src = '/pixel'
}
// So does the one that the authorization server loads when the person signs out there.
if (location.pathname === '/logged-out')
  void tokenward.frontChannelLogout(page.create()).then((outcome) => parent.postMessage({ outcome }, '*'))

/** A page under `require-trusted-types-for` starts no worker from a mere text. */
function trusted(url: string): string {
  const { trustedTypes } = window as { trustedTypes?: { createPolicy(name: string, policy: object): TrustPolicy } }
  policy ??= trustedTypes?.createPolicy('refresh-worker', { createScriptURL: (text: string) => text })
  return policy?.createScriptURL(url) ?? url
}

/** One for all managers of this page, so that they share their sessions as they do on the platform's own. */
function storeOf(persistence: keyof typeof kept = 'local', fault: PageOptions['fault']): Store<unknown> {
  const name = `${persistence} ${fault}`
  const platform = fault === 'unsealed' ? tokenward.indexedDbStore() : browserPlatform(kept[persistence])!.store
  const store = stores.get(name) ?? page.steps.store(faulty(platform, fault))
  stores.set(name, store)
  return store
}

function faulty(store: Store<unknown>, fault: PageOptions['fault']): Store<unknown> {
  const without = (value: unknown, name: string) => {
    const has = typeof value === 'object' && value !== null && name in value
    return has ? { ...value, [name]: name === 'outbox' ? [] : undefined } : value
  }
  if (fault === 'forgetful')
    return {
      get: store.get,
      swap: (key, tag, value, options) => store.swap(key, tag, without(value, 'outbox'), options),
    }
  if (fault !== 'leaseless') return store
  return {
    async get(key) {
      const row = await store.get(key)
      return row && { ...row, value: without(row.value, 'lease') }
    },
    swap: store.swap,
  }
}
