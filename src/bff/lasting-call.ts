import { TokenManagerError } from '../errors.ts'
import type { BffSettings } from './bff-settings.ts'
import { followSession } from './open-connections.ts'

/** Calls that end within this time are not watched, in milliseconds. Most calls do, and watching costs. */
const BRIEF = 1_000

/**
 * Ends a call to an API when the session called `account` ends. So an upload, a download or a stream of events does not go on after the person has
 * signed out. A call that is over within a second is not watched.
 * @param end called when the session ends, with the error for the page
 * @returns a function to call when the call is over
 */
export function lastingCall(
  account: string,
  settings: BffSettings,
  end: (error: TokenManagerError) => void,
): () => void {
  const { clock } = settings
  let stop = clock.at(clock.elapsed() + BRIEF, () => {
    stop = followSession(account, settings, {
      changed({ state }) {
        if (state.status === 'signedOut') end(new TokenManagerError('ERR_SIGNED_OUT', state.reason))
      },
    })
  })
  return () => stop()
}

/** Passes `body` on, no faster than it is read. `over` is called when it has ended, failed or was given up. */
export function until(body: ReadableStream<Uint8Array>, over: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const part = await reader.read().catch((error) => {
          over()
          throw error
        })
        if (!part.done) return controller.enqueue(part.value)

        over()
        controller.close()
      },
      async cancel(reason) {
        over()
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
