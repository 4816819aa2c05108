import { TokenManagerError, TokenManagerErrorCode } from "./several-entries.js";
import { SessionState, TokenManager } from "./bff/page.js";
import { Clock } from "./browser.js";
import { NodeSessionPoolOptions, SessionPool } from "./node.js";
import { RedisStoreOptions } from "./redis.js";
import { LogoutDialect } from "./resource-server.js";
export { ClientSecret, PrivateKeyJwtOptions, PrivateKeySource, TokenManagerErrorReason, allowInsecureLoopback, clientSecretBasic, clientSecretPost, environmentKey, privateKeyJwt } from "./several-entries.js";
import "./resource-server.js";
import { IncomingMessage, ServerResponse, Server } from "node:http";
import { Duplex } from "node:stream";
type BffRefusalCode = "cross_site" | "prefetched" | "header_missing" | "method_not_allowed" | "invalid_request" | "no_sign_in" | "too_many_sign_ins" | "too_many_connections" | "body_too_large" | "api_unreachable" | "api_timeout" | "api_answer_unusable" | "logout_refused" | "internal" | TokenManagerErrorCode;
interface BffRefusal {
    readonly status: number;
    readonly code: BffRefusalCode;
    readonly path: string;
    readonly message: string;
    readonly error?: unknown;
}
declare class Refused extends Error {
    readonly name = "Refused";
    readonly status: number;
    readonly code: BffRefusalCode;
    readonly fields: Readonly<Record<string, string>>;
    constructor(status: number, code: BffRefusalCode, message: string, fields?: Readonly<Record<string, string>>, cause?: unknown);
}
interface BffApi {
    readonly url: string;
    readonly timeout?: number;
    readonly maxBodySize?: number;
    readonly requestFields?: readonly string[];
    readonly webSockets?: boolean;
    readonly setCookies?: readonly string[];
}
interface BffPageToken {
    readonly resource?: string;
    readonly audience?: string;
    readonly scope: string;
}
interface BffCookieOptions {
    readonly name?: string;
    readonly prefix?: "__Host-" | "__Host-Http-";
    readonly sameSite?: "Strict" | "Lax";
    readonly maxAge?: number;
}
type BffOptions = BffPoolOptions | BffClientOptions;
interface BffPoolOptions extends BffSiteOptions {
    readonly sessions: SessionPool;
    readonly backchannelLogout?: (request: Request) => Promise<Response>;
}
type OfOwnPool = "store" | "channel" | "denylist" | "lock" | "lifecycle" | "userAgent" | "crypto" | "clock" | "redirectUri" | "limits";
interface BffClientOptions extends BffSiteOptions, Omit<NodeSessionPoolOptions, OfOwnPool> {
    readonly redirectUri: string;
    readonly redis?: RedisStoreOptions;
    readonly idleTimeout?: number;
    readonly maxAge?: number;
    readonly logout?: LogoutDialect;
    readonly sessions?: undefined;
    readonly backchannelLogout?: undefined;
}
interface BffSiteOptions {
    readonly api?: Readonly<Record<string, string | BffApi>>;
    readonly cookie?: BffCookieOptions;
    readonly pageTokens?: readonly BffPageToken[];
    readonly claims?: readonly string[];
    readonly origins?: readonly string[];
    readonly signInFailed?: string;
    readonly forwarded?: boolean | ((request: Request) => string);
    readonly maxSignIns?: number;
    readonly onRefusal?: (refusal: BffRefusal) => void;
    readonly clock?: Clock;
}
interface SessionAnswer {
    readonly status: "signedIn" | "signedOut";
    readonly reason?: string;
    readonly session?: (SessionState & {
        readonly status: "signedIn";
    })["session"];
    readonly health?: (SessionState & {
        readonly status: "signedIn";
    })["health"];
    readonly cause?: Pick<TokenManagerError, "code" | "reason" | "message">;
    readonly retryAt?: number | undefined;
    readonly endsAt?: number | undefined;
}
interface TokenAnswer {
    readonly value: string;
    readonly type: "Bearer";
    readonly expiresAt?: number | undefined;
    readonly scope: string;
    readonly resource?: string | undefined;
}
interface SignOutAnswer {
    readonly local: "removed" | "memory_only" | "superseded";
    readonly endSessionUrl?: string | undefined;
}
interface BffVisitor {
    readonly session: () => Promise<SessionAnswer>;
    readonly fetch: TokenManager["fetch"];
}
interface AllowedSocket {
    readonly url: string;
    readonly timeout: number;
    readonly accept: string;
    fields(again: boolean): Promise<Readonly<Record<string, string>>>;
    bind(close: () => void): () => void;
}
interface Bff {
    (request: Request): Promise<Response | undefined>;
    readonly origin: string;
    handles(path: string): boolean;
    visitor(cookie: string | null | undefined): BffVisitor;
    openSocket(request: Request): Promise<AllowedSocket>;
    refused(error: unknown, path: string | undefined): Refused;
}
declare function createBff(options: BffOptions): Bff;
interface NodeRequestLike {
    readonly method?: string | undefined;
    readonly url?: string | undefined;
    readonly originalUrl?: string | undefined;
    readonly rawHeaders: readonly string[];
    readonly headers: {
        readonly cookie?: string | undefined;
    };
    readonly readableDidRead?: boolean;
    readonly stream?: {
        readonly endAfterHeaders?: boolean;
    };
    iterator(options: {
        readonly destroyOnReturn: boolean;
    }): AsyncIterator<unknown>;
}
interface NodeResponseLike {
    statusCode: number;
    readonly writableEnded: boolean;
    readonly destroyed: boolean;
    setHeader(name: string, value: string | readonly string[]): unknown;
    flushHeaders?(): void;
    write(chunk: Uint8Array): boolean;
    end(): unknown;
    destroy(): unknown;
    once(event: "close" | "drain", listener: () => void): unknown;
    off(event: "close" | "drain", listener: () => void): unknown;
}
declare function nodeBff<Q extends NodeRequestLike, S extends NodeResponseLike>(bff: Bff, next?: (request: Q, response: S) => unknown): (request: Q, response: S) => Promise<void>;
declare function expressBff(bff: Bff): (request: NodeRequestLike, response: NodeResponseLike, next: (error?: unknown) => void) => Promise<void>;
interface FastifyBffReplyLike {
    readonly raw: NodeResponseLike;
    hijack(): unknown;
}
declare function fastifyBff(bff: Bff): (request: {
    readonly raw: NodeRequestLike;
}, reply: FastifyBffReplyLike) => Promise<void>;
declare function honoBff(bff: Bff): (context: {
    readonly req: {
        readonly raw: Request;
    };
}, next: () => Promise<void>) => Promise<Response | undefined>;
type RouteHandlers = Readonly<Record<"GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS", (request: Request) => Promise<Response>>>;
declare function nextBff(bff: (request: Request) => Promise<Response | undefined>): RouteHandlers;
type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown;
declare function nodeUpgrade(bff: Bff, next?: UpgradeListener): (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;
declare function bffServer(bff: Bff, app?: (request: IncomingMessage, response: ServerResponse) => unknown, upgrade?: UpgradeListener): Server;
export { TokenManagerError, TokenManagerErrorCode, bffServer, createBff, expressBff, fastifyBff, honoBff, nextBff, nodeBff, nodeUpgrade };
export type { AllowedSocket, Bff, BffApi, BffClientOptions, BffCookieOptions, BffOptions, BffPageToken, BffPoolOptions, BffRefusal, BffRefusalCode, BffSiteOptions, BffVisitor, FastifyBffReplyLike, NodeRequestLike, NodeResponseLike, RouteHandlers, SessionAnswer, SignOutAnswer, TokenAnswer, UpgradeListener };
