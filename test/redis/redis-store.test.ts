import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisClient } from '../../src/redis/redis-client.ts'
import { type RedisStoreOptions, redisStore } from '../../src/redis/redis-store.ts'
import { storeContract } from '../contracts/store.ts'
import { type RedisCluster, type RedisServer, startCluster, startRedis } from '../support/redis-server.ts'

const key = new Uint8Array(32).fill(7)
let redis: RedisServer
let cluster: RedisCluster
const closing: (() => unknown)[] = []
let prefixes = 0

beforeAll(async () => {
  ;[redis, cluster] = await Promise.all([startRedis(), startCluster()])
})

afterAll(async () => {
  for (const close of closing) await close()
  await Promise.all([redis?.stop(), cluster?.stop()])
})

type Connect = () => Promise<{ client: RedisClient; close: () => unknown }>

const connections: Readonly<Record<string, Connect>> = {
  async ioredis() {
    const client = new Redis(redis.port)
    return { client, close: () => client.disconnect() }
  },
  async 'node-redis'() {
    const client = await createClient({ url: redis.url }).connect()
    return { client, close: () => client.destroy() }
  },
  async 'ioredis on a cluster'() {
    const client = new Cluster([...cluster.nodes])
    return { client, close: () => client.disconnect() }
  },
  async 'node-redis on a cluster'() {
    const client = await createCluster({ rootNodes: cluster.nodes.map((socket) => ({ socket })) }).connect()
    return { client, close: () => client.destroy() }
  },
}

async function connect(name = 'ioredis'): Promise<RedisClient> {
  const { client, close } = await connections[name]!()
  closing.push(close)
  return client
}

const storeOf = async (options: Partial<RedisStoreOptions> = {}) =>
  redisStore({ client: await connect(), key, prefix: `q${prefixes++}:`, ...options })

for (const [name, open] of Object.entries(connections))
  storeContract(`redisStore with ${name}`, async () => {
    const prefix = `t${prefixes++}:`
    const [a, b] = await Promise.all([open(), open()])
    return {
      contexts: [redisStore({ client: a.client, key, prefix }), redisStore({ client: b.client, key, prefix })],
      async close() {
        await a.close()
        await b.close()
      },
    }
  })

describe('redisStore', () => {
  it('STO-13: leaves nothing readable in Redis', async () => {
    const store = await storeOf({ prefix: 'canary:' })
    await store.swap('k', undefined, { token: 'canary-token' })
    const row = await redis.send('HGETALL', 'canary:{k}')
    expect(JSON.stringify(row)).toContain('value')
    expect(JSON.stringify(row)).not.toContain('canary-token')
  })

  it('rejects what another key sealed, and leaves it there', async () => {
    const store = await storeOf({ prefix: 'foreign:' })
    await store.swap('k', undefined, { n: 1 })
    const other = await storeOf({ prefix: 'foreign:', key: new Uint8Array(32) })
    await expect(other.get('k')).rejects.toMatchObject({ code: 'ERR_STORE_FAILED', reason: 'store_failed' })
    expect((await store.get('k'))?.value).toEqual({ n: 1 })
  })

  it('keeps what is written for 90 days from the last write, and never less than 31', async () => {
    const store = await storeOf({ prefix: 'expiry:' })
    await store.swap('k', undefined, { n: 1 })
    expect(Number(await redis.send('PTTL', 'expiry:{k}')) / 86_400_000).toBeCloseTo(90, 2)
    await redis.send('PEXPIRE', 'expiry:{k}', 5_000)
    await store.swap('k', (await store.get('k'))!.tag, { n: 2 })
    expect(Number(await redis.send('PTTL', 'expiry:{k}')) / 86_400_000).toBeCloseTo(90, 2)
    const short = { client: await connect(), key, expireAfter: 30 * 86_400_000 }
    expect(() => redisStore(short)).toThrow('Option expireAfter has to be at least')
  })

  it('puts all keys of a session into one slot', async () => {
    const store = await storeOf({ prefix: 'slot:' })
    for (const name of ['tokenward.abc', 'tokenward.abc.pending', 'tokenward.abc.outbox'])
      await store.swap(name, undefined, 1)
    const keys = (await redis.send('KEYS', 'slot:*')) as string[]
    expect(keys.toSorted()).toEqual([
      'slot:{tokenward.abc}',
      'slot:{tokenward.abc}.outbox',
      'slot:{tokenward.abc}.pending',
    ])
    const slots = await Promise.all(keys.map((one) => cluster.servers[0]!.send('CLUSTER', 'KEYSLOT', one)))
    expect(new Set(slots).size).toBe(1)
  })

  it.each(Object.keys(connections))('sends the script again when the server has forgotten it: %s', async (name) => {
    const store = await storeOf({ client: await connect(name) })
    await store.swap('k', undefined, { n: 1 })
    for (const server of [redis, ...cluster.servers]) await server.send('SCRIPT', 'FLUSH')
    expect(await store.swap('k', (await store.get('k'))!.tag, { n: 2 })).toBe(true)
    expect((await store.get('k'))?.value).toEqual({ n: 2 })
  })

  it('tells a swap that a client sends twice what the first one did', async () => {
    const client = new Redis(redis.port)
    closing.push(() => client.disconnect())
    const twice = new Proxy(client, {
      get(target, name) {
        const member = Reflect.get(target, name)
        if (name === 'evalsha' || name === 'eval')
          return async (...args: unknown[]) => {
            await Reflect.apply(member, target, args)
            return Reflect.apply(member, target, args)
          }
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
    const store = await storeOf({ client: twice })
    expect(await store.swap('k', undefined, { n: 1 })).toBe(true)
    expect(await store.swap('k', 'another', { n: 2 })).toBe(false)
    expect(await store.swap('k', (await store.get('k'))!.tag, { n: 3 })).toBe(true)
  })

  it('goes by the wall clock of Redis, within what an answer takes', async () => {
    const client = new Redis(redis.port)
    closing.push(() => client.disconnect())
    const HOUR = 3_600_000
    let wrong = 2 * HOUR
    const elsewhere = new Proxy(client, {
      get(target, name) {
        const member = Reflect.get(target, name)
        if (name === 'evalsha' || name === 'eval')
          return async (...args: unknown[]) => {
            const [now, ...rest] = (await Reflect.apply(member, target, args)) as [number, ...unknown[]]
            return [now + wrong, ...rest]
          }
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
    const store = await storeOf({ client: elsewhere })
    for (wrong of [2 * HOUR, -2 * HOUR, 0]) {
      const began = Date.now()
      await store.get('k')
      const took = Date.now() - began
      const off = store.clock.now() - Date.now() - wrong
      expect(Math.abs(off)).toBeLessThanOrEqual(took + 5)
    }
  })

  it('writes for a swap that comes twice, so that a WAIT behind it speaks of what is there', async () => {
    const client = new Redis(redis.port)
    closing.push(() => client.disconnect())
    const sent: unknown[][] = []
    const recorded = new Proxy(client, {
      get(target, name) {
        const member = Reflect.get(target, name)
        return typeof member !== 'function'
          ? member
          : (...args: unknown[]) => {
              if (name === 'evalsha') sent.push(args)
              return Reflect.apply(member, target, args)
            }
      },
    })
    const store = await storeOf({ client: recorded })
    await store.swap('k', undefined, { n: 1 })
    await store.swap('k', (await store.get('k'))!.tag, { n: 2 })
    const [, , key] = sent.at(-1) as string[]
    await redis.send('PEXPIRE', key as string, 5_000)
    const again = (await client.call('EVALSHA', ...(sent.at(-1) as string[]))) as unknown[]
    expect(Number(again[1])).toBe(1)
    expect(Number(await redis.send('PTTL', key as string))).toBeGreaterThan(86_400_000)
  })

  it('names the option that is wrong', async () => {
    const client = await connect()
    const message = (text: string) =>
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining(text) })
    const wrong: [Partial<Record<keyof RedisStoreOptions, unknown>>, string][] = [
      [{ client: {} }, 'Option client has to be a client of ioredis or of redis'],
      [{ client: undefined }, 'Option client has to be a client of ioredis or of redis'],
      [{ prefix: '{a}' }, 'Option prefix has to be a string without braces'],
      [{ timeout: 5 }, 'Option timeout has to be 10 to 60000 ms'],
      [{ replicas: -1 }, 'Option replicas has to be 0 to 100'],
    ]
    for (const [options, text] of wrong)
      expect(() => redisStore({ client, key, ...options } as RedisStoreOptions)).toThrow(message(text))
    expect(() => redisStore({ client, key: 'secret' } as unknown as RedisStoreOptions)).toThrow('Option key has to be')
  })
})
