/**
 * Listens to the page; to nothing where there is none (a worker). Returns a function that ends this.
 * @param run hears the document's events too, also those that do not bubble: the window's capture phase sees them all.
 *   `persisted` is there on `pageshow` and `pagehide`
 */
export function onPage(
  types: readonly string[],
  run: (event: Event & { readonly persisted?: boolean }) => void,
): () => void {
  const listening = new AbortController()
  for (const type of types) globalThis.addEventListener?.(type, run, { capture: true, signal: listening.signal })
  return () => listening.abort()
}
