import { invalidOption } from '../errors.ts'
import { answerAt } from '../protocol/authorization-code.ts'
import { departure } from './departure.ts'

/** What shows an authorization response (RFC 6749 §4.1.2). Servers add what they like to it. */
const SIGNS = ['state', 'code', 'error']

/** An authorization response. */
interface Landing {
  /** Absent or empty: it names no sign-in. */
  readonly state: string | null
  /** The address without anything that came with the answer: the redirect URI, and a fragment that is the page's own. */
  readonly address: string
}

/** What `href` answers at `redirectUri`, in its query or its fragment; `undefined` if it is no authorization response. */
export function landingAt(href: string, redirectUri: string): Landing | undefined {
  const own = new URL(redirectUri).href
  const [query, fragment] = answerAt(href, own)?.split(/#(.*)/) ?? []
  for (const part of [query, fragment]) {
    const params = new URLSearchParams(part)
    const isOwn = part === query && fragment
    if (SIGNS.some((name) => params.has(name)))
      return { state: params.get('state'), address: isOwn ? `${own}#${fragment}` : own }
  }
  return undefined
}

/**
 * The page's URL if it is an authorization response to `redirectUri` whose `state` begins with `statePrefix`, or one without `state`
 * while a sign-in of this tab is on its way; and the `state` of that sign-in. Whatever it brought is out of the address bar, the history
 * and later `Referer`s when this returns (RFC 9700 §4.2.4); parameters of `redirectUri` itself stay.
 */
export function takeAnswer(redirectUri: string, statePrefix: string): { url: string; state: string } | undefined {
  const { href } = location
  const landing = landingAt(href, redirectUri)
  const state = landing?.state || departure()
  if (!landing || !state.startsWith(statePrefix)) return undefined
  departure('')
  // Absolute, because a relative URL would be read against `<base>`.
  history.replaceState(history.state, '', landing.address)
  return { url: href, state }
}

/** @throws TokenManagerError `ERR_INVALID_OPTION` where `redirectUri` leads to pages that know nothing of a sign-in that this one begins */
export function checkOrigin(redirectUri: string): void {
  const { origin } = new URL(redirectUri)
  if (origin === location.origin) return
  throw invalidOption(
    'redirectUri',
    `on the page's origin ${location.origin}, and is on ${origin}`,
    'redirect_uri_mismatch',
  )
}
