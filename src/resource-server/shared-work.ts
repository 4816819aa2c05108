/** Work that callers wait for together, one piece at a time. */
export interface SharedWork<T> {
  /** Whether any is under way. */
  readonly isRunning: boolean
  /** Whether what is under way has lasted for longer than anybody waits for another caller's. */
  readonly isLapsed: boolean
  /** Resolves once what is under way is over, or has lapsed. */
  settled(): Promise<void>
  /** What comes of the work that is under way; where there is none, or it has lapsed, of `begin`. */
  do(begin: () => Promise<T>): Promise<T>
}

interface Running<T> {
  readonly outcome: Promise<T>
  /** On the monotonic clock. */
  readonly since: number
}

/**
 * How long a caller waits for what another caller has begun, ms. When a request has been answered, Cloudflare's workers drop its unfinished work
 * without a word. A caller that shares that work would wait for ever.
 */
const PATIENCE = 2_000

/** Nothing under way. */
export function sharedWork<T>(): SharedWork<T> {
  let running: Running<T> | undefined

  return {
    get isRunning() {
      return running !== undefined
    },
    get isLapsed() {
      return running !== undefined && restOf(running) <= 0
    },
    async settled() {
      if (running !== undefined) await isOver(running)
    },
    async do(begin) {
      while (running !== undefined) {
        const present = running
        if (await isOver(present)) return present.outcome
        if (running === present) running = undefined
      }
      const outcome = begin().finally(() => {
        if (running === own) running = undefined
      })
      const own: Running<T> = { outcome, since: performance.now() }
      running = own
      return outcome
    },
  }
}

/** Whole milliseconds. */
function restOf({ since }: Running<unknown>): number {
  return Math.ceil(since + PATIENCE - performance.now())
}

/** Waits until the work is over, and not for longer than its rest. */
async function isOver(work: Running<unknown>): Promise<boolean> {
  const rest = restOf(work)
  if (rest <= 0) return false

  const over = work.outcome.then(
    () => true,
    () => true,
  )
  const lapse = AbortSignal.timeout(rest)
  const lapsed = new Promise<boolean>((resolve) => {
    lapse.addEventListener('abort', () => resolve(false), { once: true })
  })
  return Promise.race([over, lapsed])
}
