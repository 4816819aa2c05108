import { DestroyRef, inject } from '@angular/core'
import { type ActivatedRouteSnapshot, type CanActivateFn, Router, type UrlTree } from '@angular/router'
import { detour, type RouteGuardOptions } from '../manager/detour.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { SessionState } from '../session/state.ts'
import { injectTokenManager } from './provide-token-manager.ts'

/**
 * A guard for the `canActivate` of routes that need a session:
 * - A person who is not signed in goes to `signedOut`, at a navigation and when the session ends on the route.
 * - On the route `callback`, everybody goes to the `returnTo` of `signIn()`, otherwise to `/`.
 * - On the route `signedOut`, a person who signs in, here or in another tab, goes to the query parameter `returnTo`.
 *
 * It never signs in by itself, because that would undo every sign-out. It only hides things: the API has to protect the data. Make one
 * guard and give it to all these routes.
 */
export function requireSession(options: RouteGuardOptions): CanActivateFn {
  const followed = new WeakSet<Router>()
  return guard

  async function guard(_: ActivatedRouteSnapshot, { url }: { readonly url: string }): Promise<true | UrlTree> {
    const manager = injectTokenManager()
    const router = inject(Router)
    follow(router, manager)
    return next(router, await manager.ready(), url) ?? true
  }

  function follow(router: Router, manager: TokenManager): void {
    if (followed.has(router)) return

    followed.add(router)
    const stop = manager.subscribe((state) => {
      const to = isGuarded(router.routerState.snapshot.root) && next(router, state, router.url)
      if (to) void router.navigateByUrl(to, { replaceUrl: true })
    })
    inject(DestroyRef).onDestroy(stop)
  }

  function next(router: Router, state: SessionState, url: string): UrlTree | undefined {
    const returnTo: string | undefined = router.parseUrl(url).queryParams.returnTo
    const to = detour(state, { url, returnTo, isGuarded: true }, options)
    return to === undefined ? undefined : router.parseUrl(to)
  }

  function isGuarded({ routeConfig, children }: ActivatedRouteSnapshot): boolean {
    return routeConfig?.canActivate?.includes(guard) === true || children.some(isGuarded)
  }
}
