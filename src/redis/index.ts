export type { SealingKey, SealingKeySource } from '../in-process/sealing-keys.ts'
export { type RedisChannelOptions, redisChannel } from './redis-channel.ts'
export type { IoredisClient, NodeRedisClient, RedisClient } from './redis-client.ts'
export { type RedisStore, type RedisStoreOptions, redisStore } from './redis-store.ts'
