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
}
interface Processes {
    readonly own: string;
    isOver(name: string): boolean;
}
interface SwapOptions {
    readonly durability?: "strict" | "relaxed";
}
interface Lock {
    readonly spans: "store" | "process";
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
interface SigningKey {
    readonly alg: string;
    readonly privateKey: CryptoKey | JsonWebKey;
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
interface DpopKey extends SigningKey {
    readonly clockOffset?: number | undefined;
}
interface DpopOptions {
    readonly required?: boolean | undefined;
    readonly algorithms?: readonly ("ES256" | "Ed25519" | "EdDSA")[] | undefined;
    readonly signing?: Signing;
}
type ProofChallenge = "use_dpop_nonce" | "invalid_dpop_proof";
interface ClockOff {
    readonly by: number;
    readonly origin?: string | undefined;
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
    tell(time: EpochMs, sentAt: EpochMs): void;
}
interface ProverPlatform extends Pick<Platform, "crypto" | "clock">, Partial<Pick<Platform, "store">> {
    readonly onClockOff?: ((details: ClockOff) => void) | undefined;
}
interface EndSessionParameters {
    readonly client_id: string;
    readonly id_token_hint: string | undefined;
    readonly post_logout_redirect_uri: string | undefined;
}
type EndSessionParams = (own: EndSessionParameters) => Readonly<Record<string, string | undefined>>;
declare const allowInsecureLoopback: unique symbol;
declare const allowMissingNonce: unique symbol;
type ResourceOption = string | {
    readonly url: string;
    readonly resource?: string;
    readonly audience?: string;
    readonly scope?: string;
};
interface Dpop {
    readonly options: DpopOptions;
    start(platform: ProverPlatform): DpopProver;
}
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
    readonly idleTimeout?: number;
    readonly maxAge?: number;
    readonly requestTimeout?: number;
    readonly confirmInterval?: number;
    readonly account?: string;
    readonly authorizationParams?: Readonly<Record<string, string>>;
    readonly pushedAuthorizationRequests?: boolean;
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
declare global {
    namespace Express {
        interface Request {
            auth?: AccessTokenClaims | undefined;
        }
    }
}
type ClientPreset = Partial<TokenManagerOptions> & Pick<TokenManagerOptions, "issuer" | "clientId">;
type ApiPreset = IssuerOptions;
interface Auth0ApiOptions {
    readonly domain: string;
    readonly profile?: "auth0" | "rfc9068";
}
declare function auth0Api({ domain, profile }: Auth0ApiOptions): ApiPreset;
interface Auth0Options {
    readonly domain: string;
    readonly clientId: string;
    readonly logout?: "oidc" | "v2";
}
declare function auth0Client({ domain, clientId, logout }: Auth0Options): ClientPreset;
declare const auth0: typeof auth0Client & {
    readonly api: typeof auth0Api;
};
interface AuthentikApiOptions {
    readonly url: string;
    readonly application: string;
}
declare function authentikApi({ url, application }: AuthentikApiOptions): ApiPreset;
interface AuthentikOptions {
    readonly url: string;
    readonly application: string;
    readonly clientId: string;
}
declare function authentikClient({ url, application, clientId }: AuthentikOptions): ClientPreset;
declare const authentik: typeof authentikClient & {
    readonly api: typeof authentikApi;
};
interface CognitoApiOptions {
    readonly region: string;
    readonly userPool: string;
}
declare function cognitoApi({ region, userPool }: CognitoApiOptions): ApiPreset;
interface CognitoOptions {
    readonly region: string;
    readonly userPool: string;
    readonly clientId: string;
}
declare function cognitoClient({ region, userPool, clientId }: CognitoOptions): ClientPreset;
declare const cognito: typeof cognitoClient & {
    readonly api: typeof cognitoApi;
};
interface EntraApiOptions {
    readonly tenant?: string;
    readonly tenants?: readonly string[] | ((tenant: string) => boolean);
    readonly version?: 1 | 2;
}
declare function entraApi({ tenant, tenants, version }: EntraApiOptions): ApiPreset;
interface EntraOptions {
    readonly tenant: string;
    readonly clientId: string;
}
declare function entraClient({ tenant, clientId }: EntraOptions): ClientPreset;
declare const entra: typeof entraClient & {
    readonly api: typeof entraApi;
};
interface EntraB2cApiOptions {
    readonly tenant: string;
    readonly tenantId: string;
    readonly policy: string;
}
declare function entraB2cApi({ tenant, tenantId, policy }: EntraB2cApiOptions): ApiPreset;
interface EntraB2cOptions {
    readonly tenant: string;
    readonly tenantId: string;
    readonly policy: string;
    readonly clientId: string;
}
declare function entraB2cClient({ tenant, tenantId, policy, clientId }: EntraB2cOptions): ClientPreset;
declare const entraB2c: typeof entraB2cClient & {
    readonly api: typeof entraB2cApi;
};
interface GithubOptions {
    readonly clientId: string;
}
declare function github({ clientId }: GithubOptions): ClientPreset;
interface GoogleOptions {
    readonly clientId: string;
}
declare function google({ clientId }: GoogleOptions): ClientPreset;
interface HydraApiOptions {
    readonly issuer: string;
}
declare function hydraApi({ issuer }: HydraApiOptions): ApiPreset;
interface HydraOptions {
    readonly issuer: string;
    readonly clientId: string;
}
declare function hydraClient({ issuer, clientId }: HydraOptions): ClientPreset;
declare const hydra: typeof hydraClient & {
    readonly api: typeof hydraApi;
};
interface IdentityServerOptions {
    readonly url: string;
    readonly clientId: string;
}
declare function identityServer({ url, clientId }: IdentityServerOptions): ClientPreset;
interface KeycloakApiOptions {
    readonly url: string;
    readonly realm: string;
    readonly version?: number;
}
declare function keycloakApi({ url, realm, version }: KeycloakApiOptions): ApiPreset;
interface KeycloakOptions {
    readonly url: string;
    readonly realm: string;
    readonly clientId: string;
}
declare function keycloakClient({ url, realm, clientId }: KeycloakOptions): ClientPreset;
declare const keycloak: typeof keycloakClient & {
    readonly api: typeof keycloakApi;
};
interface LogtoApiOptions {
    readonly url: string;
}
declare function logtoApi({ url }: LogtoApiOptions): ApiPreset;
interface LogtoOptions {
    readonly url: string;
    readonly clientId: string;
}
declare function logtoClient({ url, clientId }: LogtoOptions): ClientPreset;
declare const logto: typeof logtoClient & {
    readonly api: typeof logtoApi;
};
interface OktaApiOptions {
    readonly domain: string;
    readonly authorizationServer?: string;
}
declare function oktaApi({ domain, authorizationServer }: OktaApiOptions): ApiPreset;
interface OktaOptions {
    readonly domain: string;
    readonly clientId: string;
    readonly authorizationServer?: string;
}
declare function oktaClient({ domain, clientId, authorizationServer }: OktaOptions): ClientPreset;
declare const okta: typeof oktaClient & {
    readonly api: typeof oktaApi;
};
interface SupabaseApiOptions {
    readonly project: string;
}
declare function supabaseApi({ project }: SupabaseApiOptions): ApiPreset;
interface SupabaseOptions {
    readonly project: string;
    readonly clientId: string;
}
declare function supabaseClient({ project, clientId }: SupabaseOptions): ClientPreset;
declare const supabase: typeof supabaseClient & {
    readonly api: typeof supabaseApi;
};
interface ZitadelApiOptions {
    readonly url: string;
}
declare function zitadelApi({ url }: ZitadelApiOptions): ApiPreset;
interface ZitadelOptions {
    readonly url: string;
    readonly clientId: string;
}
declare function zitadelClient({ url, clientId }: ZitadelOptions): ClientPreset;
declare const zitadel: typeof zitadelClient & {
    readonly api: typeof zitadelApi;
};
export { auth0, authentik, cognito, entra, entraB2c, github, google, hydra, identityServer, keycloak, logto, okta, supabase, zitadel };
export type { ApiPreset, Auth0ApiOptions, Auth0Options, AuthentikApiOptions, AuthentikOptions, ClientPreset, CognitoApiOptions, CognitoOptions, EntraApiOptions, EntraB2cApiOptions, EntraB2cOptions, EntraOptions, GithubOptions, GoogleOptions, HydraApiOptions, HydraOptions, IdentityServerOptions, KeycloakApiOptions, KeycloakOptions, LogtoApiOptions, LogtoOptions, OktaApiOptions, OktaOptions, SupabaseApiOptions, SupabaseOptions, ZitadelApiOptions, ZitadelOptions };
