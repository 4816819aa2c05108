import { KeyObject } from "node:crypto";
type TokenManagerErrorCode = "ERR_INVALID_OPTION" | "ERR_UNSUPPORTED" | "ERR_SIGNED_OUT" | "ERR_AUTHORIZATION_CANCELLED" | "ERR_AUTHORIZATION_REJECTED" | "ERR_GRANT_REJECTED" | "ERR_CLIENT_REJECTED" | "ERR_RESPONSE_INVALID" | "ERR_TEMPORARILY_UNAVAILABLE" | "ERR_STORE_FAILED" | "ERR_STEP_UP_REQUIRED" | "ERR_TARGET_NOT_ALLOWED" | "ERR_NOT_REPLAYABLE" | "ERR_REDIRECTED";
type SignedOutReason = "none" | "signed_out" | "signed_out_elsewhere" | "session_ended" | "rejected" | "outcome_unknown" | "expired" | "idle" | "max_age" | "user_changed" | "storage_lost" | "dpop_key_lost" | "incompatible_version" | "sign_in_failed" | "renamed";
type TokenManagerErrorReason = SignedOutReason | "invalid_option" | "no_window" | "insecure_context" | "unsupported_flow" | "request_refused" | "keychain_unavailable" | "browser_unavailable" | "metadata_issuer_mismatch" | "metadata_invalid" | "endpoint_missing" | "insecure_endpoint" | "state_mismatch" | "transaction_expired" | "issuer_mismatch" | "issuer_missing" | "redirect_uri_mismatch" | "authorization_error" | "interaction_required" | "popup_blocked" | "cancelled" | "code_exchange_indeterminate" | "invalid_pushed_authorization_response" | "step_up_unsatisfied" | "sign_in_loop" | "invalid_token_response" | "unsupported_token_type" | "id_token_missing" | "id_token_invalid" | "id_token_iss" | "id_token_aud" | "id_token_azp" | "id_token_exp" | "id_token_iat" | "id_token_sub" | "id_token_nonce" | "id_token_auth_time" | "id_token_at_hash" | "invalid_grant" | "invalid_client" | "invalid_scope" | "invalid_target" | "server_refused" | "dpop_unsupported" | "dpop_not_bound" | "dpop_unsupported_by_resource" | "network_unavailable" | "client_authentication_failed" | "timeout" | "server_unavailable" | "unexpected_redirect" | "throttled" | "coordination_timeout" | "store_failed" | "storage_locked" | "target_not_listed" | "insecure_target" | "insufficient_scope" | "insufficient_user_authentication" | "retry_impossible" | "redirected" | "token_rejected_by_resource";
interface TokenManagerErrorDetails {
    status?: number | undefined;
    error?: string | undefined;
    retryAt?: number | undefined;
    acrValues?: readonly string[] | undefined;
    maxAge?: number | undefined;
    scope?: string | undefined;
    cause?: unknown;
}
declare class TokenManagerError extends Error {
    readonly name = "TokenManagerError";
    readonly code: TokenManagerErrorCode;
    readonly reason: TokenManagerErrorReason;
    readonly status?: number;
    readonly error?: string;
    readonly retryAt?: number;
    readonly acrValues?: readonly string[];
    readonly maxAge?: number;
    readonly scope?: string;
    constructor(code: TokenManagerErrorCode, reason: TokenManagerErrorReason, sentence?: string, { cause, error, ...details }?: TokenManagerErrorDetails);
}
declare function isTransient(error: unknown): boolean;
type EpochMs = number;
type Bytes = ReturnType<typeof Uint8Array.from>;
interface WebCryptographyHost<Made> {
    readonly crypto: {
        readonly subtle: {
            generateKey(...args: never[]): Promise<Made>;
        };
    };
}
interface CryptoKeyHandle {
    readonly algorithm: {
        readonly name: string;
    };
    readonly extractable: boolean;
    readonly type: string;
    readonly usages: string[];
}
type CryptoKey = typeof globalThis extends WebCryptographyHost<infer Made> ? Extract<Made, CryptoKeyHandle> : CryptoKeyHandle;
type JsonWebKey = {
    alg?: string;
    crv?: string;
    d?: string;
    dp?: string;
    dq?: string;
    e?: string;
    ext?: boolean;
    k?: string;
    key_ops?: string[];
    kty?: string;
    n?: string;
    oth?: RsaFactor[];
    p?: string;
    q?: string;
    qi?: string;
    use?: string;
    x?: string;
    y?: string;
};
type RsaFactor = {
    d?: string;
    r?: string;
    t?: string;
};
type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
interface Stored<V> {
    readonly value: V;
    readonly tag: string;
}
interface Store<V> {
    get(key: string): Promise<Stored<V> | undefined>;
    swap(key: string, tag: string | undefined, value: V | undefined, options?: SwapOptions): Promise<boolean>;
    readonly clock?: Clock | undefined;
    readonly confirmInterval?: number | undefined;
    readonly textOnly?: boolean | undefined;
    readonly processes?: Processes | undefined;
    readonly watch?: ((key: string, tag: string | undefined, changed: () => void) => () => void) | undefined;
}
interface Processes {
    readonly own: string;
    isOver(name: string): boolean;
}
interface SwapOptions {
    readonly durability?: "strict" | "relaxed";
    readonly expireAfter?: number;
}
interface Lock {
    readonly spans: "store" | "process" | "nothing";
    request<T>(name: string, options: {
        readonly signal: AbortSignal;
    }, run: () => Promise<T>): Promise<T>;
}
interface Channel {
    post(name: string, message: unknown): void;
    subscribe(name: string, listener: (message: unknown) => void): () => void;
}
type LifecycleEvent = "online" | "visible" | "hidden" | "resumed" | "frozen";
interface Lifecycle {
    isOnline(): boolean;
    isVisible(): boolean;
    subscribe(listener: (event: LifecycleEvent) => void): () => void;
}
interface Clock {
    now(): EpochMs;
    elapsed(): number;
    at(time: number, run: () => void): () => void;
}
interface Sealed {
    readonly iv: Bytes;
    readonly data: Bytes;
    readonly keys?: readonly unknown[];
}
interface WireText {
    form(parameters: readonly (readonly [
        name: string,
        value: string
    ])[]): string;
    query(text: string): readonly (readonly [
        name: string,
        value: string
    ])[];
    utf8(bytes: string): string;
}
interface Crypto {
    randomBytes(length: number): Bytes;
    sha256(data: Bytes): Promise<Bytes>;
}
interface Sealing {
    generateKey(): Promise<CryptoKey>;
    seal(key: CryptoKey, plaintext: Bytes, aad: Bytes): Promise<Sealed>;
    open(key: CryptoKey, sealed: Sealed, aad: Bytes): Promise<Bytes>;
}
interface UserAgent {
    readonly stateMarker?: string | undefined;
    prepare?(): () => void;
    redirectUri?(configured: string): Promise<string>;
    authorize(url: string, redirectUri: string, state: string): Promise<string>;
    callbackUrl(redirectUri: string, statePrefix: string): string | undefined | Promise<string | undefined>;
    awaits?(statePrefix: string): boolean;
    answers?(redirectUri: string, statePrefix: string, listener: (url: string) => void): () => void;
}
type Degradation = "store_unavailable" | "sealing_key_not_storable" | "lock_unavailable" | "channel_unavailable" | "worker_unavailable" | "insecure_endpoint" | "token_type_missing";
interface RefreshElsewhere {
    (from: {
        readonly grantId: string;
        readonly generation: number;
    }, target: {
        readonly [part in "resource" | "audience" | "scope"]?: string | undefined;
    }): Promise<void>;
    join(): void;
}
interface ClientAuthenticationParts {
    readonly parameters?: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
}
interface ClientAuthentication {
    readonly method: string;
    authenticate(server: {
        readonly issuer: string;
    }, client: {
        readonly client_id: string;
    }): ClientAuthenticationParts | Promise<ClientAuthenticationParts>;
    endpoints?(metadata: Readonly<Record<string, unknown>>): Record<string, unknown>;
}
interface Platform {
    readonly store: Store<unknown>;
    readonly fetch: Fetch;
    readonly lock: Lock;
    readonly channel: Channel;
    readonly lifecycle: Lifecycle;
    readonly clock: Clock;
    readonly crypto: Crypto;
    readonly text?: WireText;
    readonly userAgent?: UserAgent | undefined;
    readonly origin?: string | undefined;
    readonly refreshElsewhere?: RefreshElsewhere | undefined;
    readonly metadata?: (() => Promise<Readonly<Record<"issuer", string>>>) | undefined;
    readonly clientAuthentication?: ClientAuthentication | undefined;
    onDegraded?(listener: (step: Degradation) => void): () => void;
}
interface KeyHandle {
    readonly alias: string;
}
interface SigningKey {
    readonly alg: string;
    readonly privateKey: CryptoKey | JsonWebKey | KeyHandle;
    readonly publicKey: JsonWebKey;
}
interface Signing {
    generate(alg: string, extractable: boolean): Promise<SigningKey>;
    signer(key: SigningKey): Promise<(data: Bytes) => Promise<Uint8Array | ArrayBuffer>>;
}
interface AuthorizationServerMetadata {
    readonly issuer: string;
    readonly authorization_endpoint?: string | undefined;
    readonly token_endpoint?: string | undefined;
    readonly revocation_endpoint?: string | undefined;
    readonly end_session_endpoint?: string | undefined;
    readonly pushed_authorization_request_endpoint?: string | undefined;
    readonly device_authorization_endpoint?: string | undefined;
    readonly require_pushed_authorization_requests?: boolean | undefined;
    readonly authorization_response_iss_parameter_supported?: boolean | undefined;
    readonly dpop_signing_alg_values_supported?: readonly string[] | undefined;
    readonly mtls_endpoint_aliases?: Readonly<Record<string, unknown>> | undefined;
    readonly [member: string]: unknown;
}
type MetadataOverrides = {
    readonly [Member in keyof AuthorizationServerMetadata]?: AuthorizationServerMetadata[Member] | null;
};
interface MetadataSourceOptions {
    readonly url?: string;
    readonly metadata?: AuthorizationServerMetadata;
    readonly overrides?: MetadataOverrides;
}
interface MetadataSource {
    readonly options: MetadataSourceOptions;
    start(issuer: string, checkUrl: (option: string, url: unknown) => void): StartedMetadata;
}
interface StartedMetadata {
    load(find: (url?: string) => Promise<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
    isIssuer(iss: unknown, claims?: Readonly<Record<string, unknown>>): boolean;
}
interface Target {
    readonly resource?: string | undefined;
    readonly audience?: string | undefined;
    readonly scope?: string | undefined;
}
interface AccessToken {
    readonly value: string;
    readonly type: "Bearer" | "DPoP";
    readonly expiresAt?: EpochMs;
    readonly scope: string;
    readonly resource?: string;
}
interface TokenSource {
    current(target: Target): AccessToken | undefined;
    get(target: Target, signal?: AbortSignal): Promise<AccessToken>;
    replace(target: Target, rejected: AccessToken, signal?: AbortSignal, hint?: RefusalHint): Promise<AccessToken | undefined>;
}
type RefusalHint = "expired" | "not_yet_valid" | "revoked" | "session_ended" | undefined;
type ProofChallenge = "use_dpop_nonce" | "invalid_dpop_proof";
interface Proofs {
    prove(token: AccessToken, method: string, url: string, headers: Record<string, string>): Promise<void>;
    heed(answer: Response, url: string, headers: Readonly<Record<string, string>>, last: boolean): ProofChallenge | undefined;
}
type ParameterList = readonly (readonly [
    name: string,
    value: string
])[];
interface TransientFailure {
    readonly kind: "transient";
    readonly error: TokenManagerError;
    readonly lost: boolean;
    readonly retryAfter?: number | undefined;
}
interface Answer {
    readonly kind: "answer";
    readonly url: string;
    readonly sent?: ParameterList | undefined;
    readonly status: number;
    readonly body: Record<string, unknown> | undefined;
    readonly isEmpty: boolean;
    readonly sentAt: EpochMs;
}
interface Attempted {
    readonly response: Response;
    readonly said: Answer | TransientFailure;
    readonly sentAt: EpochMs;
}
type Attempt = (headers?: Readonly<Record<string, string>>) => Promise<Attempted>;
interface ExchangeOptions<Other = never> {
    accept?: string;
    beforeSend?: () => boolean;
    keepalive?: boolean;
    around?: ((attempt: Attempt) => Promise<Answer | TransientFailure | Other>) | undefined;
}
interface DpopKey extends SigningKey {
    readonly clockOffset?: number | undefined;
}
interface DpopOptions {
    readonly required?: boolean | undefined;
    readonly algorithms?: readonly ("ES256" | "Ed25519" | "EdDSA")[] | undefined;
    readonly signing?: Signing;
}
interface ClockOff {
    readonly by: number;
    readonly origin?: string | undefined;
}
interface KeyLost {
    readonly kind: "invalid";
    readonly error: TokenManagerError;
}
interface DpopProver {
    readonly required: boolean;
    readonly clockOffset: number | undefined;
    newKey(listed: unknown): Promise<DpopKey | undefined>;
    thumbprint(key: DpopKey): Promise<string>;
    canUse(key: DpopKey | undefined, types: readonly string[]): boolean;
    prove(key: DpopKey | undefined, method: string, url: string, token?: {
        readonly value: string;
    }): Promise<string>;
    heedServer(answer: Response, error: unknown, sentAt: EpochMs, proof?: string): ProofChallenge | undefined;
    heed(answer: Response, url: string, proof: string, last: boolean): ProofChallenge | undefined;
    tell(iat: unknown, previous: unknown, sentAt: EpochMs): void;
    proofs(keyOf: (token: AccessToken) => DpopKey | undefined | Promise<DpopKey | undefined>, lost?: (token: AccessToken, error: TokenManagerError) => Promise<void>): Proofs;
    send(key: DpopKey | undefined, url: string, attempt: Attempt): Promise<Attempted["said"] | KeyLost>;
}
interface ProverPlatform extends Pick<Platform, "crypto" | "clock">, Partial<Pick<Platform, "store">> {
    readonly onClockOff?: ((details: ClockOff) => void) | undefined;
}
interface AuthorizationServer {
    readonly issuer: string;
    readonly clientId: string;
    readonly clock: Clock;
    readonly crypto: Crypto;
    readonly text: WireText;
    readonly expiresInZero?: "unknown" | "expired" | undefined;
    readonly dpop: DpopProver | undefined;
    readonly missingNonce: boolean;
    isIssuer: StartedMetadata["isIssuer"];
    degraded(step: Degradation): void;
    metadata(): Promise<AuthorizationServerMetadata>;
    post<Other = never>(url: string, form: ParameterList, options?: ExchangeOptions<Other>): Promise<Answer | TransientFailure | Other>;
}
declare global {
    interface TokenwardClaims {
    }
}
interface StandardClaims extends TokenwardClaims {
    readonly name?: string;
    readonly given_name?: string;
    readonly family_name?: string;
    readonly middle_name?: string;
    readonly nickname?: string;
    readonly preferred_username?: string;
    readonly profile?: string;
    readonly picture?: string;
    readonly website?: string;
    readonly email?: string;
    readonly email_verified?: boolean;
    readonly gender?: string;
    readonly birthdate?: string;
    readonly zoneinfo?: string;
    readonly locale?: string;
    readonly phone_number?: string;
    readonly phone_number_verified?: boolean;
    readonly address?: AddressClaim;
    readonly updated_at?: number;
}
interface AddressClaim {
    readonly formatted?: string;
    readonly street_address?: string;
    readonly locality?: string;
    readonly region?: string;
    readonly postal_code?: string;
    readonly country?: string;
}
interface IdTokenClaims extends StandardClaims {
    readonly iss: string;
    readonly sub: string;
    readonly aud: string | readonly string[];
    readonly exp: number;
    readonly iat: number;
    readonly auth_time?: number;
    readonly nonce?: string;
    readonly acr?: string;
    readonly amr?: readonly string[];
    readonly azp?: string;
    readonly sid?: string;
    readonly [claim: string]: unknown;
}
type RevocationOutcome = "revoked" | "unsupported" | "failed";
interface SessionView {
    readonly subject?: string | undefined;
    readonly claims?: IdTokenClaims | undefined;
    readonly scope: string;
    readonly signedInAt: EpochMs;
    readonly maxAgeAt?: EpochMs | undefined;
    readonly returnTo?: string | undefined;
}
type SessionState = {
    readonly status: "loading";
} | {
    readonly status: "signedOut";
    readonly reason: SignedOutReason;
    readonly error?: TokenManagerError | undefined;
    readonly returnTo?: string | undefined;
} | {
    readonly status: "signedIn";
    readonly session: SessionView;
    readonly health: "ok" | "suspended" | "sign_in_suggested";
    readonly cause?: TokenManagerError | undefined;
    readonly retryAt?: EpochMs | undefined;
};
interface RouteGuardOptions {
    readonly signedOut: string;
    readonly callback?: string;
}
interface PushedAuthorizationRequests {
    readonly start: typeof pushAuthorizationRequest;
}
interface PushedAuthorization {
    readonly request_uri: string;
    readonly expiresAt: EpochMs;
}
declare function pushAuthorizationRequest(server: AuthorizationServer, params: ParameterList): Promise<PushedAuthorization>;
interface ClaimRequest {
    readonly essential?: boolean;
    readonly value?: unknown;
    readonly values?: readonly unknown[];
}
interface ClaimsRequest {
    readonly id_token?: Readonly<Record<string, ClaimRequest | null>>;
    readonly userinfo?: Readonly<Record<string, ClaimRequest | null>>;
}
interface EventBase {
    readonly at: EpochMs;
    readonly grant?: string | undefined;
    readonly generation?: number | undefined;
}
interface TokenManagerEvents {
    signed_in: {
        readonly subject?: string | undefined;
    };
    sign_in_failed: {
        readonly reason: TokenManagerErrorReason;
    };
    signed_out: {
        readonly reason: string;
    };
    refreshing: {
        readonly reason?: string | undefined;
    };
    refreshed: {
        readonly duration: number;
        readonly attempt: number;
        readonly reason?: string | undefined;
    };
    adopted: object;
    waited: {
        readonly duration: number;
    };
    refresh_failed: {
        readonly outcome: string;
        readonly reason: TokenManagerErrorReason;
        readonly duration: number;
        readonly status?: number | undefined;
        readonly retryAt?: EpochMs | undefined;
    };
    token_rejected: {
        readonly replaced: boolean;
        readonly reason?: RefusalHint;
    };
    step_up_required: {
        readonly reason: TokenManagerErrorReason;
        readonly scope?: string | undefined;
    };
    retry_impossible: {
        readonly status: number;
    };
    revoked: {
        readonly kind: string;
    };
    revocation_failed: {
        readonly kind: string;
        readonly reason: TokenManagerErrorReason;
        readonly final: boolean;
    };
    store_failed: {
        readonly during: string;
    };
    storage_corrupt: object;
    storage_lost: object;
    user_changed: object;
    clock_jumped: {
        readonly by: number;
    };
    clock_off: {
        readonly by: number;
        readonly origin?: string | undefined;
    };
    dpop_not_bound: {
        readonly reason: "dpop_unsupported" | "dpop_not_bound";
    };
    degraded: {
        readonly step: Degradation;
    };
}
type TokenManagerEventType = keyof TokenManagerEvents;
type TokenManagerEvent<T extends TokenManagerEventType = TokenManagerEventType> = {
    [Type in T]: EventBase & {
        readonly type: Type;
    } & TokenManagerEvents[Type];
}[T];
type EventListener<T extends TokenManagerEventType = TokenManagerEventType> = (event: TokenManagerEvent<T>) => void;
interface EndSessionParameters {
    readonly client_id: string;
    readonly id_token_hint: string | undefined;
    readonly post_logout_redirect_uri: string | undefined;
}
type EndSessionParams = (own: EndSessionParameters) => Readonly<Record<string, string | undefined>>;
type Revocation = RevocationOutcome | "uncertain" | "pending" | undefined;
interface SignOutOptions {
    readonly endSession?: boolean;
    readonly reason?: "signed_out" | "session_ended";
}
interface SignOutReport {
    readonly local: "removed" | "memory_only" | "superseded";
    readonly tokens: readonly {
        readonly kind: "refresh_token" | "access_token";
        readonly revocation: "pending";
    }[];
    readonly revoked: Promise<NonNullable<Revocation>>;
    readonly endSessionUrl?: string | undefined;
}
interface Requirements {
    readonly acrValues?: readonly string[] | undefined;
    readonly maxAge?: number | undefined;
    readonly scope?: string | undefined;
}
interface PresentSession {
    readonly grantId: string;
    readonly scope: string;
    readonly requestedScope?: string | undefined;
    readonly claims?: IdTokenClaims | undefined;
    readonly signedInAt: EpochMs;
}
interface TriedStep {
    readonly stepUp?: string;
    readonly createdAt: EpochMs;
}
interface Step {
    request<T extends Requirements>(request: T): T & {
        scope: string;
    };
    readonly transaction: {
        readonly stepUp: string;
        readonly stepUpScope: string | undefined;
    };
    refusal(returned: readonly TriedStep[]): TokenManagerError | undefined;
}
interface StepUp extends Requirements {
    start(grantOf: (token: AccessToken) => string | undefined, live: PresentSession | undefined, now: EpochMs): Step | "there";
}
declare function stepUp(error: TokenManagerError): StepUp;
interface SignInOptions {
    readonly returnTo?: string;
    readonly prompt?: string;
    readonly loginHint?: string;
    readonly maxAge?: number;
    readonly acrValues?: readonly string[];
    readonly uiLocales?: readonly string[];
    readonly claims?: ClaimsRequest;
    readonly scope?: string;
    readonly stepUp?: StepUp;
    readonly userAgent?: UserAgent;
}
interface TokenSet {
    readonly accessToken: string;
    readonly tokenType?: "Bearer" | "DPoP";
    readonly dpopKey?: DpopKey;
    readonly expiresAt?: EpochMs;
    readonly refreshToken?: string;
    readonly idToken?: string;
    readonly scope?: string;
}
interface GetAccessTokenOptions extends Target {
    readonly minValidity?: number;
    readonly signal?: AbortSignal;
}
interface TokenManager {
    readonly state: SessionState;
    readonly subscribe: (listener: (state: SessionState) => void) => () => void;
    readonly on: <T extends TokenManagerEventType>(type: T, listener: EventListener<T>) => () => void;
    readonly ready: () => Promise<SessionState>;
    readonly signIn: (options?: SignInOptions) => Promise<SessionState>;
    readonly completeSignIn: (url?: string) => Promise<SessionState>;
    readonly adopt: (tokens: TokenSet) => Promise<SessionState>;
    readonly getAccessToken: (options?: GetAccessTokenOptions) => Promise<AccessToken>;
    readonly fetch: Fetch;
    readonly headersFor: (url: string | URL, method?: string) => Promise<Headers>;
    readonly refresh: (options?: Target & {
        readonly reason?: string;
    }) => Promise<AccessToken>;
    readonly signOut: (options?: SignOutOptions) => Promise<SignOutReport>;
    readonly dispose: () => void;
}
interface AccessTokenState {
    readonly accessToken?: AccessToken | undefined;
    readonly error?: TokenManagerError | undefined;
}
declare const allowInsecureLoopback: unique symbol;
declare const allowMissingNonce: unique symbol;
type ResourceOption = string | {
    readonly url: string;
    readonly resource?: string;
    readonly audience?: string;
    readonly scope?: string;
};
type Match = {
    readonly target: Target;
    readonly url: string;
    readonly wholeOrigin: boolean;
} | {
    readonly target?: undefined;
    readonly url?: undefined;
    readonly reason: "target_not_listed" | "insecure_target";
    readonly place?: string | undefined;
    readonly listed: readonly string[];
};
interface Dpop {
    readonly options: DpopOptions;
    start(platform: ProverPlatform): DpopProver;
}
declare function dpop(options?: DpopOptions): Dpop;
interface Limits {
    readonly next: number;
    used(now?: EpochMs): void;
    check(): Promise<void>;
}
interface SessionLimitsOptions {
    readonly idleTimeout?: number;
    readonly maxAge?: number;
}
interface SessionLimits {
    readonly options: SessionLimitsOptions;
    readonly start: (session: never, end: never) => Limits;
}
declare function sessionLimits(options: SessionLimitsOptions): SessionLimits;
interface RefreshOptions {
    readonly leeway?: number;
    readonly jitter?: number;
    readonly interval?: number;
}
interface TokenManagerOptions {
    readonly issuer: string;
    readonly metadata?: AuthorizationServerMetadata | MetadataSource;
    readonly clientId: string;
    readonly redirectUri?: string;
    readonly postLogoutRedirectUri?: string;
    readonly endSessionParams?: EndSessionParams;
    readonly scope?: string;
    readonly resources?: readonly ResourceOption[];
    readonly resourceParameters?: readonly ("resource" | "audience")[];
    readonly unlisted?: "throw" | "bare";
    readonly whenSignedOut?: "throw" | "bare";
    readonly refresh?: RefreshOptions;
    readonly expiresInZero?: "unknown" | "expired";
    readonly dpop?: Dpop;
    readonly limits?: SessionLimits;
    readonly requestTimeout?: number;
    readonly confirmInterval?: number;
    readonly account?: string;
    readonly authorizationParams?: Readonly<Record<string, string>>;
    readonly pushedAuthorizationRequests?: PushedAuthorizationRequests;
    readonly revokeReplaced?: boolean;
    readonly [allowInsecureLoopback]?: boolean;
    readonly [allowMissingNonce]?: boolean;
    readonly userAgent?: UserAgent;
    readonly store?: Store<unknown>;
    readonly fetch?: Fetch;
    readonly lock?: Lock;
    readonly channel?: Channel;
    readonly lifecycle?: Lifecycle;
    readonly clock?: Clock;
    readonly crypto?: Crypto;
}
interface SessionCheck {
    readonly state: SessionState;
    readonly endsAt?: EpochMs | undefined;
}
interface SessionDenylist {
    check(session: {
        readonly iss: string;
        readonly sub?: string | undefined;
        readonly sid?: string | undefined;
        readonly client_id: string;
        readonly iat: number;
    }): string | undefined;
    subscribe?(listener: () => void): () => void;
    readonly stale?: "deny" | "introspect" | "allow" | undefined;
}
interface SessionPoolOptions extends Omit<TokenManagerOptions, "account"> {
    readonly maxSessions?: number;
    readonly denylist?: SessionDenylist;
}
interface SessionPool {
    get(account: string): TokenManager;
    readonly redirectUri: string | undefined;
    allows(url: string): boolean;
    check(account: string): Promise<SessionCheck>;
    use<T>(account: string, work: (tokens: TokenManager) => Promise<T>): Promise<T>;
    rename(from: string, to: string): Promise<void>;
    on<T extends TokenManagerEventType>(type: T, listener: (event: PoolEvent<T>) => void): () => void;
    readonly size: number;
    readonly alarms: number;
    dispose(): void;
}
type PoolEvent<T extends TokenManagerEventType = TokenManagerEventType> = TokenManagerEvent<T> & {
    readonly account: string;
};
type SealingKey = Uint8Array | CryptoKey;
type SealingKeySource = SealingKey | readonly SealingKey[] | (() => Promise<SealingKey | readonly SealingKey[]> | SealingKey | readonly SealingKey[]);
type ExplainedKind = "access_token" | "id_token" | "logout_token" | "dpop_proof" | "jwt" | "opaque" | "refusal" | "response";
type ExplainedProblem = "none" | "expired" | "not_yet_valid" | "wrong_audience" | "wrong_issuer" | "not_an_access_token" | "unsigned" | "revoked" | "session_ended" | "token_missing" | "token_refused" | "request_malformed" | "scope_missing" | "step_up_required" | "proof_refused" | "nonce_required" | "server_unavailable";
type ExplainedAction = "none" | "refresh" | "wait" | "sign_in" | "step_up" | "ask_for_scope" | "send_token" | "send_proof" | "retry_with_nonce" | "fix_clock" | "fix_audience" | "fix_issuer" | "fix_request" | "try_later";
interface TokenExplanation {
    readonly kind: ExplainedKind;
    readonly problem: ExplainedProblem;
    readonly action: ExplainedAction;
    readonly text: string;
    readonly issuer?: string;
    readonly audience?: readonly string[];
    readonly expiresAt?: EpochMs;
    readonly scope?: string;
}
interface ExplainTokenOptions {
    readonly audience?: string;
    readonly issuer?: string;
    readonly now?: EpochMs;
}
interface ExplainedResponse {
    readonly status: number;
    readonly headers: {
        get(name: string): string | null;
    };
}
declare function explainToken(input: string | ExplainedResponse, options?: ExplainTokenOptions): TokenExplanation;
declare const alwaysOnline: Lifecycle;
declare function memoryStore<V>(): Store<V>;
declare const noChannel: Channel;
interface QueueLockOptions {
    readonly spans?: "store" | "process";
}
declare function queueLock({ spans }?: QueueLockOptions): Lock;
declare const systemClock: Clock;
declare const webCrypto: Crypto;
declare const webSealing: Sealing;
type PlainHeaders = Record<string, string>;
interface RequestBody {
    replay(): NonNullable<RequestInit["body"]> | undefined;
    drop?(): void;
}
interface SentRequest {
    readonly target: Target | undefined;
    readonly url: string;
    readonly to: string | Request;
    readonly init: RequestInit & {
        readonly headers: PlainHeaders;
    };
    readonly body: RequestBody | undefined;
    readonly hops: number;
}
interface AuthorizedFetchOptions {
    readonly source: TokenSource;
    readonly fetch: Fetch;
    readonly proofs?: (() => Proofs | undefined) | undefined;
    readonly match: (url: string) => Match;
    readonly unlisted: "throw" | "bare";
    readonly whenSignedOut: "throw" | "bare";
    readonly observe: <T extends "step_up_required" | "retry_impossible">(type: T, details: TokenManagerEvents[T]) => void;
    readonly follow?: ((response: Response, sent: SentRequest, match: (url: string) => Match) => SentRequest | undefined) | undefined;
}
interface ManagerPlatform extends Platform {
    readonly followRedirect?: AuthorizedFetchOptions["follow"];
}
declare function createTokenManager(options: TokenManagerOptions, platform: ManagerPlatform | undefined): TokenManager;
declare function metadataFrom(options: MetadataSourceOptions): MetadataSource;
declare function pushedAuthorizationRequests(): PushedAuthorizationRequests;
declare function followRedirect(response: Response, sent: SentRequest, match: (url: string) => Match): SentRequest | undefined;
declare function sealed(store: Store<unknown>, options: {
    sealing: Sealing;
    keyName?: string;
}): Store<unknown>;
interface ClientTokenEventBase {
    readonly at: EpochMs;
    readonly resource?: string | undefined;
    readonly audience?: string | undefined;
    readonly scope?: string | undefined;
}
interface ClientTokenEvents extends Pick<TokenManagerEvents, "token_rejected" | "step_up_required" | "retry_impossible" | "store_failed">, Pick<TokenManagerEvents, "revoked" | "revocation_failed" | "degraded"> {
    obtained: {
        readonly duration: number;
        readonly ahead: boolean;
    };
    request_failed: {
        readonly reason: TokenManagerErrorReason;
        readonly duration: number;
        readonly status?: number | undefined;
        readonly retryAt?: EpochMs | undefined;
        readonly usable: boolean;
    };
    dpop_not_bound: TokenManagerEvents["dpop_not_bound"];
    clock_off: TokenManagerEvents["clock_off"];
    adopted: object;
}
type ClientTokenEventType = keyof ClientTokenEvents;
type ClientTokenEvent<T extends ClientTokenEventType = ClientTokenEventType> = {
    [Type in T]: ClientTokenEventBase & {
        readonly type: Type;
    } & ClientTokenEvents[Type];
}[T];
interface ClientTokenOptions extends Pick<TokenManagerOptions, "issuer" | "metadata">, Pick<TokenManagerOptions, "resources" | "resourceParameters" | "unlisted" | "requestTimeout">, Pick<TokenManagerOptions, "expiresInZero" | "dpop" | "fetch" | "clock" | "crypto" | typeof allowInsecureLoopback> {
    readonly clientId: string;
    readonly clientAuthentication?: ClientAuthentication;
    readonly scope?: string;
    readonly refresh?: Pick<RefreshOptions, "leeway" | "jitter">;
    readonly maxTokens?: number;
    readonly dpopKey?: DpopKey;
    readonly parameters?: Readonly<Record<string, string>>;
}
interface ResourceClient {
    getAccessToken(options?: GetAccessTokenOptions): Promise<AccessToken>;
    fetch: Fetch;
    headersFor(url: string | URL, method?: string): Promise<Headers>;
}
interface ClientCredentialsOptions extends ClientTokenOptions {
    readonly store?: Store<unknown>;
}
interface ClientCredentials extends ResourceClient {
    on<T extends ClientTokenEventType>(type: T, listener: (event: ClientTokenEvent<T>) => void): () => void;
    dispose(): void;
}
interface JwtBearerOptions extends ClientTokenOptions {
    readonly assertion: (subject: string) => string | Promise<string>;
}
interface JwtBearer {
    for(subject: string): ResourceClient;
    forget(subject: string): Promise<void>;
    on<T extends ClientTokenEventType>(type: T, listener: (event: ClientTokenEvent<T>) => void): () => void;
    dispose(): void;
}
interface TokenExchangeOptions extends ClientTokenOptions {
    readonly requestedTokenType?: string;
}
interface ExchangeSubject {
    readonly token: string | (() => string | Promise<string>);
    readonly id?: string;
    readonly tokenType?: string;
    readonly actor?: {
        readonly token: string;
        readonly tokenType?: string;
    };
}
interface TokenExchange {
    for(subject: ExchangeSubject | TokenManager): ResourceClient;
    forget(subject: string | ExchangeSubject | TokenManager): Promise<void>;
    on<T extends ClientTokenEventType>(type: T, listener: (event: ClientTokenEvent<T>) => void): () => void;
    dispose(): void;
}
interface IoredisClient {
    evalsha(sha1: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
    eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
    pipeline(): unknown;
    publish(channel: string, message: string): Promise<unknown>;
    duplicate(): unknown;
    on(event: "error", listener: (error: Error) => void): unknown;
}
interface NodeRedisClient {
    evalSha(sha1: string, options: {
        keys: string[];
        arguments: string[];
    }): Promise<unknown>;
    eval(script: string, options: {
        keys: string[];
        arguments: string[];
    }): Promise<unknown>;
    multi(): unknown;
    publish(channel: string, message: string): Promise<unknown>;
    duplicate(): unknown;
    on(event: "error", listener: (error: Error) => void): unknown;
}
type RedisClient = IoredisClient | NodeRedisClient;
interface RedisStoreOptions {
    readonly client: RedisClient;
    readonly key: SealingKeySource;
    readonly prefix?: string;
    readonly timeout?: number;
    readonly expireAfter?: number;
    readonly replicas?: number;
}
interface RedisStore extends Store<unknown> {
    readonly clock: Clock;
    readonly confirmInterval: number;
}
declare function redisStore(options: RedisStoreOptions): RedisStore;
interface AccessTokenClaims {
    readonly iss: string;
    readonly sub?: string;
    readonly aud?: string | readonly string[];
    readonly exp?: number;
    readonly iat?: number;
    readonly nbf?: number;
    readonly jti?: string;
    readonly client_id?: string;
    readonly scope?: string;
    readonly sid?: string;
    readonly auth_time?: number;
    readonly acr?: string;
    readonly cnf?: Readonly<Record<string, unknown>>;
    readonly [claim: string]: unknown;
}
type SubjectKind = "user" | "client";
interface TokenDialect {
    readonly types?: readonly (string | undefined)[];
    readonly claims?: ClaimNames;
    readonly requiredClaims?: readonly string[];
    readonly requiredValues?: Readonly<Record<string, string | readonly string[]>>;
    readonly refusedClaims?: readonly string[];
    readonly subjectKind?: "not_the_client" | ((claims: AccessTokenClaims) => SubjectKind | undefined);
    readonly logout?: LogoutDialect;
}
interface ClaimNames {
    readonly client?: string;
    readonly id?: string | false;
    readonly scope?: string;
    readonly session?: string | false;
    readonly audience?: string;
}
interface LogoutDialect {
    readonly types?: readonly (string | undefined)[];
    readonly withoutExpiry?: boolean;
}
interface TokenDenial {
    readonly issuer: string;
    readonly jti: string;
    readonly expiresAt: number;
}
interface SessionDenial {
    readonly issuer: string;
    readonly sid: string;
    readonly owner?: string;
    readonly before: number;
}
interface SubjectDenial {
    readonly issuer: string;
    readonly subject: string;
    readonly before: number;
}
interface ClientDenial {
    readonly issuer: string;
    readonly clientId: string;
    readonly before: number;
}
interface GrantDenial extends SubjectDenial, ClientDenial {
}
type Denial = TokenDenial | SessionDenial | SubjectDenial | ClientDenial | GrantDenial;
interface DeniableToken {
    readonly iss: string;
    readonly jti?: string | undefined;
    readonly sid?: string | undefined;
    readonly sub?: string | undefined;
    readonly client_id?: string | undefined;
    readonly iat?: number | undefined;
}
interface DeniableIssuer {
    hasIssued(iss: string): boolean;
    readonly hasTokenIds: boolean;
    readonly hasSessionIds: boolean;
}
interface DenylistEntry {
    readonly denial: Denial;
    readonly until: number;
}
interface DenylistStore {
    append(entries: readonly DenylistEntry[]): Promise<void>;
    follow(listener: {
        readonly onEntries: (entries: readonly unknown[]) => void;
        readonly onCurrent: (at: number) => void;
    }): () => void;
}
interface DenylistOptions {
    readonly store?: DenylistStore;
    readonly maxTokenLifetime?: number;
    readonly leeway?: number;
    readonly maxStaleness?: number;
    readonly whenStale?: "deny" | "introspect" | "allow";
    readonly onSkipped?: (count: number) => void;
    readonly now?: () => number;
}
interface Denylist {
    deny(...denials: readonly Denial[]): Promise<void>;
    check(token: DeniableToken): "revoked" | "session_ended" | undefined;
    cannotTell(token: DeniableToken): "jti" | "sid" | "sub" | "client_id" | undefined;
    describeIssuer(issuer: DeniableIssuer): void;
    subscribe(listener: () => void): () => void;
    readonly stale: NonNullable<DenylistOptions["whenStale"]> | undefined;
    readonly maxTokenLifetime: number;
    readonly whenStale: NonNullable<DenylistOptions["whenStale"]>;
    status(): DenylistStatus;
    ready(): Promise<void>;
    close(): void;
}
interface DenylistStatus {
    readonly entries: number;
    readonly staleness: number;
    readonly skipped: number;
}
declare function createDenylist(options?: DenylistOptions): Denylist;
interface ReplayStore {
    add(key: string, until: number, owner?: string): Promise<boolean>;
    has(key: string, owner?: string): Promise<boolean>;
}
declare function memoryReplayStore({ limit, now }?: {
    limit?: number | undefined;
    now?: (() => number) | undefined;
}): ReplayStore;
interface IntrospectionOptions {
    readonly endpoint?: string;
    readonly clientId: string;
    readonly clientSecret: string | (() => string | Promise<string>);
    readonly formEncoded?: boolean;
    readonly jwts?: boolean;
    readonly maxAge?: number;
    readonly negativeMaxAge?: number;
    readonly timeout?: number;
    readonly limit?: number;
}
interface IssuerOptions extends TokenDialect {
    readonly issuer: string;
    readonly tenants?: readonly string[] | ((tenant: string) => boolean);
    readonly jwksUri?: string;
    readonly algorithms?: readonly string[];
    readonly introspection?: IntrospectionOptions;
}
type ClientSecret = string | (() => string | Promise<string>);
interface ClientSecretBasicOptions {
    readonly formEncoded?: boolean;
}
declare function clientSecretBasic(secret: ClientSecret, { formEncoded }?: ClientSecretBasicOptions): ClientAuthentication;
declare function clientSecretPost(secret: ClientSecret): ClientAuthentication;
declare function mutualTls(): ClientAuthentication;
declare function environmentKey(name: string): () => Uint8Array;
type PrivateKeySource = string | JsonWebKey | KeyObject | CryptoKey;
interface PrivateKeyJwtOptions {
    readonly kid?: string;
    readonly alg?: string;
    readonly aud?: string;
}
declare function privateKeyJwt(key: PrivateKeySource | (() => PrivateKeySource | Promise<PrivateKeySource>), { kid, alg, aud }?: PrivateKeyJwtOptions): ClientAuthentication;
interface NodeSessionPoolOptions extends SessionPoolOptions {
    readonly clientAuthentication?: ClientAuthentication;
}
declare function createSessionPool(options: NodeSessionPoolOptions): SessionPool;
interface JournalEntry extends EventBase {
    readonly type: TokenManagerEventType | "opened";
    readonly context: string;
    readonly reason?: string | undefined;
    readonly outcome?: string | undefined;
    readonly duration?: number | undefined;
    readonly attempt?: number | undefined;
    readonly status?: number | undefined;
    readonly retryAt?: EpochMs | undefined;
    readonly replaced?: boolean | undefined;
    readonly kind?: string | undefined;
    readonly final?: boolean | undefined;
    readonly during?: string | undefined;
    readonly step?: string | undefined;
    readonly by?: number | undefined;
}
interface JournalOptions {
    readonly store?: Store<unknown>;
    readonly key?: string;
    readonly clock?: Pick<Clock, "now">;
}
type JournalSource = Pick<TokenManager, "on"> & Partial<Pick<TokenManager, "subscribe">>;
interface Journal {
    readonly context: string;
    entries(): Promise<readonly JournalEntry[]>;
    subscribe(listener: (entry: JournalEntry) => void): () => void;
    clear(): Promise<void>;
    stop(): void;
}
declare function journal(source: JournalSource, options?: JournalOptions): Journal;
export { TokenManagerError, allowInsecureLoopback, allowMissingNonce, alwaysOnline, clientSecretBasic, clientSecretPost, createDenylist, createSessionPool, createTokenManager, dpop, environmentKey, explainToken, followRedirect, isTransient, journal, memoryReplayStore, memoryStore, metadataFrom, mutualTls, noChannel, privateKeyJwt, pushedAuthorizationRequests, queueLock, redisStore, sealed, sessionLimits, stepUp, systemClock, webCrypto, webSealing };
export type { AccessToken, AccessTokenClaims, AccessTokenState, AddressClaim, AuthorizationServerMetadata, Bytes, Channel, ClaimNames, ClaimRequest, ClaimsRequest, ClientAuthentication, ClientAuthenticationParts, ClientCredentials, ClientCredentialsOptions, ClientDenial, ClientSecret, ClientSecretBasicOptions, ClientTokenEvent, ClientTokenEventBase, ClientTokenEventType, ClientTokenEvents, ClientTokenOptions, Clock, Crypto, CryptoKey, Degradation, DeniableIssuer, DeniableToken, Denial, Denylist, DenylistEntry, DenylistOptions, DenylistStatus, DenylistStore, Dpop, DpopKey, DpopOptions, DpopProver, EndSessionParameters, EndSessionParams, EpochMs, EventBase, EventListener, ExchangeSubject, ExplainTokenOptions, ExplainedAction, ExplainedKind, ExplainedProblem, ExplainedResponse, Fetch, GetAccessTokenOptions, GrantDenial, IdTokenClaims, IntrospectionOptions, IoredisClient, IssuerOptions, Journal, JournalEntry, JournalOptions, JournalSource, JsonWebKey, JwtBearer, JwtBearerOptions, KeyHandle, Lifecycle, LifecycleEvent, Lock, LogoutDialect, ManagerPlatform, MetadataOverrides, MetadataSource, MetadataSourceOptions, NodeRedisClient, NodeSessionPoolOptions, Platform, PoolEvent, PrivateKeyJwtOptions, PrivateKeySource, PushedAuthorizationRequests, QueueLockOptions, RedisClient, RedisStore, RedisStoreOptions, RefreshElsewhere, RefreshOptions, ReplayStore, ResourceClient, ResourceOption, Revocation, RouteGuardOptions, Sealed, Sealing, SealingKey, SealingKeySource, SessionCheck, SessionDenial, SessionDenylist, SessionLimits, SessionLimitsOptions, SessionPool, SessionPoolOptions, SessionState, SessionView, SignInOptions, SignOutOptions, SignOutReport, SignedOutReason, Signing, SigningKey, StandardClaims, StartedMetadata, StepUp, Store, Stored, SubjectDenial, SubjectKind, SwapOptions, Target, TokenDenial, TokenDialect, TokenExchange, TokenExchangeOptions, TokenExplanation, TokenManager, TokenManagerErrorCode, TokenManagerErrorDetails, TokenManagerErrorReason, TokenManagerEvent, TokenManagerEventType, TokenManagerEvents, TokenManagerOptions, TokenSet, UserAgent, WireText };
