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
interface Channel {
    post(name: string, message: unknown): void;
    subscribe(name: string, listener: (message: unknown) => void): () => void;
}
interface Clock {
    now(): EpochMs;
    elapsed(): number;
    at(time: number, run: () => void): () => void;
}
type SealingKey = Uint8Array | CryptoKey;
type SealingKeySource = SealingKey | readonly SealingKey[] | (() => Promise<SealingKey | readonly SealingKey[]> | SealingKey | readonly SealingKey[]);
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
interface ReplayStore {
    add(key: string, until: number, owner?: string): Promise<boolean>;
    has(key: string, owner?: string): Promise<boolean>;
}
declare global {
    namespace Express {
        interface Request {
            auth?: AccessTokenClaims | undefined;
        }
    }
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
interface RedisChannelOptions {
    readonly client: RedisClient;
    readonly prefix?: string;
}
declare function redisChannel({ client, prefix }: RedisChannelOptions): Channel;
interface RedisDenylistStoreOptions {
    readonly client: RedisClient;
    readonly prefix?: string;
    readonly name?: string;
    readonly timeout?: number;
    readonly pollInterval?: number;
    readonly replicas?: number;
}
declare function redisDenylistStore(options: RedisDenylistStoreOptions): DenylistStore;
interface RedisReplayStoreOptions {
    readonly client: RedisClient;
    readonly prefix?: string;
    readonly timeout?: number;
    readonly maxPerKey?: number;
}
declare function redisReplayStore(options: RedisReplayStoreOptions): ReplayStore;
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
export { redisChannel, redisDenylistStore, redisReplayStore, redisStore };
export type { IoredisClient, NodeRedisClient, RedisChannelOptions, RedisClient, RedisDenylistStoreOptions, RedisReplayStoreOptions, RedisStore, RedisStoreOptions, SealingKey, SealingKeySource };
