import type { BffSettings } from './bff-settings.ts'
import { bindConnection } from './open-connections.ts'
import { sessionAnswer } from './session-answer.ts'

/** These fields keep proxies from compressing or collecting the answer, which would delay the events. */
const FIELDS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
}

/** How many events may wait for a page that does not read. */
const LIMIT = 100

/**
 * Server-sent events for the page. The event `state` has the session as it is now. It is sent at once and after every change. After an event
 * that says that nobody is signed in, the stream ends. A comment is sent every 15 s, so that a broken connection is noticed.
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

        // A page that does not read loses the stream. It opens a new one when it runs again.
        const isFull = (controller.desiredSize ?? 0) < -LIMIT
        if (isFull) end()
        else controller.enqueue(encoder.encode(text))
      }

      close = bindConnection(account, settings, {
        changed(check) {
          const { endsAt, ...answer } = sessionAnswer(check, settings)
          const told = JSON.stringify(answer)
          // A change of `endsAt` alone is not sent: it changes with every use of the session.
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
