import { detour, type RouteGuardOptions } from '../manager/detour.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { SessionState } from '../session/state.ts'

/** The part of a route of vue-router that is used. */
export interface RouteLike {
  /** The path with query and fragment. */
  readonly fullPath: string
  /** The route's own data. With `requiresSession: true`, the route is only for people who are signed in. */
  readonly meta: Readonly<Record<PropertyKey, unknown>>
  /** The query parameters. */
  readonly query: Readonly<Record<string, unknown>>
}

/** The part of a ref that is used. */
export interface RouteRefLike {
  /** The route. */
  readonly value: RouteLike
}

/** The part of vue-router's `Router` that is used. */
export interface RouterLike {
  /** A ref with the route that the person is on. */
  readonly currentRoute: RouteRefLike
  /** Adds a guard that is called before every navigation. Returns a function that removes it. */
  beforeEach(guard: (to: RouteLike) => Promise<string | undefined>): () => void
  /** Goes to another route, which replaces the present one in the history. */
  replace(to: string): Promise<unknown>
}

/**
 * Guards the routes that have `meta: { requiresSession: true }`, of vue-router 4 or newer:
 * - A person who is not signed in goes to `signedOut`, at a navigation and when the session ends on the route.
 * - From `callback` everybody goes to the `returnTo` of `signIn()`, otherwise to `/`.
 * - From `signedOut` a person who signs in, here or in another tab, goes to the query parameter `returnTo`.
 *
 * It never signs in by itself, because that would undo every sign-out. It only hides things: the API has to protect the data.
 * @returns a function that ends this
 */
export function requireSession(router: RouterLike, manager: TokenManager, options: RouteGuardOptions): () => void {
  const undo = [router.beforeEach(guard)]
  let isFollowing = false

  return () => {
    for (const stop of undo.splice(0)) stop()
  }

  async function guard(to: RouteLike): Promise<string | undefined> {
    const state = await manager.ready()
    follow(state)
    return next(state, to)
  }

  /** Follows the session once its state is known. On a server it never is, so nothing is followed there. */
  function follow({ status }: SessionState): void {
    if (isFollowing || status === 'loading') return

    isFollowing = true
    const stop = manager.subscribe((state) => {
      const to = next(state, router.currentRoute.value)
      if (to !== undefined) void router.replace(to)
    })
    undo.push(stop)
  }

  function next(state: SessionState, { fullPath, meta, query }: RouteLike): string | undefined {
    const returnTo = typeof query.returnTo === 'string' ? query.returnTo : undefined
    return detour(state, { url: fullPath, returnTo, isGuarded: meta.requiresSession === true }, options)
  }
}
