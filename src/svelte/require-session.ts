import { detour, type RouteGuardOptions } from '../manager/detour.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { SessionState, SessionView } from '../session/state.ts'

/** Options of {@link requireSession}. */
export interface RequireSessionOptions extends RouteGuardOptions {
  /** That of `@sveltejs/kit`. */
  readonly redirect: (status: 303, location: string) => never
  /** That of `$app/navigation`. */
  readonly invalidate: (dependency: string) => Promise<unknown>
}

/** What is needed of the event that SvelteKit's `load` gets. */
export interface LoadEventLike {
  /** Where the person wants to go. */
  readonly url: UrlLike
  /** Has `load` run again when that is invalidated. */
  depends(dependency: `${string}:${string}`): void
}

/** What is needed of `URL`. */
export interface UrlLike {
  /** The path. */
  readonly pathname: string
  /** The query with its question mark. */
  readonly search: string
  /** The query's parameters. */
  readonly searchParams: SearchParamsLike
}

/** What is needed of `URLSearchParams`. */
export interface SearchParamsLike {
  /** The first value of that name. */
  get(name: string): string | null
}

/** What pages get as `data`. */
export interface LoadedSession {
  /** The session; absent when nobody is signed in, and on a server. */
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

  /** From the first session on, which no server ever has. */
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
