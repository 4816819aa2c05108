import type { SessionAnswer } from '../page-answers.ts'
import type { Backend } from './backend.ts'

/** The first and the longest pause before the stream is opened again, in milliseconds. */
const PAUSE = 1_000
const LONGEST_PAUSE = 30_000
/** The backend sends something every 15 s. A stream that is silent for this time, in milliseconds, counts as broken. */
const SILENCE = 45_000

/** The event stream about the session. One tab reads it for all tabs. */
export interface SessionStream {
  /** Sends the other tabs what this tab knows of the session. */
  tell(known: string): void
  /** Opens the stream. If another tab reads it, this tab waits until that one stops. */
  open(): void
  /** Closes the stream. */
  close(): void
  /** Closes the stream, and stops listening to the other tabs. */
  dispose(): void
}

/** What a tab does when something happens to the session. */
interface Listener {
  /** Called with each state of the session that the stream sends. */
  changed(answer: SessionAnswer): void
  /**
   * Called when the stream says that the session is over. The session may also have got another name. Until the promise settles, no other tab
   * opens the stream.
   */
  ended(): Promise<unknown>
  /** Called with what another tab knows of the session. It may be older than what this tab knows. */
  heard(known: string): void
}

/** Shares one event stream among all tabs: the tab that holds the lock reads it. Without the Web Locks API each tab has its own stream. */
export function sessionStream(base: string, backend: Backend, { changed, ended, heard }: Listener): SessionStream {
  const name = `tokenward.bff ${base}`
  const channel = new BroadcastChannel(name)
  channel.onmessage = ({ data }) => heard(data)
  let reading: AbortController | undefined
  let openedAt = -Infinity

  const stream: SessionStream = {
    tell: (known) => channel.postMessage(known),
    open() {
      if (reading) return

      reading = new AbortController()
      const { signal } = reading
      const read = () => readAll(signal)
      const { locks } = navigator
      ;(locks ? locks.request(name, { signal }, read) : read()).catch(() => {})
    },
    close() {
      reading?.abort()
      reading = undefined
    },
    dispose() {
      stream.close()
      channel.close()
    },
  }
  return stream

  async function readAll(signal: AbortSignal) {
    // There is at least one second between two streams, also if each ends as soon as it is opened.
    await pause(openedAt + PAUSE - Date.now(), signal)

    for (let next = PAUSE; !signal.aborted; next = Math.min(2 * next, LONGEST_PAUSE)) {
      const began = () => {
        openedAt = Date.now()
        next = PAUSE
      }
      const isOver = await readOnce(signal, began).catch(({ code }) => code === 'ERR_SIGNED_OUT')
      if (isOver && reading?.signal === signal) {
        reading = undefined
        await ended()
        return
      }
      await pause(next, signal)
    }
  }

  /** Reads the stream until it ends. Gives true if it says that the session is over. */
  async function readOnce(signal: AbortSignal, begun: () => void): Promise<boolean> {
    const connection = new AbortController()
    const hangUp = () => connection.abort()
    signal.onabort = hangUp
    let silence = setTimeout(hangUp, SILENCE)

    try {
      const { body } = await backend.ask('/events', { signal: connection.signal })
      const reader = (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream() as never).getReader()
      begun()

      for (let text = ''; ; ) {
        const { done, value } = await reader.read()
        if (done) return false

        clearTimeout(silence)
        silence = setTimeout(hangUp, SILENCE)
        const events = (text + value).split('\n\n')
        text = events.pop() ?? ''
        if (events.some(tells)) return true
      }
    } finally {
      clearTimeout(silence)
      hangUp()
    }
  }

  /** Passes on what an event says of the session. Gives true if the session is over. */
  function tells(event: string): boolean {
    const [, data] = /^data: (.*)/m.exec(event) ?? []
    const answer = data && JSON.parse(data)
    const isOver = answer?.status === 'signedOut'
    if (answer && !isOver) changed(answer)
    return isOver
  }
}

/** Waits for `ms` milliseconds, or until `signal` is aborted. A signal has one `onabort`, so that no listeners pile up on one that lasts. */
export function pause(ms: number, signal?: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
    if (signal) signal.onabort = resolve
  })
}
