import { shown } from './found.ts'
import { isJsonObject } from './json-values.ts'
import { sentAgainWhenCut } from './sent-again.ts'
import { sharedWork } from './shared-work.ts'

/** A JSON document elsewhere, kept for a while. */
export interface JsonSource<T> {
  /** The document: the kept one while it is fresh, else fetched; where that fails, the kept one for the grace. Else rejects. */
  get(): Promise<T>
  /**
   * The document as it is now: fetched anew, unless it was fetched since then or the cooldown forbids it.
   * @param since epoch milliseconds
   * @returns the latest document, and whether it was fetched since `since`. Rejects where there is none
   */
  renew(since: number): Promise<{ readonly value: T; readonly isCurrent: boolean }>
  /** In how many milliseconds it may be fetched again; 0: now. */
  restsFor(): number
}

/** How a document is fetched and kept. Milliseconds. */
export interface JsonSourceOptions {
  /** The `fetch` to use. */
  readonly fetch: typeof fetch
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number
  /** Limit for one request. */
  readonly timeout: number
  /** The shortest time between two attempts that unknown keys cause. After failures the next is made sooner at first. */
  readonly cooldown: number
  /** For how long a document is fresh; a key that the issuer took away stops working then. */
  readonly maxAge: number
  /** For how long a document that could not be renewed still serves. */
  readonly staleFor: number
}

/** An answer that holds no document. It holds nothing of its body. */
export class UnusableAnswer extends Error {
  override readonly name = 'UnusableAnswer'
  readonly status: number
  /** What is there in place of a JSON object with status 200, for those who run the API. */
  readonly found: string

  constructor(status: number, found: string) {
    super('The answer is no JSON object with status 200')
    this.status = status
    this.found = found
  }
}

/** Why there is no document, in words for those who run the API: nothing of an answer's body, of a URL or of a secret is in it. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}

/** After a failure the next attempt is this far away, ms, after each further one twice as far, up to the cooldown. */
const FIRST_RETRY = 1_000

/** Characters of a document that are read at most: a hundred keys with their chains of certificates have half as many. */
const LIMIT = 1_048_576

/**
 * A document that any number of callers share: one request at a time, and none too soon after the last.
 * @param locate gives its URL; a failure counts as one of the request
 * @param read takes what is wanted out of it; throws {@link Unavailable} where it is not what it should be
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
      if (kept && now() - kept.at < maxAge) return kept.value
      try {
        const isTooSoon = failures > 0 && !fetching.isRunning && restsFor() > 0
        if (isTooSoon) throw lastFailure
        return await attempt()
      } catch (error) {
        const known = servingYet()
        if (known) return known.value
        throw error
      }
    },
    async renew(since) {
      await fetching.settled()
      const isCurrent = () => kept !== undefined && kept.at >= since
      if (!isCurrent() && restsFor() === 0) await attempt().catch(() => {})
      const known = servingYet()
      if (!known) throw lastFailure
      return { value: known.value, isCurrent: isCurrent() }
    },
    restsFor,
  }

  /** What is known, for as long as it serves although it could not be renewed. */
  function servingYet(): typeof kept {
    return kept && now() - kept.at < maxAge + staleFor ? kept : undefined
  }

  function restsFor(): number {
    const rest = failures > 0 ? Math.min(cooldown, FIRST_RETRY * 2 ** (failures - 1)) : cooldown
    const passed = now() - attemptedAt
    // A clock that was set back lengthens no rest.
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
    kept = { value, at }
    return value
  }
}

/**
 * One JSON object by GET: https only (the caller has checked), no redirect, bounded in time and size.
 * @throws UnusableAnswer for anything but a 200 with a JSON object; what `fetch` rejects with
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
 * The JSON object a 200 holds.
 * @throws UnusableAnswer for another status, for more than 1 Mi characters, and for anything but an object
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
