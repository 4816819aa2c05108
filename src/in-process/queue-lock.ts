import type { Lock } from '../ports.ts'

/** A first-in, first-out lock among those who share the object. It says nothing about other processes or pages. */
export function queueLock(): Lock {
  const tails = new Map<string, Promise<void>>()
  return {
    spans: 'process',
    request: <T>(name: string, { signal }: { readonly signal: AbortSignal }, run: () => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        const giveUp = () => reject(signal.reason)
        if (signal.aborted) return giveUp()
        signal.addEventListener('abort', giveUp)
        const turn = async () => {
          signal.removeEventListener('abort', giveUp)
          if (signal.aborted) return
          await run().then(resolve, reject)
        }
        const tail = (tails.get(name) ?? Promise.resolve()).then(turn).catch(reject)
        tails.set(name, tail)
        void tail.then(() => tails.get(name) === tail && tails.delete(name))
      }),
  }
}
