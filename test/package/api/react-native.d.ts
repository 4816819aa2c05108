import { Clock, TokenManager, TokenManagerOptions, Store, Lifecycle, UserAgent, Signing } from "./several-entries.js";
export { AccessToken, AddressClaim, AuthorizationServerMetadata, Bytes, Channel, ClaimRequest, ClaimsRequest, ClientAuthentication, ClientAuthenticationParts, Crypto, CryptoKey, Degradation, Dpop, DpopKey, DpopOptions, DpopProver, EndSessionParameters, EndSessionParams, EpochMs, EventBase, EventListener, ExplainTokenOptions, ExplainedAction, ExplainedKind, ExplainedProblem, ExplainedResponse, Fetch, GetAccessTokenOptions, IdTokenClaims, JsonWebKey, KeyHandle, LifecycleEvent, Lock, ManagerPlatform, MetadataOverrides, MetadataSource, MetadataSourceOptions, Platform, PushedAuthorizationRequests, QueueLockOptions, RefreshElsewhere, RefreshOptions, ResourceOption, Revocation, Sealed, Sealing, SessionLimits, SessionLimitsOptions, SessionState, SessionView, SignInOptions, SignOutOptions, SignOutReport, SignedOutReason, SigningKey, StandardClaims, StartedMetadata, StepUp, Stored, SwapOptions, Target, TokenExplanation, TokenManagerError, TokenManagerErrorCode, TokenManagerErrorDetails, TokenManagerErrorReason, TokenManagerEvent, TokenManagerEventType, TokenManagerEvents, TokenSet, WireText, allowInsecureLoopback, allowMissingNonce, alwaysOnline, dpop, explainToken, followRedirect, isTransient, memoryStore, metadataFrom, noChannel, pushedAuthorizationRequests, queueLock, sealed, sessionLimits, stepUp, systemClock, webCrypto, webSealing } from "./several-entries.js";
interface Subscription {
    remove(): void;
}
interface AppStateLike {
    readonly currentState: string | null;
    addEventListener(type: "change", listener: (state: string) => void): Subscription;
}
interface NetworkStateLike {
    readonly isConnected?: boolean | null;
}
type NetworkLike = {
    addEventListener(listener: (state: NetworkStateLike) => void): () => void;
} | {
    addNetworkStateListener(listener: (state: NetworkStateLike) => void): Subscription;
};
declare function appLifecycle(appState: AppStateLike, network?: NetworkLike): Lifecycle;
interface BrowserResult {
    readonly type: string;
    readonly url?: string;
}
interface ExpoWebBrowser {
    openAuthSessionAsync(url: string, redirectUrl: string, options?: {
        readonly preferEphemeralSession?: boolean;
        readonly preferUniversalLinks?: boolean;
        readonly showInRecents?: boolean;
    }): Promise<BrowserResult>;
    dismissAuthSession?(): void;
}
interface InAppBrowser {
    openAuth(url: string, redirectUrl: string, options?: {
        readonly ephemeralWebSession?: boolean;
        readonly showInRecents?: boolean;
    }): Promise<BrowserResult>;
    closeAuth?(): void;
}
interface LinkingLike {
    getInitialURL(): Promise<string | null>;
    addEventListener(type: "url", listener: (event: {
        readonly url: string;
    }) => void): Subscription;
}
interface AuthSessionOptions {
    readonly ephemeral?: boolean;
    readonly grace?: number;
    readonly clock?: Clock;
}
declare function authSession(browser: ExpoWebBrowser | InAppBrowser, linking: LinkingLike, { ephemeral, grace, clock }?: AuthSessionOptions): UserAgent;
declare const allowAnyScheme: unique symbol;
interface ReactNativeTokenManagerOptions extends TokenManagerOptions {
    readonly redirectUri?: string;
    readonly [allowAnyScheme]?: boolean;
    readonly store: Store<unknown>;
    readonly lifecycle: Lifecycle;
    readonly randomBytes: (length: number) => Uint8Array;
}
declare function createTokenManager({ randomBytes, fetch, ...options }: ReactNativeTokenManagerOptions): TokenManager;
interface SecureItems {
    readonly keychain?: object;
    get(name: string): Promise<string | null>;
    set(name: string, text: string): Promise<void>;
    delete(name: string): Promise<void>;
}
interface ExpoSecureStore {
    readonly AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: number;
    getItemAsync(name: string, options?: ExpoItemOptions): Promise<string | null>;
    setItemAsync(name: string, text: string, options?: ExpoItemOptions): Promise<void>;
    deleteItemAsync(name: string, options?: ExpoItemOptions): Promise<void>;
}
interface ExpoItemOptions {
    readonly keychainAccessible?: number;
    readonly keychainService?: string;
}
declare function expoItems(secureStore: ExpoSecureStore): SecureItems;
interface GateOptions {
    readonly ask: () => Promise<unknown>;
    readonly holds?: number;
    readonly clock?: Clock;
}
interface GatedTokenManager extends TokenManager {
    readonly unlock: () => Promise<void>;
    readonly lock: () => void;
}
declare function gated(manager: TokenManager, { ask, holds, clock }: GateOptions): GatedTokenManager;
interface Keychain<Accessible = string> {
    readonly ACCESSIBLE: {
        readonly AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: Accessible;
    };
    getGenericPassword(options: {
        readonly service: string;
    }): Promise<false | KeychainPassword>;
    setGenericPassword(username: string, password: string, options: {
        readonly service: string;
        readonly accessible: Accessible;
    }): Promise<unknown>;
    resetGenericPassword(options: {
        readonly service: string;
    }): Promise<unknown>;
}
interface KeychainPassword {
    readonly password: string;
}
interface KeychainItemsOptions {
    readonly service?: string;
}
declare function keychainItems<Accessible>(keychain: Keychain<Accessible>, { service }?: KeychainItemsOptions): SecureItems;
interface P256 {
    readonly utils: {
        randomSecretKey(seed?: Uint8Array): Uint8Array;
    };
    getPublicKey(secretKey: Uint8Array, isCompressed?: boolean): Uint8Array;
    sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array;
}
declare function p256Signing(p256: P256, randomBytes: (length: number) => Uint8Array): Signing;
interface InstallMarker {
    getItem(key: string): Promise<string | null>;
    setItem(key: string, value: string): Promise<unknown>;
}
interface SecureStoreOptions {
    readonly marker?: InstallMarker;
    readonly afterReinstall?: "forget" | "keep";
    readonly partSize?: number;
}
declare function secureStore(items: SecureItems, { marker, afterReinstall, partSize }?: SecureStoreOptions): Store<unknown>;
export { Clock, Lifecycle, Signing, Store, TokenManager, TokenManagerOptions, UserAgent, allowAnyScheme, appLifecycle, authSession, createTokenManager, expoItems, gated, keychainItems, p256Signing, secureStore };
export type { AppStateLike, AuthSessionOptions, BrowserResult, ExpoItemOptions, ExpoSecureStore, ExpoWebBrowser, GateOptions, GatedTokenManager, InAppBrowser, InstallMarker, Keychain, KeychainItemsOptions, KeychainPassword, LinkingLike, NetworkLike, NetworkStateLike, P256, ReactNativeTokenManagerOptions, SecureItems, SecureStoreOptions, Subscription };
