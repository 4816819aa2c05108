type TokenManagerErrorCode = "ERR_INVALID_OPTION" | "ERR_UNSUPPORTED" | "ERR_SIGNED_OUT" | "ERR_AUTHORIZATION_CANCELLED" | "ERR_AUTHORIZATION_REJECTED" | "ERR_GRANT_REJECTED" | "ERR_CLIENT_REJECTED" | "ERR_RESPONSE_INVALID" | "ERR_TEMPORARILY_UNAVAILABLE" | "ERR_STORE_FAILED" | "ERR_STEP_UP_REQUIRED" | "ERR_TARGET_NOT_ALLOWED" | "ERR_NOT_REPLAYABLE" | "ERR_REDIRECTED";
type SignedOutReason = "none" | "signed_out" | "signed_out_elsewhere" | "session_ended" | "rejected" | "outcome_unknown" | "expired" | "idle" | "max_age" | "user_changed" | "storage_lost" | "dpop_key_lost" | "incompatible_version" | "sign_in_failed" | "renamed";
type TokenManagerErrorReason = SignedOutReason | "invalid_option" | "no_window" | "insecure_context" | "disposed" | "unsupported_flow" | "request_refused" | "keychain_unavailable" | "browser_unavailable" | "metadata_issuer_mismatch" | "metadata_invalid" | "endpoint_missing" | "insecure_endpoint" | "state_mismatch" | "transaction_expired" | "issuer_mismatch" | "issuer_missing" | "redirect_uri_mismatch" | "authorization_error" | "interaction_required" | "popup_blocked" | "cancelled" | "code_exchange_indeterminate" | "invalid_pushed_authorization_response" | "step_up_unsatisfied" | "sign_in_loop" | "invalid_token_response" | "unsupported_token_type" | "id_token_missing" | "id_token_invalid" | "id_token_iss" | "id_token_aud" | "id_token_azp" | "id_token_exp" | "id_token_iat" | "id_token_sub" | "id_token_nonce" | "id_token_auth_time" | "id_token_at_hash" | "invalid_grant" | "invalid_client" | "invalid_scope" | "invalid_target" | "server_refused" | "dpop_unsupported" | "dpop_not_bound" | "dpop_unsupported_by_resource" | "network_unavailable" | "timeout" | "server_unavailable" | "unexpected_redirect" | "throttled" | "coordination_timeout" | "store_failed" | "storage_locked" | "target_not_listed" | "insecure_target" | "insufficient_scope" | "insufficient_user_authentication" | "retry_impossible" | "redirected" | "token_rejected_by_resource";
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
    constructor(code: TokenManagerErrorCode, reason: TokenManagerErrorReason, what?: string, { cause, error, ...details }?: TokenManagerErrorDetails);
}
declare function isTransient(error: unknown): boolean;
type EpochMs = number;
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
interface SigningKey {
    readonly alg: string;
    readonly privateKey: CryptoKey | JsonWebKey;
    readonly publicKey: JsonWebKey;
}
interface DpopKey extends SigningKey {
    readonly clockOffset?: number | undefined;
}
interface IdTokenClaims {
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
type RefusalHint = "expired" | "not_yet_valid" | "revoked" | "session_ended" | undefined;
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
interface SignInOptions {
    readonly returnTo?: string;
    readonly prompt?: string;
    readonly loginHint?: string;
    readonly maxAge?: number;
    readonly acrValues?: readonly string[];
    readonly uiLocales?: readonly string[];
    readonly claims?: ClaimsRequest;
    readonly scope?: string;
    readonly stepUp?: TokenManagerError;
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
interface PageOptions {
    readonly base?: string;
}
declare function createTokenManager(options?: PageOptions): TokenManager;
export { TokenManagerError, createTokenManager, isTransient };
export type { PageOptions, SessionState, SessionView, SignInOptions, TokenManager, TokenManagerErrorCode, TokenManagerErrorReason };
