import { TokenManagerError } from '../errors.ts'
import type { UserAgent } from '../ports.ts'
import { checkOrigin, landingAt, takeAnswer } from './callback-url.ts'
import { departure } from './departure.ts'

const stateMarker = 'p.'
const gracePolls = 6
const PATIENCE = 2_000

/** Options of {@link popup}. */
export interface PopupOptions {
  /** Width of the window's content, CSS pixels. Default 480. */
  readonly width?: number
  /** Height of the window's content, CSS pixels. Default 640. */
  readonly height?: number
  /**
   * How often to check whether the person closed the window, milliseconds. Default 500. The window counts as closed after six such checks in
   * a row while this page has the focus, because with `Cross-Origin-Opener-Policy` at the server the window looks closed from the start.
   */
  readonly closedPollInterval?: number
}

/**
 * Signs in within a second window, while this page stays. Call `signIn()` in a click handler before any `await`. Otherwise the browser blocks
 * the window (`ERR_AUTHORIZATION_CANCELLED`, reason `popup_blocked`). If the person closes it, the reason is `cancelled`. A double click opens
 * one window: the first call goes on in it, and the second one rejects with `cancelled`.
 *
 * The page of `redirectUri` needs a manager with `popup()` too, and calls `ready()`. It passes its URL to the page that asked, over a one-time
 * channel of the origin that is named after the random `state`, and closes. Until then `ready()` does not resolve there. If nobody takes the
 * URL within 2 s, that window completes the sign-in itself. The server's page cannot reach the page that asked. A page inside a frame of
 * another site cannot use this, because it has no channel to its own window.
 * @throws nothing; `authorize()` rejects with `ERR_UNSUPPORTED` if there is no `BroadcastChannel`
 */
export function popup(options: PopupOptions = {}): UserAgent {
  // The window for the next call of `authorize()`. `null`: it was blocked. `false`: another call has taken it, or closed it.
  let prepared: Window | null | false | undefined

  return {
    stateMarker,
    prepare() {
      if (!prepared || prepared.closed) prepared = openWindow(options)
      const opened = prepared

      return () => {
        if (prepared !== opened) return

        prepared = false
        opened?.close()
      }
    },
    async authorize(url, redirectUri, state) {
      checkOrigin(redirectUri)
      const opened = prepared ?? openWindow(options)
      prepared = false

      if (!opened) {
        const isTaken = opened === false
        const message = isTaken
          ? 'Another call of signIn() has the window, as after a double click'
          : 'The browser blocked the window: call signIn() from a click'
        throw new TokenManagerError('ERR_AUTHORIZATION_CANCELLED', isTaken ? 'cancelled' : 'popup_blocked', message)
      }

      if (typeof BroadcastChannel === 'undefined') {
        opened.close()
        throw new TokenManagerError('ERR_UNSUPPORTED', 'unsupported_flow', 'There is no BroadcastChannel')
      }

      return new Promise((resolve, reject) => {
        const channel = new BroadcastChannel(channelName(state))
        const timer = setInterval(
          watchClosed(opened, () => {
            end()
            reject(new TokenManagerError('ERR_AUTHORIZATION_CANCELLED', 'cancelled', 'The person closed the sign-in'))
          }),
          options.closedPollInterval ?? 500,
        )
        const end = () => {
          clearInterval(timer)
          channel.close()
        }

        channel.onmessage = ({ data }: MessageEvent<unknown>) => {
          if (typeof data !== 'string' || !data.startsWith(`${location.origin}/`)) return

          const landing = landingAt(data, redirectUri)
          // An answer without `state` is accepted: the window knows which sign-in it was opened for, and has used the right channel.
          if (!landing || (landing.state || state) !== state) return

          channel.postMessage(true)
          end()
          opened.close()
          resolve(data)
        }

        // The server's page must not be able to reach this page.
        opened.opener = null
        departure(state, opened)
        opened.location.replace(url)
      })
    },
    awaits: (statePrefix) => departure().startsWith(statePrefix),
    callbackUrl(redirectUri, statePrefix) {
      const answer = takeAnswer(redirectUri, statePrefix)
      if (!answer?.state.startsWith(statePrefix + stateMarker)) return answer?.url

      const { url, state } = answer
      const channel = new BroadcastChannel(channelName(state))
      return new Promise((resolve) => {
        // If the page that opened this window does not reply, it is closed, or thinks that this window is. Then this window completes the sign-in.
        const timer = setTimeout(() => {
          channel.close()
          resolve(url)
        }, PATIENCE)

        channel.onmessage = () => {
          clearTimeout(timer)
          channel.close()
          close()
          // The window may not be allowed to close itself, if the server has cut it off from the page that opened it.
          setTimeout(resolve, PATIENCE)
        }

        channel.postMessage(url)
      })
    },
  }
}

function openWindow({ width = 480, height = 640 }: PopupOptions): Window | null {
  const left = Math.max(0, screenX + (outerWidth - width) / 2)
  const top = Math.max(0, screenY + (outerHeight - height) / 2)
  return open('about:blank', '_blank', `popup,width=${width},height=${height},left=${left},top=${top}`)
}

function watchClosed(opened: Window, closed: () => void): () => void {
  let seen = 0
  return () => {
    // The server's opener policy may make an open window look closed. So it counts as closed only while this page has the focus.
    seen = opened.closed && document.hasFocus() ? seen + 1 : 0
    if (seen === gracePolls) closed()
  }
}

function channelName(state: string): string {
  return `tokenward:popup:${state}`
}
