import { readdirSync, readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisChannel } from '../../src/redis/redis-channel.ts'
import type { RedisClient } from '../../src/redis/redis-client.ts'
import { redisDenylistStore } from '../../src/redis/redis-denylist-store.ts'
import { redisReplayStore } from '../../src/redis/redis-replay-store.ts'
import { redisStore } from '../../src/redis/redis-store.ts'
import { createDenylist, type Denylist } from '../../src/resource-server/denylist.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

const key = new Uint8Array(32).fill(7)
const text = readFileSync(new URL('../../docs/fleets.md', import.meta.url), 'utf8')
const [, rule = ''] = /^ACL (SETUSER app .*)$/m.exec(text) ?? []

let redis: RedisServer
const closing: (() => unknown)[] = []

beforeAll(async () => {
  redis = await startRedis()
  expect(await redis.send('ACL', ...rule.split(' '))).toBe('OK')
})

afterAll(async () => {
  for (const close of closing.reverse()) await close()
  await redis?.stop()
})

const user = { username: 'app', password: 'password' }
const connections: Readonly<Record<string, () => Promise<RedisClient>>> = {
  async ioredis() {
    const client = new Redis({ port: redis.port, ...user })
    closing.push(() => client.disconnect())
    return client
  },
  async 'node-redis'() {
    const client = await createClient({ url: redis.url, ...user }).connect()
    closing.push(() => client.destroy())
    return client
  },
}

async function listOf(connecting: Promise<RedisClient>): Promise<Denylist> {
  const list = createDenylist({ store: redisDenylistStore({ client: await connecting }) })
  closing.push(() => list.close())
  await list.ready()
  return list
}

it('the rights of docs/fleets.md are all that the scripts call', () => {
  const folder = new URL('../../src/redis/', import.meta.url)
  const sources = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'))
  const called = sources.flatMap((source) => [...source.matchAll(/redis\.call\('(\w+)'/g)].map(([, name = '']) => name))
  expect(called.length).toBeGreaterThan(10)
  expect(called.filter((name) => !rule.split(' ').includes(`+${name.toLowerCase()}`))).toEqual([])
})

describe.each(Object.entries(connections))('with %s, the rights of docs/fleets.md are enough', (name, connect) => {
  it('for a store, with replicas that are waited for as well', async () => {
    const client = await connect()
    const store = redisStore({ client, key })
    expect(await store.swap('session', undefined, { a: 1 })).toBe(true)
    const row = await store.get('session')
    expect(row?.value).toEqual({ a: 1 })
    expect(await store.swap('session', row?.tag, undefined)).toBe(true)

    const waiting = redisStore({ client, key, replicas: 1, timeout: 4_000 })
    await expect(waiting.swap(name, undefined, 1)).rejects.toMatchObject({ message: /replica/ })
  })

  it('for a channel', async () => {
    const [here, there] = [redisChannel({ client: await connect() }), redisChannel({ client: await connect() })]
    const heard = new Promise((resolve) => {
      closing.push(there.subscribe('news', resolve))
    })
    const timer = setInterval(() => here.post('news', 'hello'), 50)
    expect(await heard).toBe('hello')
    clearInterval(timer)
  })

  it('for a denylist', async () => {
    const [one, other] = await Promise.all([connect(), connect()].map(listOf))
    const issuer = 'https://as.example.com'
    const jti = crypto.randomUUID()
    await one?.deny({ issuer, jti, expiresAt: Date.now() + 60_000 })
    await expect.poll(() => other?.check({ iss: issuer, jti })).toBe('revoked')
  })

  it('for proofs that were seen', async () => {
    const seen = redisReplayStore({ client: await connect() })
    const id = crypto.randomUUID()
    for (const owner of [undefined, 'somebody']) {
      expect(await seen.add(id, Date.now() + 60_000, owner)).toBe(true)
      expect(await seen.add(id, Date.now() + 60_000, owner)).toBe(false)
    }
  })
})
