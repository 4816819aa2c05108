import { RouteGuardOptions, AccessTokenState } from "./several-entries.js";
import { TokenManager, SessionState } from "./bff/page.js";
import { Target } from "./browser.js";
import { Plugin, MaybeRefOrGetter, ShallowRef } from "vue";
interface RouteLike {
    readonly fullPath: string;
    readonly meta: Readonly<Record<PropertyKey, unknown>>;
    readonly query: Readonly<Record<string, unknown>>;
}
interface RouteRefLike {
    readonly value: RouteLike;
}
interface RouterLike {
    readonly currentRoute: RouteRefLike;
    beforeEach(guard: (to: RouteLike) => Promise<string | undefined>): () => void;
    replace(to: string): Promise<unknown>;
}
declare function requireSession(router: RouterLike, manager: TokenManager, options: RouteGuardOptions): () => void;
declare function tokenManagerPlugin(manager: TokenManager): Plugin;
declare function useTokenManager(): TokenManager;
declare function useAccessToken(target?: MaybeRefOrGetter<Target>): Readonly<ShallowRef<AccessTokenState>>;
declare function useSession(): Readonly<ShallowRef<SessionState>>;
export { AccessTokenState, RouteGuardOptions, requireSession, tokenManagerPlugin, useAccessToken, useSession, useTokenManager };
export type { RouteLike, RouteRefLike, RouterLike };
