import { shown } from './found.ts'
import { isJsonObject } from './json-values.ts'
import { sentAgainWhenCut } from './sent-again.ts'
import { sharedWork } from './shared-work.ts'

/** A JSON document that is fetched from a server and kept for a while. */
export interface JsonSource<T> {
  /**
   * Gives the document. While the kept one is fresh, it is not fetched. If it cannot be fetched, the kept one is given for the time
   * `staleFor`. Rejects after that.
   */
  get(): Promise<T>
  /**
   * Fetches the document again, unless that was done after `since`, or the cooldown does not allow it yet.
   * @param since epoch milliseconds
   * @returns the latest document, and whether it was fetched after `since`. Rejects if there is none
   */
  renew(since: number): Promise<{ readonly value: T; readonly isCurrent: boolean }>
  /** How long it may not be fetched again, in milliseconds. 0: it may be fetched now. */
  restsFor(): number
}

/** How a document is fetched and kept. Milliseconds. */
export interface JsonSourceOptions {
  /** The `fetch` to use. */
  readonly fetch: typeof fetch
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number
  /** How long one request may take. */
  readonly timeout: number
  /** The shortest time between two requests that unknown keys cause. After a failure the next request may come sooner. */
  readonly cooldown: number
  /** How long a document is fresh. A key that the issuer has removed is accepted for at most this time. */
  readonly maxAge: number
  /** How long a document is used after that if it cannot be fetched. */
  readonly staleFor: number
}

/** The error for an answer that is no document. It contains nothing of the answer's body. */
export class UnusableAnswer extends Error {
  override readonly name = 'UnusableAnswer'
  readonly status: number
  /** What was found instead of a JSON object, for the people who run the API. */
  readonly found: string

  constructor(status: number, found: string) {
    super('The answer is no JSON object with status 200')
    this.status = status
    this.found = found
  }
}

/**
 * The error if there is no document. Its message is for the people who run the API. It contains nothing of an answer's body, no URL and no
 * secret.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}

/** The pause after the first failure, in milliseconds. After each further failure it is twice as long, up to the cooldown. */
const FIRST_RETRY = 1_000

/** The longest document that is read, in characters. A hundred keys with their certificates have half as many. */
const LIMIT = 1_048_576

/**
 * Makes a document that many callers share. There is one request at a time, and a pause between two requests.
 * @param locate gives the URL. If it fails, that counts as a failed request
 * @param read takes what is needed from the document. Throws {@link Unavailable} if the document is wrong
 */
export function jsonSource<T>(
  locate: () => Promise<string>,
  read: (body: Record<string, unknown>) => T,
  options: JsonSourceOptions,
): JsonSource<T> {
  const { now, cooldown, maxAge, staleFor } = options
  const fetching = sharedWork<T>()
  let kept: { readonly value: T; readonly at: number } | undefined
  let attemptedAt = Number.NEGATIVE_INFINITY
  let failures = 0
  let lastFailure: unknown

  return {
    async get() {
      const fresh = keptFor(maxAge)
      if (fresh) return fresh.value

      try {
        const isTooSoon = failures > 0 && !fetching.isRunning && restsFor() > 0
        if (isTooSoon) throw lastFailure
        return await attempt()
      } catch (error) {
        const known = keptFor(maxAge + staleFor)
        if (known) return known.value
        throw error
      }
    },
    async renew(since) {
      await fetching.settled()
      const isCurrent = () => kept !== undefined && kept.at >= since && kept.at <= now()
      if (!isCurrent() && restsFor() === 0) await attempt().catch(() => {})

      const known = keptFor(maxAge + staleFor)
      if (!known) throw lastFailure

      return { value: known.value, isCurrent: isCurrent() }
    },
    restsFor,
  }

  /** The kept document, if it is younger than `age`. If the clock was set back since it was fetched, nobody knows how old it is. */
  function keptFor(age: number): typeof kept {
    const passed = kept ? now() - kept.at : age
    return passed >= 0 && passed < age ? kept : undefined
  }

  function restsFor(): number {
    const rest = failures > 0 ? Math.min(cooldown, FIRST_RETRY * 2 ** (failures - 1)) : cooldown
    const passed = now() - attemptedAt
    // If the clock was set back, the pause ends at once. Otherwise it could last for hours.
    return passed < 0 ? 0 : Math.max(0, rest - passed)
  }

  function attempt(): Promise<T> {
    return fetching.do(async () => {
      attemptedAt = now()
      try {
        return await load()
      } catch (error) {
        lastFailure = error
        throw error
      }
    })
  }

  async function load(): Promise<T> {
    const at = now()
    failures++
    const value = read(await fetchJson(await locate(), options))
    failures = 0
    kept = { value, at: Math.min(at, now()) }
    return value
  }
}

/**
 * Gets a JSON object from an https URL, which the caller has checked. It follows no redirect. Time and size are bounded.
 * @throws UnusableAnswer if the answer is not 200 with a JSON object; what `fetch` rejects with
 */
async function fetchJson(
  url: string,
  { fetch, timeout }: Pick<JsonSourceOptions, 'fetch' | 'timeout'>,
): Promise<Record<string, unknown>> {
  const init: RequestInit = {
    headers: { accept: 'application/json' },
    redirect: 'manual',
    signal: AbortSignal.timeout(timeout),
  }
  return jsonObject(await sentAgainWhenCut(() => fetch(url, init)))
}

/**
 * Reads the JSON object in an answer with status 200.
 * @throws UnusableAnswer if the status is another one, or if the body has more than 1 Mi characters or is no JSON object
 */
export async function jsonObject(response: Response): Promise<Record<string, unknown>> {
  const { status, headers } = response
  const found = shown(headers.get('content-type') ?? '')
  if (status !== 200) {
    void response.body?.cancel().catch(() => {})
    throw new UnusableAnswer(status, found)
  }

  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    if (text.length > LIMIT) throw new UnusableAnswer(status, `more than ${LIMIT} characters`)
  }

  const value = parsed(text + decoder.decode())
  if (!isJsonObject(value)) throw new UnusableAnswer(status, found)

  return value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
