import { AccessTokenState } from "./several-entries.js";
import { SessionState, TokenManager } from "./bff/page.js";
import { Target } from "./browser.js";
import { ReactNode, ReactElement } from "react";
interface RequireSessionProps {
    readonly children?: ReactNode;
    readonly loading?: ReactNode;
    readonly signedOut: ReactNode | ((state: SessionState & {
        readonly status: "signedOut";
    }) => ReactNode);
}
declare function RequireSession({ children, loading, signedOut }: RequireSessionProps): ReactElement;
interface TokenManagerProviderProps {
    readonly manager: TokenManager;
    readonly children?: ReactNode;
}
declare function TokenManagerProvider({ manager, children }: TokenManagerProviderProps): ReactElement;
declare function useTokenManager(): TokenManager;
declare function useAccessToken({ resource, audience, scope }?: Target): AccessTokenState;
declare function useSession(): SessionState;
export { AccessTokenState, RequireSession, TokenManagerProvider, useAccessToken, useSession, useTokenManager };
export type { RequireSessionProps, TokenManagerProviderProps };
