/**
 * Makes a function that does `work` at its first call and shares the result with all later calls. After a failure the next call does it
 * again.
 */
export function onceDone<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => {
    result ??= work().catch((error) => {
      result = undefined
      throw error
    })
    return result
  }
}
