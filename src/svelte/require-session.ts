import { detour, type RouteGuardOptions } from '../manager/detour.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { SessionState, SessionView } from '../session/state.ts'

/** Options of {@link requireSession}. */
export interface RequireSessionOptions extends RouteGuardOptions {
  /** The function `redirect` of `@sveltejs/kit`. */
  readonly redirect: (status: 303, location: string) => never
  /** The function `invalidate` of `$app/navigation`. */
  readonly invalidate: (dependency: string) => Promise<unknown>
}

/** The part of SvelteKit's load event that is used. */
export interface LoadEventLike {
  /** The URL that the person wants to go to. */
  readonly url: UrlLike
  /** Makes `load` run again when `dependency` is invalidated. */
  depends(dependency: `${string}:${string}`): void
}

/** The part of `URL` that is used. */
export interface UrlLike {
  /** The path. */
  readonly pathname: string
  /** The query with its question mark. */
  readonly search: string
  /** The parameters of the query. */
  readonly searchParams: SearchParamsLike
}

/** The part of `URLSearchParams` that is used. */
export interface SearchParamsLike {
  /** The first value of the parameter `name`. `null` if there is none. */
  get(name: string): string | null
}

/** What pages get as `data`. */
export interface LoadedSession {
  /** The session of the person. `undefined` if nobody is signed in, and on a server. */
  readonly session: SessionView | undefined
}

const DEPENDENCY = 'tokenward:session'

/**
 * The `load` of SvelteKit's `+layout.ts` or `+page.ts` for pages that need a session; it gives them `data.session`. Where pages are rendered on
 * a server, `data.session` is absent there.
 * - A person who is not signed in goes to `signedOut`, at a navigation and when the session ends on the page.
 * - On the page at `callback`, everybody goes to the `returnTo` of `signIn()`, otherwise to `/`.
 * - On the page at `signedOut`, a person who signs in, here or in another tab, goes to the query parameter `returnTo`.
 *
 * It never signs in by itself, because that would undo every sign-out. It only hides things: the API has to protect the data.
 */
export function requireSession(
  manager: TokenManager,
  { redirect, invalidate, ...paths }: RequireSessionOptions,
): (event: LoadEventLike) => Promise<LoadedSession> {
  let seen: SessionState | undefined

  return async ({ url, depends }) => {
    depends(DEPENDENCY)

    const { pathname, search, searchParams } = url
    const returnTo = searchParams.get('returnTo') ?? undefined

    const state = await manager.ready()
    follow(state)

    const next = detour(state, { url: pathname + search, returnTo, isGuarded: true }, paths)
    if (next !== undefined) redirect(303, next)

    return { session: state.status === 'signedIn' ? state.session : undefined }
  }

  /** Follows the session once its state is known. On a server it never is, so nothing is followed there. */
  function follow(state: SessionState): void {
    const isFirst = seen === undefined
    if (state.status === 'loading') return

    seen = state
    if (!isFirst) return

    manager.subscribe((next) => {
      if (next === seen) return

      seen = next
      void invalidate(DEPENDENCY)
    })
  }
}
