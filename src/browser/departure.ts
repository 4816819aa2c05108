/** In the storage of one tab, which nobody else has, and which goes with it. */
const KEY = 'tokenward-sign-in'

/**
 * The `state` with which `tab` left for a sign-in, to which no answer has come since; '' where there is none, or no storage.
 * @param changed what it is from now on
 */
export function departure(changed?: string, tab: Pick<Window, 'sessionStorage'> = globalThis): string {
  try {
    const { sessionStorage } = tab
    if (changed !== undefined) sessionStorage.setItem(KEY, changed)
    return sessionStorage.getItem(KEY) ?? ''
  } catch {
    // Then an answer that names no sign-in is nobody's.
    return ''
  }
}
