import { TokenManagerError } from '../errors.ts'
import { systemClock } from '../in-process/system-clock.ts'

/** What governs {@link inTime}. */
export interface InTimeOptions {
  /** The longest that anything takes, ms. */
  readonly timeout: number
  /** For how long nothing more is sent behind what was given up and is not answered yet, ms. */
  readonly retry: number
  /** Makes the error to reject with. */
  failed(what: string, cause?: unknown): TokenManagerError
}

/**
 * Bounds what is asked of Redis, by key. A connection answers in order: behind a command that hangs, another one would only make
 * its caller wait as well, so it rejects at once.
 */
export function inTime({
  timeout,
  retry,
  failed,
}: InTimeOptions): <T>(key: string, ask: () => Promise<T>) => Promise<T> {
  /** Keys with a command that was given up and not answered yet, and until when nothing more is sent behind it. */
  const stuck = new Map<string, number>()
  const late = () => failed(`Redis did not answer within ${timeout} ms`)

  return async (key, ask) => {
    if ((stuck.get(key) ?? 0) > systemClock.elapsed()) throw late()
    const answer = ask()
    let over = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const limit = new Promise<never>((_, reject) => {
      const giveUp = () => {
        if (over) return
        stuck.set(key, systemClock.elapsed() + retry)
        const answered = () => void stuck.delete(key)
        answer.then(answered, answered)
        reject(late())
      }
      // A process that stood still runs its timers first: an answer that has been there for long is read before this.
      timer = setTimeout(() => setImmediate(giveUp), timeout)
    })
    try {
      return await Promise.race([answer, limit])
    } catch (error) {
      throw error instanceof TokenManagerError ? error : failed('Redis failed', error)
    } finally {
      over = true
      clearTimeout(timer)
    }
  }
}
