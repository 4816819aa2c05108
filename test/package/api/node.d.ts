import { EpochMs, TokenManager, SessionState, TokenManagerOptions, ClientAuthentication, ClientCredentialsOptions, ClientCredentials, JwtBearerOptions, JwtBearer, TokenExchangeOptions, TokenExchange, Store, UserAgent } from "./several-entries.js";
import { SealingKey } from "./redis.js";
export { AccessToken, AddressClaim, AuthorizationServerMetadata, Bytes, Channel, ClaimRequest, ClaimsRequest, ClientAuthenticationParts, ClientSecret, ClientSecretBasicOptions, ClientTokenEvent, ClientTokenEventBase, ClientTokenEventType, ClientTokenEvents, ClientTokenOptions, Clock, Crypto, CryptoKey, Degradation, Dpop, DpopKey, DpopOptions, DpopProver, EndSessionParameters, EndSessionParams, EventBase, EventListener, ExchangeSubject, ExplainTokenOptions, ExplainedAction, ExplainedKind, ExplainedProblem, ExplainedResponse, Fetch, GetAccessTokenOptions, IdTokenClaims, JsonWebKey, KeyHandle, Lifecycle, LifecycleEvent, Lock, ManagerPlatform, MetadataOverrides, MetadataSource, MetadataSourceOptions, NodeSessionPoolOptions, Platform, PoolEvent, PrivateKeyJwtOptions, PrivateKeySource, PushedAuthorizationRequests, QueueLockOptions, RefreshElsewhere, RefreshOptions, ResourceClient, ResourceOption, Revocation, Sealed, Sealing, SessionCheck, SessionDenylist, SessionLimits, SessionLimitsOptions, SessionPool, SessionPoolOptions, SessionView, SignInOptions, SignOutOptions, SignOutReport, SignedOutReason, Signing, SigningKey, StandardClaims, StartedMetadata, StepUp, Stored, SwapOptions, Target, TokenExplanation, TokenManagerError, TokenManagerErrorCode, TokenManagerErrorDetails, TokenManagerErrorReason, TokenManagerEvent, TokenManagerEventType, TokenManagerEvents, TokenSet, WireText, allowInsecureLoopback, allowMissingNonce, alwaysOnline, clientSecretBasic, clientSecretPost, createSessionPool, dpop, environmentKey, explainToken, followRedirect, isTransient, memoryStore, metadataFrom, mutualTls, noChannel, privateKeyJwt, pushedAuthorizationRequests, queueLock, sealed, sessionLimits, stepUp, systemClock, webCrypto, webSealing } from "./several-entries.js";
import "./resource-server.js";
declare function createClientCredentials(options: ClientCredentialsOptions): ClientCredentials;
declare function createTokenExchange(options: TokenExchangeOptions): TokenExchange;
declare function createJwtBearer(options: JwtBearerOptions): JwtBearer;
interface DevicePrompt {
    readonly userCode: string;
    readonly verificationUri: string;
    readonly verificationUriComplete?: string;
    readonly expiresAt: EpochMs;
}
interface DeviceSignInOptions {
    readonly prompt: (prompt: DevicePrompt) => unknown;
    readonly scope?: string;
    readonly signal?: AbortSignal;
}
interface NodeTokenManagerOptions extends TokenManagerOptions {
    readonly clientAuthentication?: ClientAuthentication;
}
interface NodeTokenManager extends TokenManager {
    signInWithDevice(options: DeviceSignInOptions): Promise<SessionState>;
}
declare function createTokenManager(options: NodeTokenManagerOptions): NodeTokenManager;
interface KeyFolder {
    exclusively<T>(run: () => Promise<T>): Promise<T>;
    adopt(key: Uint8Array): Promise<void>;
}
type FileStoreKey = SealingKey | readonly SealingKey[] | ((folder: KeyFolder) => Promise<SealingKey | readonly SealingKey[]> | SealingKey | readonly SealingKey[]);
interface FileStoreOptions {
    readonly path: string;
    readonly key: FileStoreKey;
}
declare function fileStore({ path, key }: FileStoreOptions): Store<unknown>;
interface Keyring {
    readonly AsyncEntry: new (service: string, account: string, options?: {
        readonly linux?: {
            readonly store?: "secret-service";
        };
    }) => {
        getPassword(): Promise<string | null | undefined>;
        setPassword(text: string): Promise<unknown>;
    };
}
interface KeychainKeyOptions {
    readonly service: string;
    readonly account?: string;
    readonly keyring?: Keyring | (() => Promise<Keyring>);
}
declare function keychainKey({ service, account, keyring, }: KeychainKeyOptions): (folder: KeyFolder) => Promise<Uint8Array>;
type LandingOutcome = "answered" | "refused";
interface LoopbackOptions {
    readonly open?: (url: string) => unknown;
    readonly timeout?: number;
    readonly signal?: AbortSignal;
    readonly page?: (outcome: LandingOutcome) => string;
}
declare function loopback(options?: LoopbackOptions): UserAgent;
interface SettleOptions {
    readonly limit?: number;
}
declare function settle({ limit }?: SettleOptions): Promise<boolean>;
export { ClientAuthentication, ClientCredentials, ClientCredentialsOptions, EpochMs, JwtBearer, JwtBearerOptions, SessionState, Store, TokenExchange, TokenExchangeOptions, TokenManager, TokenManagerOptions, UserAgent, createClientCredentials, createJwtBearer, createTokenExchange, createTokenManager, fileStore, keychainKey, loopback, settle };
export type { DevicePrompt, DeviceSignInOptions, FileStoreKey, FileStoreOptions, KeyFolder, KeychainKeyOptions, Keyring, LandingOutcome, LoopbackOptions, NodeTokenManager, NodeTokenManagerOptions, SettleOptions };
