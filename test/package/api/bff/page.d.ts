import { TokenManager } from "../shared.js";
export { SessionState, SessionView, SignInOptions, TokenManagerError, TokenManagerErrorCode, TokenManagerErrorReason, isTransient } from "../shared.js";
interface PageOptions {
    readonly base?: string;
}
declare function createTokenManager(options?: PageOptions): TokenManager;
export { TokenManager, createTokenManager };
export type { PageOptions };
