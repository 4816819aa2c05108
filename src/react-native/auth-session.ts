import { invalidOption, TokenManagerError } from '../errors.ts'
import { systemClock } from '../in-process/system-clock.ts'
import type { Clock, UserAgent } from '../ports.ts'
import { answerAt } from '../protocol/authorization-code.ts'
import type { Subscription } from './app-lifecycle.ts'

/** What became of the system's browser: `success` with a `url`, `cancel`, `dismiss` … */
export interface BrowserResult {
  /** The word for it. */
  readonly type: string
  /** Where the person came back to. */
  readonly url?: string
}

/** The module `expo-web-browser`. */
export interface ExpoWebBrowser {
  /** Opens it. */
  openAuthSessionAsync(
    url: string,
    redirectUrl: string,
    options?: {
      readonly preferEphemeralSession?: boolean
      readonly preferUniversalLinks?: boolean
      readonly showInRecents?: boolean
    },
  ): Promise<BrowserResult>
  /** Closes it. Throws where the platform cannot. */
  dismissAuthSession?(): void
}

/** The module `react-native-inappbrowser-reborn`. */
export interface InAppBrowser {
  /** Opens it. */
  openAuth(
    url: string,
    redirectUrl: string,
    options?: { readonly ephemeralWebSession?: boolean; readonly showInRecents?: boolean },
  ): Promise<BrowserResult>
  /** Closes it. */
  closeAuth?(): void
}

/** React Native's `Linking`, as far as it is used. */
export interface LinkingLike {
  /** The URL that started the app; the same one again after a reload of its JavaScript. */
  getInitialURL(): Promise<string | null>
  /** Hears URLs while the app runs. */
  addEventListener(type: 'url', listener: (event: { readonly url: string }) => void): Subscription
}

/** Options of {@link authSession}. */
export interface AuthSessionOptions {
  /** Whether the browser forgets the person's sign-in afterwards. Default false: they are known to the server the next time. */
  readonly ephemeral?: boolean
  /**
   * How long to wait for the redirect after the browser said that it was closed, ms. Default 1 500, 0 to 60 000. Android brings the app to the
   * front a moment before it says where the person came back to.
   */
  readonly grace?: number
  /** Default: the phone's own. */
  readonly clock?: Clock
}

/**
 * Signs in through the system's browser (RFC 8252). What counts is the redirect that `Linking` tells, known by its `state`, or an error
 * without one; the word of the browser is a hint. A redirect that comes after the wait, or that starts the app anew, completes the
 * sign-in as well: it waits in the store.
 * @param browser the module `expo-web-browser` or `react-native-inappbrowser-reborn`
 * @param linking `Linking` of `react-native`
 * @throws TokenManagerError `ERR_INVALID_OPTION` for a `grace` out of bounds
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
      // Once in the life of this JavaScript. After a reload it may be an old one, which the stored sign-ins do not know.
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
      // Without it an iPhone waits for a scheme called https, which never comes.
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
    // expo-web-browser cannot on Android, where the redirect has closed it already.
  }
}

/** The first redirect with `state`, or with an error and none; others are other sign-ins'. */
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

/** Whether `url` answers the sign-in with `state`. An error without any may be anybody's: it ends the wait, and nothing else. */
function answers(url: string, redirectUri: string, state: string): boolean {
  const answer = answerAt(url, redirectUri)
  if (answer === undefined) return false
  if (stateIn(answer) === state) return true
  return /[?&#]error=/.test(answer) && !/[?&#]state=[^&#]/.test(answer)
}

/** The `state` of an answer to `redirectUri`. Ours is base64url and dots, which no escape ever changes. */
function stateOf(url: string, redirectUri: string): string | undefined {
  const answer = answerAt(url, redirectUri)
  return answer && stateIn(answer)
}

function stateIn(answer: string): string | undefined {
  return /[?&]state=([\w.-]+)/.exec(answer)?.[1]
}
