import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisClient } from '../../src/redis/redis-client.ts'
import { redisDenylistStore } from '../../src/redis/redis-denylist-store.ts'
import { redisReplayStore } from '../../src/redis/redis-replay-store.ts'
import { createDenylist, type Denylist } from '../../src/resource-server/denylist.ts'
import { expectWithin } from '../support/measured.ts'
import { type Child, childProgram } from '../support/processes/child-program.ts'
import { type RedisCluster, type RedisServer, startCluster, startRedis } from '../support/redis-server.ts'

const issuer = 'https://as.example.com'
const PROCESSES = 8
const ROUNDS = 25

let redis: RedisServer
let cluster: RedisCluster
const closing: (() => unknown)[] = []

beforeAll(async () => {
  ;[redis, cluster] = await Promise.all([startRedis('appendonly yes', 'appendfsync always'), startCluster()])
})

afterAll(async () => {
  for (const close of closing.reverse()) await close()
  await Promise.all([redis?.stop(), cluster?.stop()])
})

function ioredis(): Redis {
  const client = new Redis(redis.port, { retryStrategy: () => 50, maxRetriesPerRequest: null })
  client.on('error', () => {})
  closing.push(() => client.disconnect())
  return client
}

let names = 0
/** Denylists of as many processes, on one name. */
function lists(clients: readonly RedisClient[], options = {}): Denylist[] {
  const name = `list-${names++}`
  return clients.map((client) => {
    const list = createDenylist({ store: redisDenylistStore({ client, name, ...options }), maxStaleness: 3_000 })
    closing.push(() => list.close())
    return list
  })
}

const deny = (jti: string) => ({ issuer, jti, expiresAt: Date.now() + 60_000 })

async function until(check: () => boolean) {
  const end = Date.now() + 60_000
  while (!check()) {
    if (Date.now() > end) expect.fail('it did not come to that in time')
    await sleep(5)
  }
}

const clientsOf: Record<string, () => Promise<RedisClient>> = {
  ioredis: async () => ioredis(),
  async 'node-redis'() {
    const client = await createClient({ url: redis.url }).connect()
    closing.push(() => client.destroy())
    return client
  },
  async 'ioredis on a cluster'() {
    const client = new Cluster([...cluster.nodes])
    closing.push(() => client.disconnect())
    return client
  },
}

describe.each(Object.entries(clientsOf))('with %s', (_, connect) => {
  it('what one process denies, every other one refuses, also one that starts later', async () => {
    const [a, b] = lists([await connect(), await connect()]) as [Denylist, Denylist]
    await Promise.all([a.ready(), b.ready()])
    expect(a.stale).toBeUndefined()
    await a.deny(deny('x'), { issuer, sid: 's', before: Date.now() })
    await until(() => b.check({ iss: issuer, jti: 'x' }) === 'revoked')
    expect(b.check({ iss: issuer, sid: 's', iat: 1 })).toBe('session_ended')
  })

  it('DPO-17: of any number at once, one is the first', async () => {
    const stores = [
      redisReplayStore({ client: await connect(), timeout: 10_000 }),
      redisReplayStore({ client: await connect(), timeout: 10_000 }),
    ]
    const key = `k${names++}`
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, one) => stores[one % 2]!.add(key, Date.now() + 60_000)),
    )
    expect(results.filter(Boolean)).toHaveLength(1)
    expect(await stores[0]!.has(key)).toBe(true)
    expect(await stores[0]!.has(`${key}x`)).toBe(false)
    await stores[0]!.add(`${key}y`, Date.now() + 100)
    await sleep(200)
    expect(await stores[1]!.add(`${key}y`, Date.now() + 100)).toBe(true)
  })

  it('DPO-17: proofs are remembered by the key that made them, and a flood of one key hurts that key only', async () => {
    const [a, b] = [await connect(), await connect()].map((client) => redisReplayStore({ client, maxPerKey: 50 }))
    const owner = `owner-${names++}`
    const later = Date.now() + 60_000
    const once = await Promise.all(
      Array.from({ length: 40 }, (_, one) => (one % 2 ? a : b)!.add('proof', later, owner)),
    )
    expect(once.filter(Boolean)).toHaveLength(1)
    expect([await b!.has('proof', owner), await b!.has('other', owner)]).toEqual([true, false])

    for (let time = 1; time < 50; time++) expect(await a!.add(`p${time}`, later, owner)).toBe(true)
    await expect(b!.add('one-more', later, owner)).rejects.toThrow('maxPerKey')
    expect(await b!.add('p1', later, owner)).toBe(false)
    expect(await b!.add('one-more', later, `${owner}-2`)).toBe(true)
  })

  it('what is over gives its share back', async () => {
    const store = redisReplayStore({ client: await connect(), maxPerKey: 2 })
    const owner = `owner-${names++}`
    await store.add('a', Date.now() + 100, owner)
    await store.add('b', Date.now() + 60_000, owner)
    await sleep(200)
    expect(await store.has('a', owner)).toBe(false)
    expect(await store.add('a', Date.now() + 60_000, owner)).toBe(true)
  })
})

it('reads thousands from the beginning', async () => {
  const [a, b] = lists([ioredis(), ioredis()]) as [Denylist, Denylist]
  await a.ready()
  for (let batch = 0; batch < 5; batch++)
    await a.deny(...Array.from({ length: 700 }, (_, one) => deny(`${batch}-${one}`)))
  await until(() => b.status().entries === 3_500)
})

describe('whoever can write to Redis', () => {
  const entry = (jti: string) => JSON.stringify({ denial: deny(jti), until: Date.now() + 60_000 })

  async function followed() {
    const client = ioredis()
    const name = `written-${names++}`
    const key = `tokenward:${name}`
    const store = redisDenylistStore({ client: ioredis(), name, pollInterval: 100 })
    const list = createDenylist({ store, maxStaleness: 3_000 })
    closing.push(() => list.close())
    await list.ready()
    return { client, name, key, list }
  }

  it.each([
    ['no JSON', ['until', '9', 'entry', '{']],
    ['null', ['until', '9', 'entry', 'null']],
    ['a field too few', ['until', '9']],
    ['other fields', ['a', 'b', 'c', 'd', 'e', 'f']],
    ['an until that is no number', ['until', 'x', 'entry', 'null']],
    ['fields in another order', ['entry', 'null', 'until', '9']],
  ])('hides no denial behind an entry with %s, and keeps nobody from denying', async (_, fields) => {
    const { client, key, list } = await followed()
    await list.deny(deny('before'))
    for (let time = 0; time < 20; time++) await client.xadd(key, '*', ...fields)
    await client.xadd(key, '*', 'until', '9', 'entry', entry('after'))
    await until(() => list.check({ iss: issuer, jti: 'after' }) === 'revoked')
    await list.deny(deny('last'))
    expect(list.check({ iss: issuer, jti: 'before' })).toBe('revoked')
    await until(() => list.status().skipped === 20)
    expect(list.stale).toBeUndefined()

    const [late] = lists([ioredis()], { name: key.slice('tokenward:'.length) }) as [Denylist]
    await late.ready()
    expect(late.check({ iss: issuer, jti: 'last' })).toBe('revoked')
  })

  it('hides no denial by beginning the stream anew with lower numbers', async () => {
    const { client, key, list } = await followed()
    await client.xadd(key, '*', 'until', '9', 'entry', entry('before'))
    await until(() => list.check({ iss: issuer, jti: 'before' }) === 'revoked')
    await client.del(key)
    await client.xadd(key, '1-1', 'until', '9', 'entry', entry('after'))
    await until(() => list.check({ iss: issuer, jti: 'after' }) === 'revoked')
    expect(list.check({ iss: issuer, jti: 'before' })).toBe('revoked')
  })
})

it('tells what is denied along with the message, so that nobody has to read it first', async () => {
  const [writer, reader] = [ioredis(), ioredis()]
  const [a, b] = lists([writer, reader]) as [Denylist, Denylist]
  await Promise.all([a.ready(), b.ready()])
  // It listens on another connection than it reads by.
  const readings = ['eval', 'evalsha'] as const
  for (const name of readings) Object.assign(reader, { [name]: () => new Promise(() => {}) })
  const isTold = () => b.check({ iss: issuer, jti: 'told' }) === 'revoked'
  // The first messages may come before it listens.
  for (const end = Date.now() + 20_000; !isTold() && Date.now() < end; await sleep(20)) await a.deny(deny('told'))
  expect(isTold()).toBe(true)
})

it('finds what no message told of', async () => {
  const name = `silent-${names++}`
  const client = ioredis()
  const deaf = createDenylist({ store: redisDenylistStore({ client: ioredis(), name, pollInterval: 100 }) })
  closing.push(() => deaf.close())
  await deaf.ready()
  // Written by a process that died before it could tell.
  const entry = { denial: deny('quiet'), until: Date.now() + 60_000 }
  await client.xadd(`tokenward:${name}`, '*', 'until', String(entry.until), 'entry', JSON.stringify(entry))
  await until(() => deaf.check({ iss: issuer, jti: 'quiet' }) === 'revoked')
})

it('entries whose time is over leave Redis', async () => {
  const name = `short-${names++}`
  const client = ioredis()
  const list = createDenylist({ store: redisDenylistStore({ client, name }), leeway: 0 })
  closing.push(() => list.close())
  const soon = Date.now() + 200
  await list.deny(...Array.from({ length: 10 }, (_, one) => ({ issuer, jti: `${one}`, expiresAt: soon })))
  expect(await client.xlen(`tokenward:${name}`)).toBe(10)
  await sleep(300)
  await list.deny(deny('last'))
  expect(await client.xlen(`tokenward:${name}`)).toBe(1)
  expect(await client.pttl(`tokenward:${name}`)).toBeGreaterThan(60_000)
})

it('INT-06, INT-08: while Redis is away nothing hangs, what is known holds, and staleness is told; afterwards no entry is lost', async () => {
  const [a, b] = lists([ioredis(), ioredis()], { pollInterval: 100, timeout: 2_000 }) as [Denylist, Denylist]
  await Promise.all([a.ready(), b.ready()])
  await a.deny(deny('before'))
  await until(() => b.check({ iss: issuer, jti: 'before' }) === 'revoked')
  await redis.kill()
  const began = Date.now()
  await expect(a.deny(deny('meanwhile'))).rejects.toMatchObject({ code: 'ERR_TEMPORARILY_UNAVAILABLE' })
  expectWithin(Date.now() - began, 3_500)
  expect(a.check({ iss: issuer, jti: 'meanwhile' })).toBe('revoked')
  expect(b.check({ iss: issuer, jti: 'before' })).toBe('revoked')
  await until(() => b.stale === 'deny')
  await redis.start()
  await until(() => b.stale === undefined)
  const [late] = lists([ioredis()]) as [Denylist]
  await late.ready()
  const again = createDenylist({ store: redisDenylistStore({ client: ioredis(), name: `list-${names - 2}` }) })
  closing.push(() => again.close())
  await again.ready()
  expect(again.check({ iss: issuer, jti: 'before' })).toBe('revoked')
  await a.deny(deny('after'))
  await until(() => b.check({ iss: issuer, jti: 'after' }) === 'revoked')
})

it(`${PROCESSES} processes refuse soon after deny()`, async () => {
  const program = await childProgram('test/redis/denylist-process.ts')
  const children: Child[] = Array.from({ length: PROCESSES }, () => program({ argument: { port: redis.port } }))
  try {
    await Promise.all(children.map((child) => child.message()))
    const denylist = createDenylist({ store: redisDenylistStore({ client: ioredis() }) })
    closing.push(() => denylist.close())
    await denylist.ready()
    const delays: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const jti = `r${round}`
      for (const child of children) child.process.send({ jti })
      const told = children.map((child) => child.message<{ at: number }>())
      await sleep(20)
      const began = Date.now()
      await denylist.deny(deny(jti))
      for (const { at } of await Promise.all(told)) delays.push(at - began)
    }
    delays.sort((x, y) => x - y)
    const part = (share: number) => delays[Math.ceil(share * delays.length) - 1]
    console.log(
      `deny() to refusal in ${PROCESSES} processes: p50 ${part(0.5)} ms, p99 ${part(0.99)} ms, longest ${part(1)} ms`,
    )
    // One look without a message would take a second.
    expectWithin(part(0.5) ?? Number.NaN, 500)
  } finally {
    for (const child of children) child.process.kill('SIGKILL')
  }
})

it.each([
  [() => redisDenylistStore({ client: {} as never }), 'client'],
  [() => redisDenylistStore({ client: ioredis(), timeout: 1 }), 'timeout'],
  [() => redisDenylistStore({ client: ioredis(), pollInterval: 1 }), 'pollInterval'],
  [() => redisDenylistStore({ client: ioredis(), replicas: -1 }), 'replicas'],
  [() => redisReplayStore({ client: {} as never }), 'client'],
  [() => redisReplayStore({ client: ioredis(), timeout: 1 }), 'timeout'],
  [() => redisReplayStore({ client: ioredis(), maxPerKey: 0 }), 'maxPerKey'],
])('wrong options are refused by name (%#)', (make, name) => {
  expect(make).toThrow(name)
})
