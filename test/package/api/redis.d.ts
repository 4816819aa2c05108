import { RedisClient } from "./several-entries.js";
import { Channel } from "./browser.js";
import { DenylistStore, ReplayStore } from "./resource-server.js";
export { IoredisClient, NodeRedisClient, RedisStore, RedisStoreOptions, SealingKey, SealingKeySource, redisStore } from "./several-entries.js";
import "./resource-server.js";
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
export { RedisClient, redisChannel, redisDenylistStore, redisReplayStore };
export type { RedisChannelOptions, RedisDenylistStoreOptions, RedisReplayStoreOptions };
