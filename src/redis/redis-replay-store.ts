import { TokenManagerError } from '../errors.ts'
import { systemClock } from '../in-process/system-clock.ts'
import type { ReplayStore } from '../resource-server/replay-store.ts'
import { inTime } from './in-time.ts'
import { guard, isIoredis, type RedisClient, scriptRunner } from './redis-client.ts'

/** Options of {@link redisReplayStore}. */
export interface RedisReplayStoreOptions {
  /** A client of `ioredis` or of `redis`; yours to open and to close. */
  readonly client: RedisClient
  /** What every key begins with. Default `'tokenward:'`. */
  readonly prefix?: string
  /** Longest an operation may take, ms. Default 1 000; 10 to 60 000. */
  readonly timeout?: number
}

const ADD = `
if redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then return {1} end
return {0}`

const HAS = `return {redis.call('EXISTS', KEYS[1])}`

/**
 * Proofs and logout tokens that were seen by any process of an API, in Redis: one atomic step each, gone with their time. Rejects
 * when Redis does not answer in time.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option
 */
export function redisReplayStore(options: RedisReplayStoreOptions): ReplayStore {
  const { client, prefix = 'tokenward:', timeout = 1_000 } = options
  if (isIoredis(client) === undefined)
    throw new TokenManagerError(
      'ERR_INVALID_OPTION',
      'invalid_option',
      'Option client has to be a client of ioredis or of redis',
    )
  if (!(timeout >= 10 && timeout <= 60_000))
    throw new TokenManagerError('ERR_INVALID_OPTION', 'invalid_option', 'Option timeout has to be 10 to 60 000 ms')
  guard(client)
  const add = scriptRunner(client, ADD)
  const has = scriptRunner(client, HAS)
  const asked = inTime(timeout)
  const ask = async (run: typeof add, id: string, ...values: string[]) => {
    const key = `${prefix}seen:${id}`
    const { reply } = await asked(key, () => run({ key, values }))
    return Number(reply[0]) === 1
  }
  return {
    add: (id, until) => ask(add, id, String(Math.max(1, Math.ceil(until - systemClock.now())))),
    has: (id) => ask(has, id),
  }
}
