// Authorization response parameters: RFC 6749 §4.1.2, RFC 9207 §2, OpenID Connect Session Management §2.
const answerNames = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri', 'session_state']

/** The `state` of `href` if it is an authorization response to `redirectUri`, in its query or its fragment. */
export function stateOf(href: string, redirectUri: string): string | undefined {
  const url = new URL(href)
  const target = new URL(redirectUri)
  if (url.origin !== target.origin || url.pathname !== target.pathname) return
  for (const [name, value] of target.searchParams) if (url.searchParams.get(name) !== value) return
  return url.searchParams.get('state') ?? new URLSearchParams(url.hash.slice(1)).get('state') ?? undefined
}

/**
 * The page's URL if it is an authorization response to `redirectUri` whose `state` begins with `statePrefix`; its parameters
 * are out of the address bar, the history and later `Referer`s when this returns (RFC 9700 §4.2.4).
 */
export function takeCallbackUrl(redirectUri: string, statePrefix: string): string | undefined {
  const { href } = location
  if (!stateOf(href, redirectUri)?.startsWith(statePrefix)) return
  const url = new URL(href)
  const part = url.searchParams.has('state') ? 'search' : 'hash'
  url[part] = withoutAnswer(url[part])
  // Absolute, because a relative URL would be read against `<base>`.
  history.replaceState(history.state, '', url.href)
  return href
}

// Cut out of the text, so that the page's own parameters stay as they were written.
function withoutAnswer(text: string): string {
  const parts = text.slice(1).split('&')
  const kept = parts.filter((part) => !answerNames.includes([...new URLSearchParams(part).keys()][0] ?? ''))
  return kept.join('&')
}
