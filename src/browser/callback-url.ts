import { invalidOption } from '../errors.ts'
import { answerAt } from '../protocol/authorization-code.ts'
import { departure } from './departure.ts'

/** The parameters by which an authorization response is recognised (RFC 6749 §4.1.2). Servers may add others. */
const SIGNS = ['state', 'code', 'error']

/** An authorization response. */
interface Landing {
  /** The parameter `state`. Absent or empty if the response has none. */
  readonly state: string | null
  /** The page's address without the parameters of the response: the redirect URI, and a fragment that belongs to the page. */
  readonly address: string
}

/** The authorization response in the query or the fragment of `href`, if that is a URL of `redirectUri`. `undefined` if there is none. */
export function landingAt(href: string, redirectUri: string): Landing | undefined {
  // It is still a path where the page has no origin for it: in a sandboxed frame, and in a file. Nobody can come back to such a page.
  if (!redirectUri.includes(':')) return

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
 * Takes the authorization response out of the page's address bar. It takes a response to `redirectUri` whose `state` begins with `statePrefix`. It
 * also takes one without `state`, if this tab has begun a sign-in. Afterwards the response is not in the address bar, in the history or in later
 * `Referer`s (RFC 9700 §4.2.4). Parameters of `redirectUri` itself stay.
 * @returns the page's URL, and the `state` of the sign-in. `undefined` if there is no such response
 */
export function takeAnswer(redirectUri: string, statePrefix: string): { url: string; state: string } | undefined {
  const { href } = location
  const landing = landingAt(href, redirectUri)
  const state = landing?.state || departure()
  if (!landing || !state.startsWith(statePrefix)) return undefined

  departure('')
  // The URL is absolute. A relative one would be resolved against the page's `<base>`.
  history.replaceState(history.state, '', landing.address)
  return { url: href, state }
}

/**
 * Checks that `redirectUri` is on the page's own origin. Pages of another origin cannot complete the sign-in, because they have another storage.
 * @throws TokenManagerError `ERR_INVALID_OPTION`
 */
export function checkOrigin(redirectUri: string): void {
  const { origin } = new URL(redirectUri)
  if (origin === location.origin) return

  throw invalidOption(
    'redirectUri',
    `on the page's origin ${location.origin}, and is on ${origin}`,
    'redirect_uri_mismatch',
  )
}
