import type { Lock } from '../ports.ts'
import { stayAlive } from './stay-alive.ts'

/** Options of {@link settle}. */
export interface SettleOptions {
  /** How long to wait at most, ms. Default 20 000. */
  readonly limit?: number
}

const running = new Set<Promise<unknown>>()

/**
 * Waits for work of all managers of this process that would be lost when the process ends: a refresh whose answer is not stored yet, a
 * sign-out, a revocation. Call it before the process ends, after it has stopped taking work. Nothing listens for signals by itself.
 * @returns true if all of it is done, false after `limit`
 * @example
 * process.once('SIGTERM', async () => {
 *   server.close()
 *   await settle()
 *   process.exit()
 * })
 */
export function settle({ limit = 20_000 }: SettleOptions = {}): Promise<boolean> {
  return stayAlive(
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), limit)
      const wait = async () => {
        while (running.size > 0) {
          await Promise.allSettled(running)
          // Work that has ended may begin other work, such as storing tokens.
          await new Promise((next) => setImmediate(next))
        }
        clearTimeout(timer)
        resolve(true)
      }
      void wait()
    }),
  )
}

/** Makes {@link settle} wait for `work`. Returns `work`. */
export function settling<T>(work: Promise<T>): Promise<T> {
  running.add(work)
  const done = () => void running.delete(work)
  work.then(done, done)
  return work
}

/** `lock`, but {@link settle} waits for the work that runs under it. */
export function settlingLock(lock: Lock): Lock {
  return {
    spans: lock.spans,
    request: (name, options, run) => lock.request(name, options, () => settling(run())),
  }
}
