import { TokenManagerError } from '../errors.ts'
import { systemClock } from '../in-process/system-clock.ts'
import type { Clock } from '../ports.ts'

/** How long no further command is sent after one that timed out and is still not answered, in milliseconds. */
const RETRY = 1_000

/** The error for a command that failed. `now`: the clock for `retryAt`. */
export function redisFailed(what: string, { now }: Pick<Clock, 'now'>, cause?: unknown): TokenManagerError {
  return new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'store_failed', what, { cause, retryAt: now() + RETRY })
}

/**
 * Makes a function that sends a command and rejects after `timeout` ms. A client that has lost its connection would wait for ever. A connection answers
 * commands in their order, so a command after one that hangs would hang too. While a command hangs, others with the same `key` reject at once.
 */
export function inTime(
  timeout: number,
  clock: Pick<Clock, 'now'> = systemClock,
): <T>(key: string, ask: () => Promise<T>) => Promise<T> {
  /** The keys of commands that timed out and are not answered yet, with the time until which no further command is sent. */
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
      // A process that stood still runs overdue timers before it reads from the network. setImmediate() lets it read an answer first.
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
