const UNRESERVED = /[\w\-.~]/

/**
 * A URL as `htu` is compared (RFC 9449 §4.3, RFC 3986 §6.2.2 and §6.2.3): without query and fragment, scheme and host in lower
 * case, no default port, no dot segments, an empty path as `/`, escapes in upper case and undone where they need not be. The case
 * of the path and a slash at its end count.
 * @returns `undefined` for what is no http(s) URL, and for one with a user name
 */
export function normalizedHtu(url: string): string | undefined {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    return undefined
  }
  const { protocol, host, pathname, username, password } = parsed
  const isOfWeb = protocol === 'https:' || protocol === 'http:'
  const hasUser = username !== '' || password !== ''
  if (!isOfWeb || hasUser) return undefined
  const path = pathname.replace(/%[\da-f]{2}/gi, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    return UNRESERVED.test(character) ? character : escaped.toUpperCase()
  })
  return `${protocol}//${host}${path}`
}
