import { abortReason } from '../errors.ts'
import type { Lock } from '../ports.ts'

/** Options of {@link queueLock}. */
export interface QueueLockOptions {
  /**
   * Who shares the lock. `'process'`: the managers of this process; other processes may use the same store without it. `'store'`: all who use the
   * store, because no other process can open it. Work that an earlier process left behind has then ended, and nobody waits for it. Default
   * `'process'`.
   */
  readonly spans?: 'store' | 'process'
}

/** Makes a lock for those who share the object. They get their turns in the order in which they asked. */
export function queueLock({ spans = 'process' }: QueueLockOptions = {}): Lock {
  const tails = new Map<string, Promise<void>>()

  return {
    spans,
    request: (name, { signal }, run) =>
      new Promise((resolve, reject) => {
        const giveUp = () => reject(abortReason(signal))
        const turn = async () => {
          signal.removeEventListener('abort', giveUp)
          if (!signal.aborted) await run().then(resolve)
        }

        if (signal.aborted) return giveUp()
        signal.addEventListener('abort', giveUp)
        tails.set(name, Promise.resolve(tails.get(name)).then(turn).catch(reject))
      }),
  }
}
