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

/** Details of one exchange. */
export interface ExchangeOptions {
  /** The media types that the answer may have. Default: JSON. */
  accept?: string
  /** Called directly before the real `fetch`, in the same turn; false keeps the request from being sent. */
  beforeSend?: () => boolean
  /** Lets a small request outlive the page. */
  keepalive?: boolean
  /** Makes a proof of possession for a request to `url` (RFC 9449 §5); a rejection keeps it from being sent. */
  prove?: ((url: string) => Promise<string>) | undefined
  /**
   * Hears an answer, the `error` in it and the proof of the request; says why the server, which looked at the proof only, would take
   * another one.
   */
  heed?:
    | ((answer: Response, error: unknown, sentAt: EpochMs, proof: string | undefined) => string | undefined)
    | undefined
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
export async function exchange(
  { fetch, clock, text }: Required<Pick<Platform, 'fetch' | 'clock' | 'text'>>,
  timeout: number,
  request: () => OutgoingRequest | Promise<OutgoingRequest>,
  { beforeSend, keepalive, prove, heed }: Omit<ExchangeOptions, 'accept'> = {},
): Promise<Answer | TransientFailure> {
  const controller = new AbortController()
  const { signal } = controller
  let stop = () => {}
  let sentAt: EpochMs | undefined
  let status: number | undefined
  let proof: string | undefined
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
  const send = async () => {
    const { url: to, form, ...rest } = await request()
    url = to
    sent = form
    const init: RequestInit = { ...rest, redirect: 'manual', credentials: 'omit', referrerPolicy: 'no-referrer' }
    proof = await prove?.(url)
    if (proof) init.headers = { ...rest.headers, dpop: proof }
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
  const work = async (): Promise<Answer | TransientFailure> => {
    for (const challenges = new Set<string>(); ; ) {
      const response = await send()
      status = response.status
      const failure = unavailable(response, url, clock)
      const said = failure ? '' : await readText(response, text)
      const body = jsonObject(said)
      const challenge = heed?.(response, body?.error, sentAt as EpochMs, proof)
      const isNew = challenge !== undefined && !challenges.has(challenge)
      if (!isNew)
        return failure ?? { kind: 'answer', url, sent, status, body, isEmpty: !said.trim(), sentAt: sentAt as EpochMs }
      // The same presentation once more for each kind of challenge, within the same time.
      challenges.add(challenge)
    }
  }
  try {
    return await Promise.race([work(), late])
  } catch (cause) {
    if (cause instanceof TokenManagerError && sentAt === undefined)
      return { kind: 'transient', error: cause, lost: false }
    const isLate = signal.aborted
    const reason = isLate ? 'timeout' : 'network_unavailable'
    const how = isLate ? `gave no answer within ${timeout} ms` : 'cannot be reached, or allows no CORS'
    return transient(reason, sentAt !== undefined, { status, cause }, undefined, `${withoutQuery(url)} ${how}`)
  } finally {
    stop()
    // Lets go of what was not read.
    controller.abort()
  }
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
