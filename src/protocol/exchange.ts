import { TokenManagerError } from '../errors.ts'
import type { EpochMs, Platform, WireText } from '../ports.ts'
import { jsonObject, type TransientFailure, transient, unavailable, withoutQuery } from './failure.ts'
import type { ParameterList } from './parameters.ts'

/** Bytes of an answer that are read at most. */
const LIMIT = 1_048_576

/** For how long a page has to be running before it gives up, ms. */
const LAST_LAP = 500

/** A 2xx or 4xx answer (but 408 and 429), read once. */
export interface Answer {
  readonly kind: 'answer'
  readonly url: string
  /** The form that it answers. */
  readonly sent?: ParameterList | undefined
  readonly status: number
  /** The JSON object it holds, whatever its content type says. */
  readonly body: Record<string, unknown> | undefined
  /** Whether it holds nothing at all. */
  readonly isEmpty: boolean
  /** Wall clock when the request was sent. */
  readonly sentAt: EpochMs
}

/** What came of sending a request once. */
export interface Attempted {
  readonly response: Response
  readonly said: Answer | TransientFailure
  /** Wall clock. */
  readonly sentAt: EpochMs
}

/** Sends the request once, with these headers beside its own. Rejects where it was not sent, or no answer came. */
export type Attempt = (headers?: Readonly<Record<string, string>>) => Promise<Attempted>

/** Details of one exchange. `Other`: what `around` may make of it. */
export interface ExchangeOptions<Other = never> {
  /** The media types that the answer may have. Default: JSON. */
  accept?: string
  /** Called directly before the real `fetch`, in the same turn; false keeps the request from being sent. */
  beforeSend?: () => boolean
  /** Lets a small request outlive the page. */
  keepalive?: boolean
  /** Sends it, again perhaps, within the same time; what it resolves to is what came of it. Default: once. */
  around?: ((attempt: Attempt) => Promise<Answer | TransientFailure | Other>) | undefined
}

/** A request, but for the manner in which all of them are sent. */
export interface OutgoingRequest {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** What `body` says. */
  readonly form?: ParameterList
}

/**
 * One request to the authorization server and its answer: never redirected, cached or sent with cookies or a referrer, read
 * once, bounded in time and size. Never rejects.
 * @param timeout milliseconds from sending to the last byte
 * @param request makes the request, anew for each attempt
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
  // Aborting alone would wait for ever on a fetch that ignores its signal.
  const late = new Promise<never>((_, reject) => {
    const lap = (ms: number, run: () => void) => {
      stop = clock.at(clock.elapsed() + ms, run)
    }
    const last = Math.min(LAST_LAP, timeout / 4)
    // Two laps: in a page that slept the timer comes before the answer that has been waiting for it to wake.
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
    // Older Cloudflare Workers throw at this member, and React Native puts it into the URL.
    if ('cache' in requestOf(url, init)) init.cache = 'no-store'
    init.signal = signal
    const now = clock.now()
    if (signal.aborted || beforeSend?.() === false) throw undefined
    sentAt = now
    if (!keepalive) return fetch(url, init)
    // Browsers refuse keepalive bodies beyond 64 KiB in flight.
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
    return transient(reason, sentAt !== undefined, { status, cause }, undefined, `${withoutQuery(url)} ${how}`)
  } finally {
    stop()
    // Lets go of what was not read.
    controller.abort()
  }
}

async function once(attempt: Attempt): Promise<Answer | TransientFailure> {
  const { said } = await attempt()
  return said
}

/** @throws TokenManagerError `ERR_UNSUPPORTED`, reason `request_refused`: it is no failure of the network. */
function requestOf(url: string, init: RequestInit): Request {
  try {
    return new Request(url, init)
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
