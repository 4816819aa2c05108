import { TokenManager, SessionState } from "../several-entries.js";
import { SignInOptions, StepUp } from "../browser.js";
export { SessionView, TokenManagerError, TokenManagerErrorCode, TokenManagerErrorReason, isTransient } from "../several-entries.js";
interface PageOptions {
    readonly base?: string;
}
interface PageSignInOptions extends Omit<SignInOptions, "stepUp"> {
    readonly stepUp?: Omit<StepUp, "start">;
}
interface PageTokenManager extends Omit<TokenManager, "signIn"> {
    readonly signIn: (options?: PageSignInOptions) => Promise<SessionState>;
}
declare function createTokenManager(options?: PageOptions): PageTokenManager;
export { SessionState, TokenManager, createTokenManager };
export type { PageOptions, PageSignInOptions, PageTokenManager };
