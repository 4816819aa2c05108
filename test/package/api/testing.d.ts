import { SessionState, TokenManager } from "./bff/page.js";
import { Clock, Fetch, TokenSet, EpochMs, Store, TokenManagerEventType, TokenManagerEvents, IdTokenClaims, ResourceOption } from "./browser.js";
export { memoryStore } from "./several-entries.js";
interface ManualClock extends Clock {
    advance(ms: number): Promise<void>;
    jump(ms: number): void;
    readonly pending: number;
}
declare function manualClock(start?: EpochMs): ManualClock;
declare function jsonResponse(body: unknown, status?: number, headers?: Record<string, string>): Response;
declare function unsignedIdToken(claims: Record<string, unknown>, signature?: string): string;
interface SeenTokenRequest {
    readonly grantType: string;
    readonly refreshToken?: string;
    readonly params: URLSearchParams;
    readonly proof?: string;
    outcome: "issued" | "invalid_grant" | "scripted";
}
interface SeenRevocation {
    readonly token: string;
    readonly hint: string | null;
}
interface SeenApiCall {
    readonly url: string;
    readonly authorization: string | null;
    readonly proof: string | null;
    readonly at: EpochMs;
}
type ScriptedAnswer = Promise<Response | void> | Response | void;
interface ScriptedAuthorizationServer {
    readonly issuer: string;
    readonly fetch: Fetch;
    readonly requests: readonly SeenTokenRequest[];
    readonly revoked: readonly SeenRevocation[];
    readonly reuse: number;
    readonly overlap: number;
    readonly living: readonly string[];
    expiresIn: unknown;
    rotate: boolean;
    dpop: boolean;
    dpopNonce: string | undefined;
    subject: string | undefined;
    claims: Record<string, unknown>;
    authorize(url: string): string;
    issue(): Required<Pick<TokenSet, "accessToken" | "refreshToken">>;
    revokeAll(): void;
    before: (request: SeenTokenRequest) => ScriptedAnswer;
    after: (request: SeenTokenRequest, answer: Response) => Promise<Response> | Response;
    onRevoke: () => ScriptedAnswer;
    onDiscovery: () => ScriptedAnswer;
    readonly calls: readonly SeenApiCall[];
    api: (request: Request) => Promise<Response> | Response;
}
declare function scriptedAuthorizationServer(now?: () => number, word?: string): ScriptedAuthorizationServer;
interface StoreContexts {
    readonly contexts: readonly [
        Store<unknown>,
        Store<unknown>
    ];
    close?(): Promise<void> | void;
}
interface StoreContractOptions {
    readonly create: () => Promise<StoreContexts> | StoreContexts;
    readonly test: (title: string, run: () => Promise<void>) => unknown;
}
declare function storeContract({ create, test }: StoreContractOptions): void;
type TestState = "loading" | "signedOut" | "signedIn" | "suspended" | SessionState;
interface TestTokenManagerOptions {
    readonly state?: TestState;
    readonly claims?: Partial<IdTokenClaims>;
    readonly scope?: string;
    readonly accessToken?: string;
    readonly answer?: (request: Request) => Promise<Response> | Response;
    readonly resources?: readonly ResourceOption[];
    readonly unlisted?: "throw" | "bare";
    readonly whenSignedOut?: "throw" | "bare";
    readonly origin?: string;
}
interface TestCall {
    readonly method: "signIn" | "completeSignIn" | "adopt" | "refresh" | "signOut" | "dispose";
    readonly argument?: unknown;
}
interface TestTokenManager extends TokenManager {
    readonly requests: readonly Request[];
    readonly calls: readonly TestCall[];
    set(state: TestState): void;
    emit<T extends TokenManagerEventType>(type: T, details: TokenManagerEvents[T]): void;
}
declare function createTestTokenManager(options?: TestTokenManagerOptions): TestTokenManager;
export { createTestTokenManager, jsonResponse, manualClock, scriptedAuthorizationServer, storeContract, unsignedIdToken };
export type { ManualClock, ScriptedAnswer, ScriptedAuthorizationServer, SeenTokenRequest, StoreContexts, StoreContractOptions, TestCall, TestState, TestTokenManager, TestTokenManagerOptions };
