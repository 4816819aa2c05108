/** A JSON document elsewhere, kept for a while. */
export interface JsonSource<T> {
  /** The document: the kept one while it is fresh, else fetched; where that fails, the kept one for the grace. Else rejects. */
  get(): Promise<T>
  /** A document fetched after this call began, or, within the cooldown of the last attempt, what that attempt brought. */
  renew(): Promise<T>
}

/** How a document is fetched and kept. Milliseconds. */
export interface JsonSourceOptions {
  /** The `fetch` to use. */
  readonly fetch: typeof fetch
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number
  /** Limit for one request. */
  readonly timeout: number
  /** The shortest time between two attempts that an unknown key or a failure causes. */
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
  /** Its media type, as the answer says. */
  readonly type: string

  constructor(status: number, type: string) {
    super('The answer is no JSON object with status 200')
    this.status = status
    this.type = type
  }
}

/** Characters of a document that are read at most. */
const LIMIT = 262_144

/**
 * A document that any number of callers share: one request at a time, none within the cooldown of the last that failed.
 * @param locate gives its URL; a failure counts as one of the request
 * @param read takes what is wanted out of it; `undefined`: it is not what it should be
 */
export function jsonSource<T>(
  locate: () => Promise<string>,
  read: (body: Record<string, unknown>) => T | undefined,
  options: JsonSourceOptions,
): JsonSource<T> {
  const { now, cooldown, maxAge, staleFor } = options
  let kept: { readonly value: T; readonly at: number } | undefined
  let attemptedAt = Number.NEGATIVE_INFINITY
  let failed = false
  let pending: Promise<T> | undefined

  return {
    async get() {
      if (kept && now() - kept.at < maxAge) return kept.value
      try {
        if (failed && pending === undefined && now() - attemptedAt < cooldown) throw unavailable()
        return await attempt()
      } catch (error) {
        if (kept && now() - kept.at < maxAge + staleFor) return kept.value
        throw error
      }
    },
    async renew() {
      if (pending !== undefined) await pending.catch(() => {})
      if (now() - attemptedAt >= cooldown) return attempt()
      if (failed || !kept) throw unavailable()
      return kept.value
    },
  }

  function attempt(): Promise<T> {
    if (pending !== undefined) return pending
    attemptedAt = now()
    pending = load().finally(() => {
      pending = undefined
    })
    return pending
  }

  async function load(): Promise<T> {
    const at = now()
    failed = true
    const value = read(await fetchJson(await locate(), options))
    if (value === undefined) throw unavailable()
    failed = false
    kept = { value, at }
    return value
  }
}

/**
 * One JSON object by GET: https only (the caller has checked), no redirect, bounded in time and size.
 * @throws Error without the URL for anything but a 200 with a JSON object
 */
async function fetchJson(
  url: string,
  { fetch, timeout }: Pick<JsonSourceOptions, 'fetch' | 'timeout'>,
): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'manual',
    signal: AbortSignal.timeout(timeout),
  })
  return jsonObject(response)
}

/**
 * The JSON object a 200 holds.
 * @throws UnusableAnswer for another status, for more than 256 Ki characters, and for anything but an object
 */
export async function jsonObject(response: Response): Promise<Record<string, unknown>> {
  const { status, headers } = response
  const type = headers.get('content-type') ?? ''
  if (status !== 200) {
    void response.body?.cancel().catch(() => {})
    throw new UnusableAnswer(status, type)
  }
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    if (text.length > LIMIT) throw new UnusableAnswer(status, type)
  }
  const value = parsed(text + decoder.decode())
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UnusableAnswer(status, type)
  return value as Record<string, unknown>
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unavailable(): Error {
  return new Error('The document could not be fetched')
}
