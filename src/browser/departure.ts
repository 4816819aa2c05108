/** The key in `sessionStorage`, which belongs to one tab and is removed with it. */
const KEY = 'tokenward-sign-in'

/**
 * The `state` of the sign-in that `tab` has begun, until its answer comes. Empty if there is none, or if there is no storage.
 * @param changed the new value. Default: the value is only read
 */
export function departure(changed?: string, tab: Pick<Window, 'sessionStorage'> = globalThis): string {
  try {
    const { sessionStorage } = tab
    if (changed !== undefined) sessionStorage.setItem(KEY, changed)
    return sessionStorage.getItem(KEY) ?? ''
  } catch {
    // Without a storage, an answer without `state` belongs to no sign-in.
    return ''
  }
}
