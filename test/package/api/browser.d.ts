import { TokenManagerOptions, Degradation, Platform, RefreshElsewhere, SignOutReport, TokenManager, Store, UserAgent } from "./several-entries.js";
export { AccessToken, AddressClaim, AuthorizationServerMetadata, Bytes, Channel, ClaimRequest, ClaimsRequest, ClientAuthentication, ClientAuthenticationParts, Clock, Crypto, CryptoKey, Dpop, DpopKey, DpopOptions, DpopProver, EndSessionParameters, EndSessionParams, EpochMs, EventBase, EventListener, ExplainTokenOptions, ExplainedAction, ExplainedKind, ExplainedProblem, ExplainedResponse, Fetch, GetAccessTokenOptions, IdTokenClaims, JsonWebKey, KeyHandle, Lifecycle, LifecycleEvent, Lock, ManagerPlatform, MetadataOverrides, MetadataSource, MetadataSourceOptions, PushedAuthorizationRequests, QueueLockOptions, RefreshOptions, ResourceOption, Revocation, Sealed, Sealing, SessionLimits, SessionLimitsOptions, SessionState, SessionView, SignInOptions, SignOutOptions, SignedOutReason, Signing, SigningKey, StandardClaims, StartedMetadata, StepUp, Stored, SwapOptions, Target, TokenExplanation, TokenManagerError, TokenManagerErrorCode, TokenManagerErrorDetails, TokenManagerErrorReason, TokenManagerEvent, TokenManagerEventType, TokenManagerEvents, TokenSet, WireText, allowInsecureLoopback, allowMissingNonce, alwaysOnline, dpop, explainToken, followRedirect, isTransient, memoryStore, metadataFrom, noChannel, pushedAuthorizationRequests, queueLock, sealed, sessionLimits, stepUp, systemClock, webCrypto, webSealing } from "./several-entries.js";
interface SharedWorkerHost<Worker> {
    readonly SharedWorker: new (...args: never[]) => Worker;
}
type RefreshingSharedWorker = typeof globalThis extends SharedWorkerHost<infer Worker> ? Worker : object;
interface RefreshWorker {
    start(options: Partial<TokenManagerOptions>, report: (lacking: Degradation) => void): RefreshElsewhere;
}
declare function refreshWorker(create: () => RefreshingSharedWorker): RefreshWorker;
type StorePorts = Pick<Platform, "store" | "lock" | "channel">;
interface Persistence {
    ports(report: (lacking: Degradation) => void): StorePorts;
}
interface EndSessionOptions {
    readonly returnTo?: string;
}
declare function endSession({ endSessionUrl }: Pick<SignOutReport, "endSessionUrl">, { returnTo }?: EndSessionOptions): boolean;
declare function endSessionReturn(): EndSessionOptions | undefined;
type FrontChannelLogoutOutcome = SignOutReport["local"] | "other_session" | "no_session" | "not_seen";
declare function frontChannelLogout(tokens: Pick<TokenManager, "ready" | "signOut">, url?: string): Promise<FrontChannelLogoutOutcome>;
declare const inMemory: Persistence;
declare const inTab: Persistence;
declare function indexedDbStore({ databaseName, timeout, }?: {
    databaseName?: string;
    timeout?: number;
}): Store<unknown>;
interface PopupOptions {
    readonly width?: number;
    readonly height?: number;
    readonly closedPollInterval?: number;
}
declare function popup(options?: PopupOptions): UserAgent;
declare function redirect(): UserAgent;
interface BrowserTokenManagerOptions extends TokenManagerOptions {
    readonly persistence?: Persistence;
    readonly refreshWorker?: RefreshWorker;
}
declare function createTokenManager(options: BrowserTokenManagerOptions): TokenManager;
export { Degradation, Platform, RefreshElsewhere, SignOutReport, Store, TokenManager, TokenManagerOptions, UserAgent, createTokenManager, endSession, endSessionReturn, frontChannelLogout, inMemory, inTab, indexedDbStore, popup, redirect, refreshWorker };
export type { BrowserTokenManagerOptions, EndSessionOptions, FrontChannelLogoutOutcome, Persistence, PopupOptions, RefreshWorker, RefreshingSharedWorker };
