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
type EpochMs = number;
declare const allowInsecureLoopback: unique symbol;
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
interface IntrospectionOptions {
    readonly endpoint?: string;
    readonly clientId: string;
    readonly clientSecret: string | (() => string | Promise<string>);
    readonly jwts?: boolean;
    readonly maxAge?: number;
    readonly negativeMaxAge?: number;
    readonly timeout?: number;
    readonly limit?: number;
}
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
interface IssuerOptions extends TokenDialect {
    readonly issuer: string;
    readonly tenants?: readonly string[] | ((tenant: string) => boolean);
    readonly jwksUri?: string;
    readonly algorithms?: readonly string[];
    readonly introspection?: IntrospectionOptions;
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
type SignatureMode = "pooled" | "immediate";
type AccessTokenErrorReason = "no_credentials" | "malformed_request" | "malformed" | "type_wrong" | "algorithm_not_allowed" | "issuer_unknown" | "key_unknown" | "signature_invalid" | "audience_mismatch" | "claim_missing" | "claim_invalid" | "expired" | "not_yet_valid" | "revoked" | "session_ended" | "binding_mismatch" | "inactive" | "scope_missing" | "subject_not_a_user" | "step_up_required" | "proof_missing" | "proof_invalid" | "proof_replayed" | "nonce_required" | "keys_unavailable" | "introspection_unavailable" | "denylist_stale" | "replay_store_unavailable" | "guard_failed";
interface RefusalAnswer {
    readonly wwwAuthenticate?: string | undefined;
    readonly headers?: Readonly<Record<string, string>> | undefined;
    readonly detail?: string | undefined;
    readonly scope?: string | undefined;
}
declare class AccessTokenError extends Error {
    readonly name = "AccessTokenError";
    readonly reason: AccessTokenErrorReason;
    readonly detail?: string;
    readonly status: number;
    readonly error?: string;
    readonly wwwAuthenticate?: string;
    readonly headers: Readonly<Record<string, string>>;
    constructor(reason: AccessTokenErrorReason, answer?: RefusalAnswer);
    toResponse(): Response;
}
interface KeyOptions {
    readonly timeout?: number;
    readonly cooldown?: number;
    readonly maxAge?: number;
    readonly staleFor?: number;
}
declare const allowUntypedLogoutTokens: unique symbol;
interface LogoutEvent {
    readonly issuer: string;
    readonly subject?: string | undefined;
    readonly sid?: string | undefined;
    readonly issuedAt: number;
}
interface LogoutDecision {
    readonly at: number;
    readonly accepted: boolean;
    readonly outcome: string;
    readonly issuer: string;
}
interface BackchannelLogoutOptions {
    readonly issuer: string | IssuerOptions;
    readonly clientId: string;
    readonly denylist?: Denylist;
    readonly deny?: "session" | "subject";
    readonly endSessions?: (event: LogoutEvent) => Promise<void> | void;
    readonly replayStore?: ReplayStore;
    readonly leeway?: number;
    readonly maxLifetime?: number;
    readonly onDecision?: (decision: LogoutDecision) => void;
    readonly keys?: KeyOptions;
    readonly fetch?: typeof fetch;
    readonly now?: () => number;
    readonly [allowUntypedLogoutTokens]?: boolean;
    readonly [allowInsecureLoopback]?: boolean;
}
declare function createBackchannelLogout(options: BackchannelLogoutOptions): (request: Request) => Promise<Response>;
interface GuardedRequest {
    readonly method?: string | undefined;
    readonly url?: string | undefined;
    readonly headers: HeadersLike;
    readonly rawHeaders?: readonly string[] | undefined;
    readonly headersDistinct?: Readonly<Record<string, readonly string[] | undefined>> | undefined;
}
type HeadersLike = {
    get(name: string): string | null;
} | Readonly<Record<string, string | readonly string[] | undefined>>;
type Bytes = ReturnType<typeof Uint8Array.from>;
interface ValidatorOptions {
    readonly issuer: string | IssuerOptions | readonly (string | IssuerOptions)[];
    readonly requiredClaims?: readonly string[];
    readonly leeway?: number;
    readonly [allowUntypedTokens]?: boolean;
    readonly [allowInsecureLoopback]?: boolean;
    readonly cacheLimit?: number;
    readonly cacheMaxAge?: number;
    readonly signatures?: SignatureMode;
    readonly keys?: KeyOptions;
    readonly fetch?: typeof fetch;
    readonly now?: () => number;
}
declare const allowUntypedTokens: unique symbol;
interface AccessPolicy {
    readonly scope?: string | readonly string[];
    readonly acrValues?: readonly string[];
    readonly maxAge?: number;
    readonly subject?: "user";
    readonly route?: string;
}
interface Decision {
    readonly at: number;
    readonly allowed: boolean;
    readonly reason?: AccessTokenErrorReason | undefined;
    readonly status?: number | undefined;
    readonly detail?: string | undefined;
    readonly degraded?: "denylist_stale" | "replay_store_unavailable" | undefined;
    readonly issuer?: string | undefined;
    readonly clientId?: string | undefined;
    readonly subjectHash?: string | undefined;
    readonly tokenHash?: string | undefined;
    readonly route?: string | undefined;
    readonly request?: string | undefined;
    readonly duration: number;
}
interface MeterLike {
    createCounter(name: string, options?: {
        description?: string;
        unit?: string;
    }): InstrumentLike;
    createHistogram(name: string, options?: {
        description?: string;
        unit?: string;
    }): InstrumentLike;
}
interface InstrumentLike {
    add?(value: number, attributes: Record<string, string | number | boolean>): void;
    record?(value: number, attributes: Record<string, string | number | boolean>): void;
}
declare function decisionMetrics(meter: MeterLike): (decision: Decision) => void;
interface NonceOptions {
    readonly secret?: Bytes;
    readonly lifetime?: number;
}
interface DpopProofOptions {
    readonly required?: boolean;
    readonly algorithms?: readonly string[];
    readonly baseUrl?: string;
    readonly maxAge?: number;
    readonly maxAhead?: number;
    readonly nonce?: NonceOptions;
    readonly replayStore?: ReplayStore;
    readonly whenReplayStoreFails?: "deny" | "allow";
}
interface GuardOptions extends ValidatorOptions {
    readonly issuer: string | IssuerOptions | readonly (string | IssuerOptions)[];
    readonly audience: string | readonly string[];
    readonly denylist?: Denylist;
    readonly dpop?: DpopProofOptions;
    readonly realm?: string;
    readonly tellReason?: boolean;
    readonly onDecision?: (decision: Decision) => void;
    readonly describe?: (request: GuardedRequest) => string | undefined;
    readonly auditKey?: Bytes;
}
interface Guard {
    (request: GuardedRequest, policy?: AccessPolicy): Promise<AccessTokenClaims>;
    answerHeaders(): Promise<Readonly<Record<string, string>>>;
}
declare function createGuard(options: GuardOptions): Guard;
interface NodeResponse {
    statusCode: number;
    setHeader(name: string, value: string): unknown;
    end(): unknown;
}
declare function nodeGuard<Q extends GuardedRequest, S extends NodeResponse>(guard: Guard, listener: (request: Q, response: S, claims: AccessTokenClaims) => void, policy?: AccessPolicy): (request: Q, response: S) => Promise<void>;
declare global {
    namespace Express {
        interface Request {
            auth?: AccessTokenClaims | undefined;
        }
    }
}
declare function expressGuard(guard: Guard, policy?: AccessPolicy): (request: GuardedRequest & {
    auth?: AccessTokenClaims | undefined;
    originalUrl?: string;
}, response: NodeResponse, next: (error?: unknown) => void) => Promise<void>;
interface FastifyReplyLike {
    code(status: number): unknown;
    headers(values: Record<string, string>): unknown;
    send(): unknown;
}
declare function fastifyGuard(guard: Guard, policy?: AccessPolicy): (request: {
    readonly raw: GuardedRequest;
    auth?: AccessTokenClaims;
}, reply: FastifyReplyLike) => Promise<unknown>;
declare function fetchGuard<R extends Request, Rest extends readonly unknown[]>(guard: Guard, handler: (request: R, claims: AccessTokenClaims, ...rest: Rest) => Response | Promise<Response>, policy?: AccessPolicy): (request: R, ...rest: Rest) => Promise<Response>;
interface HonoContextLike {
    readonly req: {
        readonly raw: Request;
    };
    set(name: string, value: unknown): void;
    header(name: string, value: string): void;
}
declare function honoGuard(guard: Guard, policy?: AccessPolicy): (context: HonoContextLike, next: () => Promise<void>) => Promise<Response | undefined>;
interface PreflightOptions {
    readonly origins: readonly string[] | "*";
    readonly methods?: readonly string[];
    readonly headers?: readonly string[];
    readonly maxAge?: number;
}
declare function corsHeaders(origin: string | null, { origins }: PreflightOptions): Record<string, string>;
declare function preflight(request: Request, options: PreflightOptions): Response | undefined;
export { AccessTokenError, TokenManagerError, allowInsecureLoopback, allowUntypedLogoutTokens, allowUntypedTokens, corsHeaders, createBackchannelLogout, createDenylist, createGuard, decisionMetrics, explainToken, expressGuard, fastifyGuard, fetchGuard, honoGuard, memoryReplayStore, nodeGuard, preflight };
export type { AccessPolicy, AccessTokenClaims, AccessTokenErrorReason, BackchannelLogoutOptions, ClaimNames, ClientDenial, Decision, DeniableIssuer, DeniableToken, Denial, Denylist, DenylistEntry, DenylistOptions, DenylistStatus, DenylistStore, DpopProofOptions, ExplainTokenOptions, ExplainedAction, ExplainedKind, ExplainedProblem, ExplainedResponse, FastifyReplyLike, GrantDenial, Guard, GuardOptions, GuardedRequest, HeadersLike, HonoContextLike, IntrospectionOptions, IssuerOptions, KeyOptions, LogoutDecision, LogoutDialect, LogoutEvent, MeterLike, NodeResponse, NonceOptions, PreflightOptions, ReplayStore, SessionDenial, SignatureMode, SubjectDenial, SubjectKind, TokenDenial, TokenDialect, TokenExplanation, TokenManagerErrorCode, TokenManagerErrorReason, ValidatorOptions };
