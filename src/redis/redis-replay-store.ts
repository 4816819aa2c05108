import { invalidOption, TokenManagerError } from '../errors.ts'
import { systemClock } from '../in-process/system-clock.ts'
import type { ReplayStore } from '../resource-server/replay-store.ts'
import { inTime } from './in-time.ts'
import { checkClient, LUA_NOW, type RedisClient, scriptRunner } from './redis-client.ts'

/** Options of {@link redisReplayStore}. */
export interface RedisReplayStoreOptions {
  /** A client of `ioredis` or of `redis`. You open and close it. */
  readonly client: RedisClient
  /** The beginning of every key in Redis. Default `'tokenward:'`. */
  readonly prefix?: string
  /** How long an operation may take, ms. Default 1 000, 10 to 60 000. */
  readonly timeout?: number
  /**
   * How many proofs of one DPoP key may be remembered at the same time. With the guard's defaults, each is remembered for about 80 seconds. If there are
   * more, requests with this DPoP key are refused with 503; others are not. Default 100 000 (about 15 MB), 1 to 10 000 000.
   */
  readonly maxPerKey?: number
}

const ADD = `
if redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then return {1} end
return {0}`

const HAS = `return {redis.call('EXISTS', KEYS[1])}`

// Each owner has a sorted set, sorted by the time at which entries expire. An owner with too many proofs fills only its own set.
const ADD_OF_OWNER = `${LUA_NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)
if redis.call('ZSCORE', KEYS[1], ARGV[2]) then return {0} end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return {-1} end
redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[1] + 1) end
return {1}`

const HAS_OF_OWNER = `${LUA_NOW}
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
if ends and tonumber(ends) >= now then return {1} end
return {0}`

/**
 * Makes a replay store in Redis, which all processes of an API share. Each operation is atomic, and entries are removed when they expire. Operations
 * reject if Redis does not answer in time.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option
 */
export function redisReplayStore(options: RedisReplayStoreOptions): ReplayStore {
  const { client, prefix = 'tokenward:', timeout = 1_000, maxPerKey = 100_000 } = options
  checkClient(client)
  if (!(timeout >= 10 && timeout <= 60_000)) throw invalidOption('timeout', '10 to 60 000 ms')
  const isCount = Number.isInteger(maxPerKey) && maxPerKey >= 1 && maxPerKey <= 10_000_000
  if (!isCount) throw invalidOption('maxPerKey', '1 to 10 000 000')

  const add = scriptRunner(client, ADD)
  const has = scriptRunner(client, HAS)
  const addOfOwner = scriptRunner(client, ADD_OF_OWNER)
  const hasOfOwner = scriptRunner(client, HAS_OF_OWNER)
  const asked = inTime(timeout)
  const ask = async (run: ScriptRunner, id: string, ...values: string[]) => {
    const key = `${prefix}seen:${id}`
    const { reply } = await asked(key, () => run({ key, values }))
    return Number(reply[0])
  }

  return {
    async add(id, until, owner) {
      const lifetime = String(Math.max(1, Math.ceil(until - systemClock.now())))
      if (owner === undefined) return (await ask(add, id, lifetime)) === 1

      const added = await ask(addOfOwner, `of:${owner}`, lifetime, id, String(maxPerKey))
      if (added < 0) throw new TokenManagerError('ERR_STORE_FAILED', 'store_failed', FULL)
      return added === 1
    },
    async has(id, owner) {
      const found = owner === undefined ? ask(has, id) : ask(hasOfOwner, `of:${owner}`, id)
      return (await found) === 1
    },
  }
}

type ScriptRunner = ReturnType<typeof scriptRunner>

const FULL = 'The replay store has as many proofs of this key as it may (option maxPerKey)'
