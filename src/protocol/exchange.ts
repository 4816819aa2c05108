import { TokenManagerError } from '../errors.ts'
import type { EpochMs, Platform, WireText } from '../ports.ts'
import { jsonObject, type TransientFailure, transient, unavailable } from './failure.ts'

/** Bytes of an answer that are read at most. */
const LIMIT = 1_048_576

/** For how long a page has to be running before it gives up, ms. */
const LAST_LAP = 500

/** A 2xx or 4xx answer (but 408 and 429), read once. */
export interface Answer {
  readonly kind: 'answer'
  readonly status: number
  /** The JSON object it holds, whatever its content type says. */
  readonly body: Record<string, unknown> | undefined
  /** Whether it holds nothing at all. */
  readonly isEmpty: boolean
  /** Wall clock when the request was sent. */
  readonly sentAt: EpochMs
}

/** Details of one exchange. */
export interface ExchangeOptions {
  /** The media types that the answer may have. Default: JSON. */
  accept?: string
  /** Called directly before the real `fetch`, in the same turn; false keeps the request from being sent. */
  beforeSend?: () => boolean
  /** Lets a small request outlive the page. */
  keepalive?: boolean
  /** Sends it with what an attempt needs, as often as it takes. Default: once, with nothing more. */
  through?: Through | undefined
}

/** What was answered to one attempt. */
export interface Attempted {
  readonly response: Response
  /** What it says. */
  readonly answer: Answer | TransientFailure
  /** Wall clock when it was sent. */
  readonly sentAt: EpochMs
}

/** Sends a request by its `attempt`, which takes further headers, and gives back the answer that counts. */
export type Through = (
  attempt: (headers?: Readonly<Record<string, string>>) => Promise<Attempted>,
) => Promise<Attempted>

/** A request, but for the manner in which all of them are sent. */
export interface OutgoingRequest {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/**
 * One request to the authorization server and its answer: never redirected, cached or sent with cookies or a referrer, read
 * once, bounded in time and size. Never rejects.
 * @param timeout milliseconds from sending to the last byte
 * @param request makes the request, anew for each attempt
 */
export async function exchange(
  { fetch, clock, text }: Required<Pick<Platform, 'fetch' | 'clock' | 'text'>>,
  timeout: number,
  request: () => OutgoingRequest | Promise<OutgoingRequest>,
  { beforeSend, keepalive, through = (attempt) => attempt() }: Omit<ExchangeOptions, 'accept'> = {},
): Promise<Answer | TransientFailure> {
  const controller = new AbortController()
  const { signal } = controller
  let stop = () => {}
  let sentAt: EpochMs | undefined
  let status: number | undefined
  // Aborting alone would wait for ever on a fetch that ignores its signal.
  const late = new Promise<never>((_, reject) => {
    const lap = (ms: number, run: () => void) => {
      stop = clock.at(clock.elapsed() + ms, run)
    }
    const last = Math.min(LAST_LAP, timeout / 4)
    const giveUp = () => {
      controller.abort()
      reject()
    }
    // Two laps: in a page that slept the timer comes before the answer that has been waiting for it to wake.
    lap(timeout - last, () => lap(last, giveUp))
  })

  const send = async (url: string, init: RequestInit) => {
    if (!keepalive) return fetch(url, init)
    // Browsers refuse keepalive bodies beyond 64 KiB in flight.
    return fetch(url, { ...init, keepalive }).catch((error) => {
      if (signal.aborted) throw error
      return fetch(url, init)
    })
  }

  const attempt = async (headers?: Readonly<Record<string, string>>): Promise<Attempted> => {
    const { url, ...rest } = await request()
    const init = initOf(url, { ...rest, headers: { ...rest.headers, ...headers } })
    init.signal = signal
    const now = clock.now()
    if (signal.aborted || beforeSend?.() === false) throw undefined
    sentAt = now
    const response = await send(url, init)
    status = response.status

    const failure = unavailable(response, clock)
    if (failure) return { response, answer: failure, sentAt: now }

    const said = await readText(response, text)
    const answer: Answer = { kind: 'answer', status, body: jsonObject(said), isEmpty: !said.trim(), sentAt: now }
    return { response, answer, sentAt: now }
  }

  try {
    const { answer } = await Promise.race([through(attempt), late])
    return answer
  } catch (cause) {
    const isOwn = cause instanceof TokenManagerError && sentAt === undefined
    if (isOwn) return { kind: 'transient', error: cause, lost: false }
    return transient(signal.aborted ? 'timeout' : 'network_unavailable', sentAt !== undefined, { status, cause })
  } finally {
    stop()
    // Lets go of what was not read.
    controller.abort()
  }
}

/**
 * As every request to the authorization server is sent.
 * @throws TokenManagerError `ERR_UNSUPPORTED`, reason `request_refused`: it is no failure of the network
 */
function initOf(url: string, given: RequestInit): RequestInit {
  const init: RequestInit = { ...given, redirect: 'manual', credentials: 'omit', referrerPolicy: 'no-referrer' }
  try {
    // Older Cloudflare Workers throw at this member, and React Native puts it into the URL.
    const hasCache = 'cache' in new Request(url, init)
    return hasCache ? { ...init, cache: 'no-store' } : init
  } catch (cause) {
    const what = 'This platform cannot make the request to the authorization server'
    throw new TokenManagerError('ERR_UNSUPPORTED', 'request_refused', what, { cause })
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
