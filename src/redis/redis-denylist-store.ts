import { invalidOption, TokenManagerError } from '../errors.ts'
import { systemClock } from '../in-process/system-clock.ts'
import type { DenylistStore } from '../resource-server/denylist.ts'
import { isDenylistEntry } from '../resource-server/denylist-entry.ts'
import { inTime } from './in-time.ts'
import { redisChannel } from './redis-channel.ts'
import { checkClient, LUA_NOW, type RedisClient, type ScriptAnswer, scriptRunner } from './redis-client.ts'

/** Options of {@link redisDenylistStore}. Milliseconds. */
export interface RedisDenylistStoreOptions {
  /** A client of `ioredis` or of `redis`. You open and close it. A duplicate of it listens. */
  readonly client: RedisClient
  /** The beginning of every key in Redis. Default `'tokenward:'`. */
  readonly prefix?: string
  /** The name of the denylist. If there are several, give each its own. Default `'denylist'`. */
  readonly name?: string
  /** How long storing a denial may take. Default 2 000, 10 to 60 000. */
  readonly timeout?: number
  /**
   * How often to read the store, because a message about a denial may have been lost. The denylist's `maxStaleness` has to be much longer. Default
   * 1 000, at least 100.
   */
  readonly pollInterval?: number
  /** How many replicas must have a denial before it counts (WAIT). Default 0. */
  readonly replicas?: number
}

/** How many entries are read at once. */
const BATCH = 1_000

// Finds a field by its name, because other programs may write entries with other fields into the stream.
const FIELD = `
local function field(row, name)
  for i = 1, #row[2], 2 do
    if row[2][i] == name then return row[2][i + 1] end
  end
  return ''
end
`

// Each new entry removes old ones from the beginning of the list. The whole list expires with its last entry. An entry without a time is not
// removed, because it is not known when it expires.
const APPEND = `${FIELD}${LUA_NOW}
local last = 0
for i = 1, #ARGV, 2 do
  redis.call('XADD', KEYS[1], '*', 'until', ARGV[i], 'entry', ARGV[i + 1])
  last = math.max(last, tonumber(ARGV[i]))
end
for _, row in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 16)) do
  local ends = tonumber(field(row, 'until'))
  if ends and ends > now then break end
  if ends then redis.call('XDEL', KEYS[1], row[1]) end
end
local ends = redis.call('PTTL', KEYS[1])
if ends < 0 or now + ends < last then redis.call('PEXPIREAT', KEYS[1], last + 60000) end
return {1}`

// If there is no newer entry, and the stream does not end with the entry that was read last, then the stream was deleted and begun again. It is
// then read from its beginning.
const READ = `${FIELD}
local rows = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])
if #rows == 0 then
  local top = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  if top and top[1] ~= ARGV[1] then rows = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[2]) end
end
local found = {}
for _, row in ipairs(rows) do
  found[#found + 1] = row[1]
  found[#found + 1] = field(row, 'entry')
end
return found`

/**
 * Keeps denials in a Redis stream, for `createDenylist({ store })`. Every process reads the stream from its beginning and then follows it, by publish and
 * subscribe and by reading it every `pollInterval`. In a crash or a failover, Redis may lose denials that it has acknowledged. This depends on its
 * persistence and on `replicas`.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option
 */
export function redisDenylistStore(options: RedisDenylistStoreOptions): DenylistStore {
  const { client, prefix = 'tokenward:', name = 'denylist', timeout = 2_000, pollInterval = 1_000 } = options
  const { replicas = 0 } = options
  checkClient(client)
  if (!(timeout >= 10 && timeout <= 60_000)) throw invalidOption('timeout', '10 to 60 000 ms')
  if (!(pollInterval >= 100)) throw invalidOption('pollInterval', 'at least 100 ms')
  if (!(Number.isInteger(replicas) && replicas >= 0)) throw invalidOption('replicas', '0 or more')
  const key = `${prefix}${name}`
  const append = scriptRunner(client, APPEND)
  const read = scriptRunner(client, READ)
  const channel = redisChannel({ client, prefix })
  const ask = inTime(timeout)

  return {
    async append(entries) {
      const values = entries.flatMap((entry) => [String(entry.until), JSON.stringify(entry)])
      const wait = replicas > 0 ? { replicas, ms: Math.floor(timeout / 2) } : undefined
      const appended = ask('append', () => append({ key, values, wait }))
      // The message follows the entries on the same connection, and contains them. So the other processes need not read them first.
      channel.post(name, entries)
      const { replicas: have } = await appended
      if (have < replicas)
        throw new TokenManagerError('ERR_STORE_FAILED', 'store_failed', 'Too few replicas of Redis have the denial')
    },
    follow({ onEntries, onCurrent }) {
      let last = '0-0'
      let running = false
      let again = false
      let stopped = false
      let cancel = () => {}

      const unsubscribe = channel.subscribe(name, (message) => {
        const told = Array.isArray(message) ? message.filter(isDenylistEntry) : []
        if (told.length > 0) onEntries(told)
        void look()
      })
      void look()
      return () => {
        stopped = true
        cancel()
        unsubscribe()
      }

      async function look() {
        if (running) {
          again = true
          return
        }

        running = true
        cancel()
        do {
          again = false
          await readAll().catch(() => {})
        } while (again && !stopped)
        running = false
        if (!stopped) cancel = systemClock.at(systemClock.elapsed() + pollInterval, () => void look())
      }

      async function readAll() {
        for (;;) {
          const at = systemClock.now()
          const { reply } = await ask('read', () => read({ key, values: [last, String(BATCH)] }))
          if (stopped) return

          // Noted before the entries are handed on: if one of them makes that fail, those behind it still come.
          last = (reply.at(-2) as string | undefined) ?? last
          if (reply.length > 0) onEntries(entriesOf(reply))
          if (reply.length < 2 * BATCH) return onCurrent(at)
        }
      }
    },
  }
}

/** The entries as they are stored. The denylist skips those that it cannot read. */
function entriesOf(reply: ScriptAnswer['reply']): unknown[] {
  const texts = reply.filter((_, index) => index % 2 === 1)
  return texts.map((text) => {
    try {
      return JSON.parse(text as string)
    } catch {
      return text
    }
  })
}
