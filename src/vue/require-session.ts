import { detour, type RouteGuardOptions } from '../manager/detour.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { SessionState } from '../session/state.ts'

/** What is needed of a route of vue-router. */
export interface RouteLike {
  /** Its path, with query and fragment. */
  readonly fullPath: string
  /** `requiresSession: true`: for people who are signed in. */
  readonly meta: Readonly<Record<PropertyKey, unknown>>
  /** Query parameters. */
  readonly query: Readonly<Record<string, unknown>>
}

/** What is needed of a ref. */
export interface RouteRefLike {
  /** The route. */
  readonly value: RouteLike
}

/** What is needed of vue-router's `Router`. */
export interface RouterLike {
  /** The route the person is on, a ref. */
  readonly currentRoute: RouteRefLike
  /** Adds a guard of every navigation. */
  beforeEach(guard: (to: RouteLike) => Promise<string | undefined>): () => void
  /** Goes to another route, in place of the present one. */
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

  /** From the first session on, which no server ever has. */
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
