/** Work that several callers wait for together. Only one piece of work runs at a time. */
export interface SharedWork<T> {
  /** Whether work is running. */
  readonly isRunning: boolean
  /** Whether the running work takes so long that other callers do not wait for it any more. */
  readonly isLapsed: boolean
  /** Resolves when the running work is over, or when others do not wait for it any more. */
  settled(): Promise<void>
  /** Gives the result of the running work. If none is running, or others do not wait for it any more, it starts `begin`. */
  do(begin: () => Promise<T>): Promise<T>
}

interface Running<T> {
  readonly outcome: Promise<T>
  /** When the work began, by `performance.now()`. */
  readonly since: number
}

/**
 * How long a caller waits for work that another caller began, in milliseconds. When Cloudflare's workers have answered a request, they stop its
 * unfinished work silently. A caller that shares such work would wait for ever.
 */
const PATIENCE = 2_000

/** Makes a {@link SharedWork} in which nothing is running. */
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

/** How long others still wait for the work, in whole milliseconds. */
function restOf({ since }: Running<unknown>): number {
  return Math.ceil(since + PATIENCE - performance.now())
}

/** Waits until the work is over, or until others do not wait for it any more. Gives true if it is over. */
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
