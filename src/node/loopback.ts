import { invalidOption, TokenManagerError } from '../errors.ts'
import type { UserAgent } from '../ports.ts'
import { type LandingOutcome, landingPage } from './landing-page.ts'
import { openBrowser } from './open-browser.ts'
import { redirectFile } from './redirect-file.ts'
import { type RedirectListener, redirectListener } from './redirect-listener.ts'

/** Options of {@link loopback}. */
export interface LoopbackOptions {
  /**
   * Opens the URL for the person. Default: the platform's command that opens a browser. Other users of the machine can read the arguments of a
   * command, so the command gets a file that leads to the URL. Your function should do the same. If there may be no browser, give a
   * function that shows the URL. If it throws or rejects, so does the sign-in.
   */
  readonly open?: (url: string) => unknown
  /** How long the person may take, ms. Default 300 000; 1 000 to 600 000. */
  readonly timeout?: number
  /** Ends the wait. `signIn()` then rejects with the signal's reason. Default: only `timeout` ends it. */
  readonly signal?: AbortSignal
  /** Returns the HTML of the page that the person sees after the sign-in. Scripts in it do not run. Default: a page in English. */
  readonly page?: (outcome: LandingOutcome) => string
}

/** How long a listener stays open if its sign-in does not get to `authorize()`, in milliseconds. */
const UNUSED = 60_000

/**
 * Signs in with the person's browser and a redirect to this machine, for command-line programs (RFC 8252 §7.3). Register
 * `http://127.0.0.1/callback`, and use it as `redirectUri`. The sign-in adds a free port, which servers allow for such a registration; a port
 * that you set is kept. It listens on that address only, and accepts one answer at the exact path, with the right `state` or an error
 * without one. It has closed when `signIn()` resolves. While it waits, the process stays alive.
 *
 * `signIn()` rejects with `ERR_AUTHORIZATION_CANCELLED` (`timeout`) if nobody comes back in time, and with `ERR_UNSUPPORTED`
 * (`browser_unavailable`) if no browser can be opened.
 * @throws TokenManagerError `ERR_INVALID_OPTION` for a timeout out of bounds
 */
export function loopback(options: LoopbackOptions = {}): UserAgent {
  const { open, timeout = 300_000, signal, page = landingPage } = options
  if (!(timeout >= 1_000 && timeout <= 600_000)) throw invalidOption('timeout', '1000 to 600000 ms')
  const prepared = new Map<string, RedirectListener>()

  return {
    callbackUrl: () => undefined,
    async redirectUri(configured) {
      const listener = await redirectListener(configured)
      prepared.set(listener.redirectUri, listener)
      const closeIfUnused = () => {
        if (prepared.delete(listener.redirectUri)) listener.close()
      }
      setTimeout(closeIfUnused, UNUSED).unref()
      return listener.redirectUri
    },
    async authorize(url, redirectUri, state) {
      const file = open ? undefined : await redirectFile(url)
      const listener = prepared.get(redirectUri) ?? (await redirectListener(redirectUri))
      prepared.delete(redirectUri)

      const answer = listener.answer(state, page)
      const end = ending(timeout, signal)
      const opened = async () => {
        await (file ? openBrowser(file.path) : open?.(url))
        return answer
      }

      try {
        return await Promise.race([answer, end.reached, opened()])
      } finally {
        end.stop()
        listener.close()
        file?.remove()
      }
    },
  }
}

/** A promise that rejects when the wait ends, by the timeout or the signal. */
function ending(timeout: number, signal: AbortSignal | undefined) {
  let stop = () => {}
  const reached = new Promise<never>((_, reject) => {
    const abort = () => reject(signal?.reason)
    const late = new TokenManagerError('ERR_AUTHORIZATION_CANCELLED', 'timeout', 'Nobody came back from the sign-in')
    const timer = setTimeout(() => reject(late), timeout)
    stop = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort)
  })
  reached.catch(() => {})
  return { reached, stop }
}
