const UNRESERVED = /[\w\-.~]/

/**
 * Writes a URL in the form in which `htu` is compared (RFC 9449 §4.3, RFC 3986 §6.2.2 and §6.2.3). It has no query, no fragment, no default port
 * and no dot segments. Scheme and host are in lower case, an empty path is `/`, escapes are in upper case, and escapes that are not needed are
 * decoded. The case of the path and a slash at its end stay as they are.
 * @returns `undefined` if `url` is no http(s) URL, or has a user name or a password
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
