import { TokenManagerError } from '../errors.ts'
import type { EpochMs, Platform, WireText } from '../ports.ts'
import { isDevelopment } from './development.ts'
import { jsonObject, type TransientFailure, transient, unavailable, withoutQuery } from './failure.ts'
import type { ParameterList } from './parameters.ts'

/** The largest answer that is read, in bytes. */
const LIMIT = 1_048_576

/** For how long a page has to be awake before a request counts as too late, in milliseconds. */
const LAST_LAP = 500

/** An answer with a status of 2xx or 4xx, except 408 and 429. */
export interface Answer {
  readonly kind: 'answer'
  readonly url: string
  /** The form in the request. */
  readonly sent?: ParameterList | undefined
  readonly status: number
  /** The JSON object in the body, whatever the content type says. `undefined` if the body is no JSON object. */
  readonly body: Record<string, unknown> | undefined
  /** Whether the body is empty. */
  readonly isEmpty: boolean
  /** When the request was sent, on the wall clock. */
  readonly sentAt: EpochMs
}

/** The result of sending a request once. */
export interface Attempted {
  readonly response: Response
  readonly said: Answer | TransientFailure
  /** When the request was sent, on the wall clock. */
  readonly sentAt: EpochMs
}

/** Sends the request once, with these headers added to its own. Rejects if it was not sent, or if no answer came. */
export type Attempt = (headers?: Readonly<Record<string, string>>) => Promise<Attempted>

/** Options of one exchange. `Other`: a further result that `around` may give. */
export interface ExchangeOptions<Other = never> {
  /** The header `Accept`: the media types that the answer may have. Default: JSON. */
  accept?: string
  /** Called directly before the real `fetch`, in the same turn. If it returns false, the request is not sent. */
  beforeSend?: () => boolean
  /** Whether a small request may finish after its page was closed. Default false. */
  keepalive?: boolean
  /**
   * Decides how often the request is sent, all within the one timeout. What it resolves to is the result of the exchange. Default: the
   * request is sent once.
   */
  around?: ((attempt: Attempt) => Promise<Answer | TransientFailure | Other>) | undefined
}

/** A request, without the members of `RequestInit` that are the same for all of them. */
export interface OutgoingRequest {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** The parameters in `body`. */
  readonly form?: ParameterList
}

/**
 * Sends a request to the authorization server and reads its answer. It follows no redirect, uses no cache, and sends no cookies and no
 * referrer. Time and size of the answer are bounded. Never rejects.
 * @param timeout the longest time from sending to the last byte, in milliseconds
 * @param request makes the request. Called again for each attempt
 */
export async function exchange<Other = never>(
  { fetch, clock, text }: Required<Pick<Platform, 'fetch' | 'clock' | 'text'>>,
  timeout: number,
  request: () => OutgoingRequest | Promise<OutgoingRequest>,
  { beforeSend, keepalive, around = once }: Omit<ExchangeOptions<Other>, 'accept'> = {},
): Promise<Answer | TransientFailure | Other> {
  const controller = new AbortController()
  const { signal } = controller
  let stop = () => {}
  let sentAt: EpochMs | undefined
  let status: number | undefined
  let url = ''
  let sent: ParameterList | undefined

  // It rejects by itself: a fetch that ignores its signal would never end.
  const late = new Promise<never>((_, reject) => {
    const lap = (ms: number, run: () => void) => {
      stop = clock.at(clock.elapsed() + ms, run)
    }
    const last = Math.min(LAST_LAP, timeout / 4)
    // Two timers, one after the other. In a page that wakes up, an overdue timer runs before the answer that came meanwhile is handed over.
    // The second timer gives that answer time.
    lap(timeout - last, () =>
      lap(last, () => {
        controller.abort()
        reject()
      }),
    )
  })

  const send = async (more?: Readonly<Record<string, string>>) => {
    const { url: to, form, headers, ...rest } = await request()
    url = to
    sent = form

    const init: RequestInit = { ...rest, redirect: 'manual', credentials: 'omit', referrerPolicy: 'no-referrer' }
    init.headers = { ...headers, ...more }
    if (isDevelopment) checkRequest(url, init)
    // Older Cloudflare Workers throw an error for the member `cache`, and React Native changes the URL because of it.
    if ('cache' in Request.prototype) init.cache = 'no-store'
    init.signal = signal

    const now = clock.now()
    if (signal.aborted || beforeSend?.() === false) throw undefined
    sentAt = now

    if (!keepalive) return fetch(url, init)

    // A browser refuses a keepalive request if the bodies of all that are under way have more than 64 KiB.
    return fetch(url, { ...init, keepalive }).catch((error) => {
      if (signal.aborted) throw error
      return fetch(url, init)
    })
  }

  const attempt = async (headers?: Readonly<Record<string, string>>): Promise<Attempted> => {
    const response = await send(headers)
    status = response.status
    const at = sentAt as EpochMs

    const failure = unavailable(response, url, clock)
    if (failure) return { response, said: failure, sentAt: at }

    const read = await readText(response, text)
    const said: Answer = {
      kind: 'answer',
      url,
      sent,
      status,
      body: jsonObject(read),
      isEmpty: !read.trim(),
      sentAt: at,
    }
    return { response, said, sentAt: at }
  }

  try {
    return await Promise.race([around(attempt), late])
  } catch (cause) {
    if (cause instanceof TokenManagerError && sentAt === undefined)
      return { kind: 'transient', error: cause, lost: false }

    const isLate = signal.aborted
    const reason = isLate ? 'timeout' : 'network_unavailable'
    const how = isLate ? `gave no answer within ${timeout} ms` : 'cannot be reached, or does not allow CORS'
    return transient(reason, sentAt !== undefined, { status, cause }, `${withoutQuery(url)} ${how}`)
  } finally {
    stop()
    // Frees the connection if a part of the answer was not read.
    controller.abort()
  }
}

async function once(attempt: Attempt): Promise<Answer | TransientFailure> {
  const { said } = await attempt()
  return said
}

/** @throws TokenManagerError `ERR_UNSUPPORTED`, reason `request_refused`: the platform refuses the request, and the network has no part in it. */
function checkRequest(url: string, init: RequestInit): void {
  try {
    void new Request(url, init)
  } catch (cause) {
    throw new TokenManagerError('ERR_UNSUPPORTED', 'request_refused', undefined, { cause })
  }
}

async function readText(response: Response, { utf8 }: WireText): Promise<string> {
  const reader = response.body?.getReader()
  if (!reader) return response.text()

  let bytes = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return utf8(bytes)

    for (const byte of value) bytes += String.fromCharCode(byte)
    if (bytes.length > LIMIT) throw undefined
  }
}
