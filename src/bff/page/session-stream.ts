import type { SessionAnswer } from '../page-answers.ts'
import type { Backend } from './backend.ts'

/** The waits before the stream is opened again, ms: the first, and the longest. */
const PAUSE = 1_000
const LONGEST_PAUSE = 30_000

/** The session's events, read by one tab for all of them. */
export interface SessionStream {
  /** Tells the other tabs what this one knows of the session, as text. */
  tell(known: string): void
  /** Opens the stream, or waits for the turn of this tab. */
  open(): void
  /** Closes it. */
  close(): void
  /** Closes it and hears of no other tab. */
  dispose(): void
}

/** What a tab does about what it hears. */
interface Listener {
  /** The stream says how the session is. */
  changed(answer: SessionAnswer): void
  /** The stream says that the session is over, which may mean that it has another name now. The other tabs wait for their turn meanwhile. */
  ended(): Promise<unknown>
  /** What another tab knows. It proves nothing: it may be older than what this one knows. */
  heard(known: string): void
}

/**
 * Shares one event stream among all tabs: the one that holds the lock reads it. Where there are no locks each tab has a stream of its own.
 */
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
    // One that ends as soon as it is opened is not opened again at once.
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

  /** Whether the session is over. */
  async function readOnce(signal: AbortSignal, begun: () => void): Promise<boolean> {
    const { body } = await backend.ask('/events', { signal })
    const reader = (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream() as never).getReader()
    begun()
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return false
      const events = (text + value).split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        const [, data] = /^data: (.*)/m.exec(event) ?? []
        const answer = data && JSON.parse(data)
        if (answer?.status === 'signedOut') return true
        if (answer) changed(answer)
      }
    }
  }
}

/** Waits, and no longer than `signal` lets it. */
export function pause(ms: number, signal?: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
    signal?.addEventListener('abort', resolve)
  })
}
