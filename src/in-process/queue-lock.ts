import { abortReason } from '../errors.ts'
import type { Lock } from '../ports.ts'

/** What a {@link queueLock} stands for. */
export interface QueueLockOptions {
  /**
   * `'process'` (default): other processes or pages may use the same store, and this lock says nothing about them. `'store'`: this object
   * is asked by everybody who uses the store, because no other process can open it: what was left by an earlier process is over then, and nobody waits for it.
   */
  readonly spans?: 'store' | 'process'
}

/** A first-in, first-out lock among those who share the object. */
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
