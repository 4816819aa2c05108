import type { Clock, EpochMs, Platform } from '../ports.ts'
import { type TransientFailure, transient, unavailable } from './failure.ts'

/** Characters of an answer that are read at most. */
const LIMIT = 1_048_576

/** A 2xx or 4xx answer (but 408 and 429), read once. */
export interface Answer {
  readonly kind: 'answer'
  readonly status: number
  readonly text: string
  /** Wall clock when the request was sent. */
  readonly sentAt: EpochMs
}

/** Details of one exchange. */
export interface ExchangeOptions {
  /** Called directly before the real `fetch`, in the same turn; false keeps the request from being sent. */
  beforeSend?: () => boolean
  /** Lets a small request outlive the page. */
  keepalive?: boolean
}

/** A `fetch` as oauth4webapi's `customFetch` wants it. */
export type Send = (url: string, options: object) => Promise<Response>

/** Browsers refuse keepalive bodies of more than 64 KiB in flight. */
const KEEPALIVE_LIMIT = 60_000

/**
 * One request to the authorization server and its answer: never redirected, cached or sent with cookies or a referrer, read
 * once, bounded in time and size. Never rejects.
 * @param timeout milliseconds from sending to the last byte
 * @param request makes the request with the `fetch` it is given
 */
export async function exchange(
  { fetch, clock }: Pick<Platform, 'fetch' | 'clock'>,
  timeout: number,
  request: (send: Send) => Promise<Response>,
  { beforeSend, keepalive }: ExchangeOptions = {},
): Promise<Answer | TransientFailure> {
  const limit = deadline(clock, timeout)
  let sentAt: EpochMs | undefined
  let status: number | undefined
  try {
    const response = await request((url, options) => {
      const init: RequestInit = {
        ...options,
        redirect: 'manual',
        cache: 'no-store',
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        signal: limit.signal,
      }
      const now = clock.now()
      if (limit.signal.aborted || beforeSend?.() === false) throw undefined
      sentAt = now
      if (!keepalive || String(init.body).length > KEEPALIVE_LIMIT) return limit.race(fetch(url, init))
      return limit.race(
        fetch(url, { ...init, keepalive }).catch((error) => {
          if (limit.signal.aborted) throw error
          return fetch(url, init)
        }),
      )
    })
    status = response.status
    const failure = unavailable(response, clock)
    if (failure) return failure
    return { kind: 'answer', status, text: await limit.race(readText(response)), sentAt: sentAt as EpochMs }
  } catch (cause) {
    const reason = limit.signal.aborted ? 'timeout' : 'network_unavailable'
    return transient(reason, sentAt !== undefined, { status, cause })
  } finally {
    limit.end()
  }
}

/** Ends the work given to `race` after `timeout` ms. `end` stops the timer and lets go of what was not read. */
function deadline(clock: Clock, timeout: number) {
  const controller = new AbortController()
  let stop = () => {}
  // Aborting alone would wait for ever on a fetch that ignores its signal.
  const late = new Promise<never>((_, reject) => {
    stop = clock.at(clock.elapsed() + timeout, () => {
      controller.abort()
      reject(undefined)
    })
  })
  late.catch(() => {})
  return {
    signal: controller.signal,
    race: <T>(work: Promise<T>) => Promise.race([work, late]),
    end() {
      stop()
      controller.abort()
    },
  }
}

async function readText(response: Response): Promise<string> {
  let text = ''
  const reader = response.body?.getReader()
  if (!reader) text = await response.text()
  else {
    const decoder = new TextDecoder()
    for (;;) {
      const { done, value } = await reader.read()
      text += decoder.decode(value, { stream: !done })
      if (done || text.length > LIMIT) break
    }
  }
  if (text.length > LIMIT) throw undefined
  return text
}
