import type { BffSettings } from './bff-settings.ts'
import { bindConnection } from './open-connections.ts'
import { sessionAnswer } from './session-answer.ts'

/** Whatever compresses or collects answers on the way would keep the events back. */
const FIELDS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
}

/** Events that wait for a page that does not read. */
const LIMIT = 100

/**
 * Server-sent events for the page: `state` with the session as it is now, and again with every change. The one that says that nobody is
 * signed in is the last one. A comment comes every 15 s, so that a connection that is gone shows.
 */
export function eventStream(account: string, settings: BffSettings): Response {
  const encoder = new TextEncoder()
  let close = () => {}
  let last = ''

  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let isOver = false
      const end = () => {
        if (isOver) return
        isOver = true
        close()
        controller.close()
      }
      const send = (text: string) => {
        if (isOver) return
        // A page that does not read is not waited for: it asks again when it comes back.
        const isFull = (controller.desiredSize ?? 0) < -LIMIT
        if (isFull) end()
        else controller.enqueue(encoder.encode(text))
      }
      close = bindConnection(account, settings, {
        changed(check) {
          const { endsAt, ...answer } = sessionAnswer(check, settings)
          const told = JSON.stringify(answer)
          // That the session was used, and so ends later, is no news.
          if (told !== last) send(`event: state\ndata: ${JSON.stringify({ ...answer, endsAt })}\n\n`)
          last = told
          if (check.state.status === 'signedOut') end()
        },
        quiet: () => send(':\n\n'),
      })
    },
    cancel: () => close(),
  })
  return new Response(body, { headers: FIELDS })
}
