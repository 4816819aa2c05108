import { invalidOption } from '../errors.ts'
import { type SealingKeySource, sealingKeys } from '../in-process/sealing-keys.ts'
import { systemClock } from '../in-process/system-clock.ts'
import { webCrypto } from '../in-process/web-crypto.ts'
import { webSealing } from '../in-process/web-sealing.ts'
import type { Clock, Sealed, Store, SwapOptions } from '../ports.ts'
import { sealedWith } from '../sealing/sealed-with.ts'
import { inTime, redisFailed } from './in-time.ts'
import {
  checkClient,
  LUA_NOW,
  type RedisClient,
  type ScriptAnswer,
  type ScriptCall,
  scriptRunner,
} from './redis-client.ts'
import { serverClock } from './server-clock.ts'

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** A client of `ioredis` or of `redis`. You open and close it. A listener for its `error` events is added. */
  readonly client: RedisClient
  /**
   * The key that encrypts values (AES-256-GCM) before they leave the process: 32 bytes, a `CryptoKey`, a list of those (the first one encrypts, all
   * decrypt), or a function that fetches them and is called once at the first use. All who share the sessions need the same key. It is never
   * sent to Redis.
   */
  readonly key: SealingKeySource
  /** The beginning of every key. Default `'tokenward:'`. It has no braces, because they choose the slot of a cluster. */
  readonly prefix?: string
  /** How long an operation may take, ms. Default 2 000; 10 to 60 000. An operation that was given up is not done later. */
  readonly timeout?: number
  /**
   * How long a record is kept after its last write, ms. Default 90 days; at least 31, because tokens that still have to be revoked are kept for 30
   * days. A sign-in that is under way is kept for an hour at most.
   */
  readonly expireAfter?: number
  /**
   * How many replicas need to have a write before it counts (WAIT). If fewer of them have it within half of `timeout`, the write rejects. Default 0.
   * With 1, a failover to that replica loses nothing, but nothing is refreshed while there is no replica.
   */
  readonly replicas?: number
}

/** The result of {@link redisStore}. */
export interface RedisStore extends Store<unknown> {
  /** The wall clock of Redis: the same for every host, however their own are set. */
  readonly clock: Clock
  /** 1 000: a read costs little here. */
  readonly confirmInterval: number
}

/** One write. It replaces the value with the tag `expected` by `value` with `tag`. If `tag` is empty, it removes the value. */
interface Write {
  readonly key: string
  readonly expected: string
  readonly tag: string
  readonly value: string
  /** How long the value is kept, in milliseconds. Default: `expireAfter`. */
  readonly keptFor?: number | undefined
  /** How long to wait for replicas, in milliseconds. */
  readonly ms: number
}

const DAY = 86_400_000
/** How long a read waits until the replicas have what it read, in milliseconds. */
const CATCH_UP = 100

const READ = `${LUA_NOW}
local row = redis.call('HMGET', KEYS[1], 'tag', 'value')
return {now, row[1] or '', row[2] or '', redis.call('PTTL', KEYS[1])}`

// A client that has lost its connection may send the same swap twice. The second one gets the result of the first one. It writes something
// nevertheless, because WAIT is only about writes of its own connection.
const SWAP = `${LUA_NOW}
local deadline, expected, tag, value, expiry = unpack(ARGV)
local present = redis.call('HGET', KEYS[1], 'tag') or ''
if tag ~= '' and present == tag then
  redis.call('PEXPIRE', KEYS[1], expiry)
  return {now, 1}
end
if now > tonumber(deadline) then return {now, -1} end
if present ~= expected then return {now, 0} end
if tag == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('HSET', KEYS[1], 'tag', tag, 'value', value)
  redis.call('PEXPIRE', KEYS[1], expiry)
end
return {now, 1}`

/**
 * A store in Redis. All processes and hosts with the same `key` and `prefix` share it. If Redis fails, hangs or cannot be reached, both methods
 * reject within `timeout` with `ERR_TEMPORARILY_UNAVAILABLE` (`store_failed`, `retryAt`). If the key does not open a value, they reject with
 * `ERR_STORE_FAILED`. Values are encrypted. All keys of one session are in one slot of a cluster.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option
 */
export function redisStore(options: RedisStoreOptions): RedisStore {
  const { client, key, prefix = 'tokenward:', timeout = 2_000, expireAfter = 90 * DAY, replicas = 0 } = options
  check(options)

  const { clock, learn } = serverClock()
  const read = scriptRunner(client, READ)
  const swap = scriptRunner(client, SWAP)
  /** For each key: the tag of a write that failed, but that Redis may have done without its replicas. */
  const doubtful = new Map<string, string>()

  const ask = inTime(timeout, clock)
  const asked = (run: (call: ScriptCall) => Promise<ScriptAnswer>, call: ScriptCall) =>
    ask(call.key, async () => {
      const sent = systemClock.now()
      const answer = await run(call)
      learn(Number(answer.reply[0]), sent)
      return answer
    })

  /**
   * Writes, and waits for the replicas. Relaxed writes wait too: if a failover lost the claim of one process, another process could refresh at the same
   * time.
   */
  async function write({ key, expected, tag, value, keptFor = expireAfter, ms }: Write): Promise<boolean> {
    const values = [String(Math.round(clock.now() + timeout)), expected, tag, value, String(keptFor)]
    const wait = replicas > 0 ? { replicas, ms } : undefined
    try {
      const { reply, replicas: reached } = await asked(swap, { key, values, wait })
      const done = Number(reply[1])
      if (done < 0) throw redisFailed('Redis came to it too late', clock)
      if (done === 0) return false

      if (reached < replicas) throw redisFailed(`Only ${reached} of ${replicas} replicas have it`, clock)
      doubtful.delete(key)
      return true
    } catch (error) {
      if (wait && tag) doubtful.set(key, tag)
      throw error
    }
  }

  const rows: Store<unknown> = {
    async get(name) {
      const key = keyOf(prefix, name)
      const { reply } = await asked(read, { key, values: [] })
      const [, tag, value, left] = reply.map(String)

      // The caller was told that this write had failed, but it is there. It now counts as done, so the replicas have to get it first.
      const isDoubtful = tag !== undefined && tag === doubtful.get(key)
      const keptFor = Number(left) > 0 ? Number(left) : expireAfter
      if (isDoubtful) await write({ key, expected: tag, tag, value: '', keptFor, ms: CATCH_UP })
      return tag ? { value: decoded(value), tag } : undefined
    },
    async swap(name, expected, value, { expireAfter: keptFor }: SwapOptions = {}) {
      if (expected === '') return false
      const tag = value === undefined ? '' : randomTag()
      const text = tag && encoded(value as Sealed)
      return write({
        key: keyOf(prefix, name),
        expected: expected ?? '',
        tag,
        value: text,
        keptFor,
        ms: Math.ceil(timeout / 2),
      })
    },
  }

  return {
    ...sealedWith(rows, { sealing: webSealing, keys: sealingKeys(key) }),
    clock,
    confirmInterval: 1_000,
    textOnly: true,
  }
}

/** The key in Redis. In a cluster, `tokenward.abc.pending` is in the same slot as `tokenward.abc`. */
function keyOf(prefix: string, name: string): string {
  const slot = name.split('.', 2).join('.')
  return `${prefix}{${slot}}${name.slice(slot.length)}`
}

function encoded({ iv, data }: Sealed): string {
  return [iv, data].map((bytes) => Buffer.from(bytes).toString('base64')).join('.')
}

function decoded(text = ''): Partial<Sealed> {
  const [iv, data] = text.split('.').map((part) => new Uint8Array(Buffer.from(part, 'base64')))
  return { ...(iv && { iv }), ...(data && { data }) }
}

/** 128 random bits, so that no tag occurs twice for a key, also after it was deleted. */
function randomTag(): string {
  return Buffer.from(webCrypto.randomBytes(16)).toString('base64url')
}

function check({ client, prefix = '', timeout = 10, expireAfter = 31 * DAY, replicas = 0 }: RedisStoreOptions): void {
  checkClient(client)

  const isPrefix = typeof prefix === 'string' && !/[{}]/.test(prefix)
  if (!isPrefix) throw invalidOption('prefix', 'a string without braces')

  if (!isWhole(timeout, 10, 60_000)) throw invalidOption('timeout', '10 to 60000 ms')
  if (!isWhole(expireAfter, 31 * DAY)) throw invalidOption('expireAfter', `at least ${31 * DAY} ms`)
  if (!isWhole(replicas, 0, 100)) throw invalidOption('replicas', '0 to 100')
}

function isWhole(value: number, low: number, high = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isInteger(value) && value >= low && value <= high
}
