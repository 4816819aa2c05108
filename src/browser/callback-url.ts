import { answerAt } from '../protocol/authorization-code.ts'

// Authorization response parameters: RFC 6749 §4.1.2, RFC 9207 §2, OpenID Connect Session Management §2.
const ANSWER = /^(code|state|iss|error|error_description|error_uri|session_state)=/

/** The `state` of `href` if it is an authorization response to `redirectUri`, in its query or its fragment. */
export function stateOf(href: string, redirectUri: string): string | undefined {
  for (const part of answerAt(href, new URL(redirectUri).href)?.split('#') ?? []) {
    const state = new URLSearchParams(part).get('state')
    if (state) return state
  }
  return
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
  // Cut out of the text, so that the page's own parameters stay as they were written.
  const parameters = url[part].slice(1).split('&')
  url[part] = parameters.filter((parameter) => !ANSWER.test(parameter)).join('&')
  // Absolute, because a relative URL would be read against `<base>`.
  history.replaceState(history.state, '', url.href)
  return href
}
