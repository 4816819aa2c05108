import { TokenManager } from "../several-entries.js";
export { SessionState, SessionView, SignInOptions, TokenManagerError, TokenManagerErrorCode, TokenManagerErrorReason, isTransient } from "../several-entries.js";
interface PageOptions {
    readonly base?: string;
}
declare function createTokenManager(options?: PageOptions): TokenManager;
export { TokenManager, createTokenManager };
export type { PageOptions };
