import { TokenManagerError } from '../errors.ts'
import { systemClock } from '../in-process/system-clock.ts'
import type { Clock } from '../ports.ts'

/** For how long nothing more is sent after a command that was given up and is not answered yet, ms. */
const RETRY = 1_000

/** Redis did not do what it was asked for. `now`: the clock that callers know. */
export function redisFailed(what: string, { now }: Pick<Clock, 'now'>, cause?: unknown): TokenManagerError {
  return new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'store_failed', what, { cause, retryAt: now() + RETRY })
}

/**
 * Bounds what is asked of Redis to `timeout` ms, because a client that has lost its connection waits for ever. A connection answers in
 * order: a command that is sent after one that hangs would hang too. So while a command hangs, others with its `key` reject at once.
 */
export function inTime(
  timeout: number,
  clock: Pick<Clock, 'now'> = systemClock,
): <T>(key: string, ask: () => Promise<T>) => Promise<T> {
  /** Keys with a command that was given up and is not answered yet, and until when nothing more is sent after it. */
  const stuck = new Map<string, number>()
  const late = () => redisFailed(`Redis did not answer within ${timeout} ms`, clock)

  return async (key, ask) => {
    if ((stuck.get(key) ?? 0) > systemClock.elapsed()) throw late()

    const answer = ask()
    let over = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const limit = new Promise<never>((_, reject) => {
      const giveUp = () => {
        if (over) return
        stuck.set(key, systemClock.elapsed() + RETRY)
        const answered = () => void stuck.delete(key)
        answer.then(answered, answered)
        reject(late())
      }
      // A process that stood still runs its timers before it reads: with this, an answer that has come is read first.
      timer = setTimeout(() => setImmediate(giveUp), timeout)
    })

    try {
      return await Promise.race([answer, limit])
    } catch (error) {
      throw error instanceof TokenManagerError ? error : redisFailed('Redis failed', clock, error)
    } finally {
      over = true
      clearTimeout(timer)
    }
  }
}
