import { RouteGuardOptions, AccessTokenState } from "./several-entries.js";
import { SessionView, TokenManager, SessionState } from "./bff/page.js";
import { Target } from "./browser.js";
import { Readable } from "svelte/store";
interface Current<Value> {
    readonly current: Value;
}
declare function session(manager: TokenManager): Current<SessionState>;
declare function accessToken(manager: TokenManager, target?: Target): Readable<AccessTokenState> & Current<AccessTokenState>;
interface RequireSessionOptions extends RouteGuardOptions {
    readonly redirect: (status: 303, location: string) => never;
    readonly invalidate: (dependency: string) => Promise<unknown>;
}
interface LoadEventLike {
    readonly url: UrlLike;
    depends(dependency: `${string}:${string}`): void;
}
interface UrlLike {
    readonly pathname: string;
    readonly search: string;
    readonly searchParams: SearchParamsLike;
}
interface SearchParamsLike {
    get(name: string): string | null;
}
interface LoadedSession {
    readonly session: SessionView | undefined;
}
declare function requireSession(manager: TokenManager, { redirect, invalidate, ...paths }: RequireSessionOptions): (event: LoadEventLike) => Promise<LoadedSession>;
export { AccessTokenState, RouteGuardOptions, accessToken, requireSession, session };
export type { Current, LoadEventLike, LoadedSession, RequireSessionOptions, SearchParamsLike, UrlLike };
