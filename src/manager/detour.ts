import type { SessionState } from '../session/state.ts'

/** The paths of the app that a route guard needs. A slash at the end of a path makes no difference. */
export interface RouteGuardOptions {
  /**
   * The path of the page for people who are not signed in. It should have a button that calls `signIn()`. It gets the query parameter
   * `returnTo`, the path that the person wanted to see: give it to `signIn({ returnTo })`.
   */
  readonly signedOut: string
  /** The path of the manager's `redirectUri`. The route shows nothing, because the guard sends the person on. Default `/callback`. */
  readonly callback?: string
}

/** The route that the person is on, or wants to go to. */
export interface Place {
  /** The path with query and fragment. */
  readonly url: string
  /** The query parameter `returnTo`. Absent if there is none. */
  readonly returnTo?: string | undefined
  /** Whether the route is only for people who are signed in. */
  readonly isGuarded: boolean
}

/** The path that the person has to go to instead. `undefined` if they may stay. At that path, a second call gives `undefined`. */
export function detour(
  state: SessionState,
  { url, returnTo, isGuarded }: Place,
  { signedOut, callback = '/callback' }: RouteGuardOptions,
): string | undefined {
  const [here, entry, landing] = [url, signedOut, callback].map(pageOf)
  // The session has not been read yet, or this is a server. The person stays.
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

/** The path without a slash at its end, so that paths can be compared. Some servers add a slash to every path, and some remove it. */
function pageOf(url: string): string {
  return url.replace(/\/?([?#].*)?$/, '')
}

/**
 * `returnTo` if it is a path of this origin, and `/` otherwise. It may come from a link that an attacker made, and a person who has just signed
 * in must not be sent to the attacker's site.
 */
export function returnPath(returnTo = ''): string {
  // Browsers remove tabs and line feeds, and read a backslash as a slash. To them "/\t/evil.example" is another host.
  return /^\/(?![/\\])[^\t\n\r]*$/.test(returnTo) ? returnTo : '/'
}

function toSignIn(signedOut: string, returnTo: string | undefined): string {
  return returnTo === undefined ? signedOut : `${signedOut}?returnTo=${encodeURIComponent(returnTo)}`
}
