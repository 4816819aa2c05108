import { SealingKeySource } from "./several-entries.js";
import { Store, Clock, Channel } from "./browser.js";
import { DenylistStore, ReplayStore } from "./resource-server.js";
export { SealingKey } from "./several-entries.js";
import "./resource-server.js";
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
export { SealingKeySource, redisChannel, redisDenylistStore, redisReplayStore, redisStore };
export type { IoredisClient, NodeRedisClient, RedisChannelOptions, RedisClient, RedisDenylistStoreOptions, RedisReplayStoreOptions, RedisStore, RedisStoreOptions };
