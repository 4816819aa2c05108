import { abortReason } from '../errors.ts'

/** Waits for `promise`, and rejects when `signal` is aborted. The work behind `promise` goes on for other callers. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise

  return new Promise((resolve, reject) => {
    const stop = () => reject(abortReason(signal))
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
