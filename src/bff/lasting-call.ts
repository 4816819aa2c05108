import { TokenManagerError } from '../errors.ts'
import type { BffSettings } from './bff-settings.ts'
import { followSession } from './open-connections.ts'

/** Most calls are over by then, and cost nothing more; ms. */
const BRIEF = 1_000

/**
 * Ends a call to an API with the session called `account`: what a person signed out of goes on neither coming nor going, however long a body is.
 * A call that is over within a second is left alone.
 * @param end gets what the page is told
 * @returns to be called once the call is over
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

/** `body` as it comes, no faster than somebody takes it; `over` is called once it has ended, in whatever way. */
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
