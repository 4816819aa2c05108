import { invalidOption, TokenManagerError } from '../errors.ts'
import { systemClock } from '../in-process/system-clock.ts'
import type { Clock, UserAgent } from '../ports.ts'
import { answerAt } from '../protocol/authorization-code.ts'
import type { Subscription } from './app-lifecycle.ts'

/** How the sign-in in the system's browser ended. */
export interface BrowserResult {
  /** `success`, `cancel`, `dismiss` or another word of the module. */
  readonly type: string
  /** The URL that the person came back to. Present with `success`. */
  readonly url?: string
}

/** The part of the module `expo-web-browser` that is used. */
export interface ExpoWebBrowser {
  /** Opens the system's browser at `url`. Resolves when it was closed, or when it reached `redirectUrl`. */
  openAuthSessionAsync(
    url: string,
    redirectUrl: string,
    options?: {
      readonly preferEphemeralSession?: boolean
      readonly preferUniversalLinks?: boolean
      readonly showInRecents?: boolean
    },
  ): Promise<BrowserResult>
  /** Closes the browser. Throws on platforms that cannot do that. */
  dismissAuthSession?(): void
}

/** The part of the module `react-native-inappbrowser-reborn` that is used. */
export interface InAppBrowser {
  /** Opens the system's browser at `url`. Resolves when it was closed, or when it reached `redirectUrl`. */
  openAuth(
    url: string,
    redirectUrl: string,
    options?: { readonly ephemeralWebSession?: boolean; readonly showInRecents?: boolean },
  ): Promise<BrowserResult>
  /** Closes the browser. */
  closeAuth?(): void
}

/** The part of React Native's `Linking` that is used. */
export interface LinkingLike {
  /** The URL that started the app, or `null`. After a reload of the app's JavaScript it is the same URL again. */
  getInitialURL(): Promise<string | null>
  /** Calls `listener` with each URL that the app is opened with while it runs. */
  addEventListener(type: 'url', listener: (event: { readonly url: string }) => void): Subscription
}

/** Options of {@link authSession}. */
export interface AuthSessionOptions {
  /** Whether the browser forgets the person's sign-in at the server afterwards. Default false: the next sign-in may need no password. */
  readonly ephemeral?: boolean
  /**
   * How long to wait for the redirect after the browser was closed, in milliseconds. On Android the app comes to the front a moment before it
   * gets the URL. Default 1 500, 0 to 60 000.
   */
  readonly grace?: number
  /** Measures `grace`. Default: the phone's clock. */
  readonly clock?: Clock
}

/**
 * Makes the user agent that signs in through the system's browser (RFC 8252). The redirect comes from `Linking`. It is recognised by its `state`;
 * an error without `state` also ends the wait. What the browser module reports is only a hint. A redirect that comes after the wait, or that
 * starts the app anew, still completes the sign-in, because the sign-in is in the store.
 * @param browser the module `expo-web-browser` or `react-native-inappbrowser-reborn`
 * @param linking `Linking` of `react-native`
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `grace` is out of bounds
 */
export function authSession(
  browser: ExpoWebBrowser | InAppBrowser,
  linking: LinkingLike,
  { ephemeral = false, grace = 1_500, clock = systemClock }: AuthSessionOptions = {},
): UserAgent {
  if (!(grace >= 0 && grace <= 60_000)) throw invalidOption('grace', '0 to 60000 ms')

  const awaited = new Set<string>()
  let isStartTaken = false

  return {
    async authorize(url, redirectUri, state) {
      const redirect = firstRedirect(linking, redirectUri, state)
      awaited.add(state)

      try {
        const first = await Promise.race([redirect.url, open(browser, url, redirectUri, ephemeral)])
        if (typeof first === 'string') {
          dismiss(browser)
          return first
        }

        if (first.url !== undefined && answers(first.url, redirectUri, state)) return first.url

        const late = await Promise.race([redirect.url, after(clock, grace)])
        if (late !== undefined) return late

        throw new TokenManagerError(
          'ERR_AUTHORIZATION_CANCELLED',
          'cancelled',
          'The browser was closed before the person came back',
        )
      } finally {
        redirect.stop()
        awaited.delete(state)
      }
    },
    async callbackUrl(redirectUri, statePrefix) {
      // Read only once. After a reload of the JavaScript it may be an old URL; the store then has no sign-in for it.
      if (isStartTaken) return undefined
      isStartTaken = true

      const url = await linking.getInitialURL()
      const isOurs = url !== null && stateOf(url, redirectUri)?.startsWith(statePrefix) === true
      return isOurs ? url : undefined
    },
    answers(redirectUri, statePrefix, listener) {
      const subscription = linking.addEventListener('url', ({ url }) => {
        const state = stateOf(url, redirectUri)
        if (state?.startsWith(statePrefix) && !awaited.has(state)) listener(url)
      })
      return () => subscription.remove()
    },
  }
}

async function open(
  browser: ExpoWebBrowser | InAppBrowser,
  url: string,
  redirectUri: string,
  ephemeral: boolean,
): Promise<BrowserResult> {
  try {
    if (!('openAuthSessionAsync' in browser))
      return await browser.openAuth(url, redirectUri, { ephemeralWebSession: ephemeral, showInRecents: true })

    return await browser.openAuthSessionAsync(url, redirectUri, {
      preferEphemeralSession: ephemeral,
      // Without this option, an iPhone would wait for a custom scheme named https, and never get it.
      preferUniversalLinks: redirectUri.startsWith('https:'),
      showInRecents: true,
    })
  } catch (cause) {
    throw new TokenManagerError(
      'ERR_UNSUPPORTED',
      'browser_unavailable',
      'The browser of the phone could not be opened. There may be none, or it is open for another sign-in',
      { cause },
    )
  }
}

function dismiss(browser: ExpoWebBrowser | InAppBrowser): void {
  try {
    if ('openAuthSessionAsync' in browser) browser.dismissAuthSession?.()
    else browser.closeAuth?.()
  } catch {
    // On Android, expo-web-browser throws here. The redirect has closed the browser already.
  }
}

/** The first redirect with this `state`, or with an error and no `state`. Other redirects belong to other sign-ins. */
function firstRedirect(linking: LinkingLike, redirectUri: string, state: string) {
  let stop = () => {}

  const url = new Promise<string>((resolve) => {
    const subscription = linking.addEventListener('url', (event) => {
      if (answers(event.url, redirectUri, state)) resolve(event.url)
    })
    stop = () => subscription.remove()
  })

  return { url, stop }
}

function after(clock: Clock, time: number): Promise<undefined> {
  return new Promise((resolve) => void clock.at(clock.elapsed() + time, () => resolve(undefined)))
}

/** Whether `url` answers the sign-in with `state`. An error without `state` may come from anybody. It only ends the wait. */
function answers(url: string, redirectUri: string, state: string): boolean {
  const answer = answerAt(url, redirectUri)
  if (answer === undefined) return false
  if (stateIn(answer) === state) return true

  return /[?&#]error=/.test(answer) && !/[?&#]state=[^&#]/.test(answer)
}

/** The `state` in an answer to `redirectUri`. It is never escaped, because this library makes it of base64url characters and dots. */
function stateOf(url: string, redirectUri: string): string | undefined {
  const answer = answerAt(url, redirectUri)
  return answer && stateIn(answer)
}

function stateIn(answer: string): string | undefined {
  return /[?&]state=([\w.-]+)/.exec(answer)?.[1]
}
