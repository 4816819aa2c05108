import { abortReason } from '../errors.ts'

/** Waits for `promise`, and rejects when `signal` is aborted. The work behind `promise` goes on for other callers. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise

  promise.catch(() => {})
  let stop = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(abortReason(signal))
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
  })

  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
