/**
 * Calls `run` for events of the page and its document. Does nothing where there is no window. Returns a function that ends this.
 * @param run gets all events of these types, also those that do not bubble, because it listens in the capture phase of the window. `pageshow` and
 *   `pagehide` have the member `persisted`
 */
export function onPage(
  types: readonly string[],
  run: (event: Event & { readonly persisted?: boolean }) => void,
): () => void {
  const listening = new AbortController()
  for (const type of types) globalThis.addEventListener?.(type, run, { capture: true, signal: listening.signal })
  return () => listening.abort()
}
