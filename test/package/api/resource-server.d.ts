import { AccessTokenClaims, IssuerOptions, Denylist, ReplayStore, allowInsecureLoopback } from "./several-entries.js";
export { ClaimNames, ClientDenial, DeniableIssuer, DeniableToken, Denial, DenylistEntry, DenylistOptions, DenylistStatus, DenylistStore, ExplainTokenOptions, ExplainedAction, ExplainedKind, ExplainedProblem, ExplainedResponse, GrantDenial, IntrospectionOptions, LogoutDialect, SessionDenial, SubjectDenial, SubjectKind, TokenDenial, TokenDialect, TokenExplanation, TokenManagerError, TokenManagerErrorCode, TokenManagerErrorReason, createDenylist, explainToken, memoryReplayStore } from "./several-entries.js";
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
    end(body?: string): unknown;
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
export { AccessTokenClaims, AccessTokenError, Denylist, IssuerOptions, ReplayStore, allowInsecureLoopback, allowUntypedLogoutTokens, allowUntypedTokens, corsHeaders, createBackchannelLogout, createGuard, decisionMetrics, expressGuard, fastifyGuard, fetchGuard, honoGuard, nodeGuard, preflight };
export type { AccessPolicy, AccessTokenErrorReason, BackchannelLogoutOptions, Decision, DpopProofOptions, FastifyReplyLike, Guard, GuardOptions, GuardedRequest, HeadersLike, HonoContextLike, KeyOptions, LogoutDecision, LogoutEvent, MeterLike, NodeResponse, NonceOptions, PreflightOptions, SignatureMode, ValidatorOptions };
