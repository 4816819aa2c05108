import type { SessionState } from '../session/state.ts'

/** What a guard of routes has to know of the app's paths. A slash at the end makes no difference. */
export interface RouteGuardOptions {
  /**
   * Path of the page for people who are not signed in: one with a button that calls `signIn()`. It gets the query parameter `returnTo`,
   * where the person wanted to go: hand it to `signIn({ returnTo })`.
   */
  readonly signedOut: string
  /** Path of the manager's `redirectUri`. It shows nothing: the guard sends the person on. Default `/callback`. */
  readonly callback?: string
}

/** A route that somebody is on, or wants to go to. */
export interface Place {
  /** Its path, with query and fragment. */
  readonly url: string
  /** The query parameter of that name. */
  readonly returnTo?: string | undefined
  /** Whether it is for people who are signed in. */
  readonly isGuarded: boolean
}

/** Where the person has to go instead; `undefined`: nowhere. A guard that asks again there is told `undefined`. */
export function detour(
  state: SessionState,
  { url, returnTo, isGuarded }: Place,
  { signedOut, callback = '/callback' }: RouteGuardOptions,
): string | undefined {
  const [here, entry, landing] = [url, signedOut, callback].map(pageOf)
  // Before the session is read, and on a server, nobody knows.
  if (state.status === 'loading') return undefined

  const back = (to: string | undefined) => {
    const wanted = returnPath(to)
    const isInBetween = [entry, landing].includes(pageOf(wanted))
    if (!isInBetween) return wanted
    const isAtRoot = here === ''
    return isAtRoot ? undefined : '/'
  }
  if (state.status === 'signedIn') {
    if (here === landing) return back(state.session.returnTo)
    return here === entry && returnTo !== undefined ? back(returnTo) : undefined
  }

  if (here === entry) return undefined
  if (here === landing) return toSignIn(signedOut, state.returnTo)
  return isGuarded ? toSignIn(signedOut, url) : undefined
}

/** What tells a page from others. Some servers write all paths with a slash at the end, and some none. */
function pageOf(url: string): string {
  return url.replace(/\/?([?#].*)?$/, '')
}

/**
 * `returnTo` where it is a path of this origin, and `/` otherwise: it may come out of a link that a stranger made, and a person who has
 * just signed in must not end up on the stranger's site.
 */
export function returnPath(returnTo = ''): string {
  // Browsers drop tabs and line feeds, and take a backslash for a slash: "/\t/evil.example" is another host.
  return /^\/(?![/\\])[^\t\n\r]*$/.test(returnTo) ? returnTo : '/'
}

function toSignIn(signedOut: string, returnTo: string | undefined): string {
  return returnTo === undefined ? signedOut : `${signedOut}?returnTo=${encodeURIComponent(returnTo)}`
}
