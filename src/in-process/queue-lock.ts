import type { Lock } from '../ports.ts'

/** A first-in, first-out lock among those who share the object. It says nothing about other processes or pages. */
export function queueLock(): Lock {
  const tails = new Map<string, Promise<void>>()
  return {
    spans: 'process',
    request: (name, { signal }, run) =>
      new Promise((resolve, reject) => {
        const giveUp = () => reject(signal.reason)
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
