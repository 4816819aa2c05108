import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Channel } from '../../src/ports.ts'
import { redisChannel } from '../../src/redis/redis-channel.ts'
import type { RedisClient } from '../../src/redis/redis-client.ts'
import { channelContract } from '../contracts/channel.ts'
import { type RedisCluster, type RedisServer, startCluster, startRedis } from '../support/redis-server.ts'

let redis: RedisServer
let cluster: RedisCluster
const clients: Record<string, RedisClient> = {}
const closing: (() => unknown)[] = []

beforeAll(async () => {
  ;[redis, cluster] = await Promise.all([startRedis(), startCluster()])
  const rootNodes = cluster.nodes.map((socket) => ({ socket }))
  const [a, b] = [new Redis(redis.port), new Cluster([...cluster.nodes])]
  const [c, d] = [await createClient({ url: redis.url }).connect(), await createCluster({ rootNodes }).connect()]
  Object.assign(clients, { ioredis: a, 'node-redis': c, 'ioredis on a cluster': b, 'node-redis on a cluster': d })
  closing.push(
    () => a.disconnect(),
    () => b.disconnect(),
    () => c.destroy(),
    () => d.destroy(),
  )
})

afterAll(async () => {
  for (const close of closing) close()
  await Promise.all([redis?.stop(), cluster?.stop()])
})

let prefixes = 0
const pairOf = (name: string): [Channel, Channel] => {
  const options = { client: clients[name]!, prefix: `t${prefixes++}:` }
  return [redisChannel(options), redisChannel(options)]
}

for (const name of ['ioredis', 'node-redis', 'ioredis on a cluster', 'node-redis on a cluster'])
  channelContract(`redisChannel with ${name}`, () => {
    const prefix = `t${prefixes++}:`
    const wanted = new Set<{ readonly to: string; readonly channel: Channel }>()
    let posted: Promise<void>[] = []
    // A subscription is there only once Redis has taken it: what is posted before is lost, as messages may be.
    const subscribed = async (to: string) => {
      const all = await Promise.all(
        [redis, ...cluster.servers].map(
          (server) => server.send('PUBSUB', 'NUMSUB', prefix + to) as Promise<[string, number]>,
        ),
      )
      const found = all.reduce((sum, [, subscribers]) => sum + Number(subscribers), 0)
      expect(found).toBe(new Set([...wanted].filter((one) => one.to === to).map(({ channel }) => channel)).size)
    }
    const patient = (channel: Channel): Channel => ({
      subscribe(to, listener) {
        const one = { to, channel }
        wanted.add(one)
        const undo = channel.subscribe(to, listener)
        return () => {
          wanted.delete(one)
          undo()
        }
      },
      post(to, message) {
        if (typeof message === 'function') channel.post(to, message)
        else posted.push(vi.waitFor(() => subscribed(to), 60_000).then(() => channel.post(to, message)))
      },
    })
    const settle = async () => {
      await Promise.all(posted)
      posted = []
      await sleep(150)
    }
    const make = () => patient(redisChannel({ client: clients[name]!, prefix }))
    return { contexts: [make(), make()], settle }
  })

describe('redisChannel', () => {
  it.each(['ioredis', 'node-redis'])('closes its connection with the last subscription: %s', async (name) => {
    const connections = async () =>
      String(await redis.send('CLIENT', 'LIST'))
        .trim()
        .split('\n').length
    const before = await connections()
    const [channel] = pairOf(name)
    const undo = [channel.subscribe('a', () => {}), channel.subscribe('b', () => {})]
    await expect.poll(connections).toBe(before + 1)
    undo[0]!()
    await sleep(50)
    expect(await connections()).toBe(before + 1)
    undo[1]!()
    await expect.poll(connections).toBe(before)
  })

  it.each(['ioredis', 'node-redis'])('hears again after Redis was away: %s', async (name) => {
    const heard: unknown[] = []
    const [a, b] = pairOf(name)
    const undo = b.subscribe('n', (message) => heard.push(message))
    await redis.kill()
    await sleep(300)
    await redis.start()
    await vi.waitFor(
      () => {
        a.post('n', 1)
        expect(heard).not.toEqual([])
      },
      { timeout: 60_000, interval: 100 },
    )
    undo()
  })

  it('hears again after a connection of ioredis was over for good', async () => {
    const client = new Redis(redis.port, { retryStrategy: () => null })
    closing.push(() => client.disconnect())
    const prefix = `t${prefixes++}:`
    const heard: unknown[] = []
    const undo = redisChannel({ client, prefix }).subscribe('n', (message) => heard.push(message))
    const other = redisChannel({ client: clients.ioredis!, prefix })
    const hears = (what: string) =>
      vi.waitFor(
        () => {
          other.post('n', what)
          expect(heard).toContain(what)
        },
        { timeout: 60_000, interval: 100 },
      )
    await hears('before')
    await redis.kill()
    await expect.poll(() => client.status).toBe('end')
    await redis.start()
    await hears('after')
    undo()
  })

  it.each(['ioredis', 'node-redis', 'ioredis on a cluster'])(
    'hears under a name only what was posted under it: %s',
    async (name) => {
      const heard: unknown[] = []
      const [a, b] = pairOf(name)
      const undo = ['one', 'two'].map((to) => b.subscribe(to, (message) => heard.push([to, message])))
      await vi.waitFor(
        () => {
          for (const to of ['one', 'two']) a.post(to, to)
          expect(new Set(heard.map(String))).toEqual(new Set(['one,one', 'two,two']))
        },
        { timeout: 60_000, interval: 100 },
      )
      for (const stop of undo) stop()
    },
  )

  it('does not stumble over what others publish', async () => {
    const heard: unknown[] = []
    const channel = redisChannel({ client: clients.ioredis!, prefix: 'odd:' })
    const undo = channel.subscribe('n', (message) => heard.push(message))
    const publish = async () => {
      for (const text of ['', 'null', '7', '{', '{"from":1,"message":"whole"}'])
        await redis.send('PUBLISH', 'odd:n', text)
      return heard
    }
    await expect.poll(publish).toContain('whole')
    undo()
  })

  it('names the option that is wrong', () => {
    expect(() => redisChannel({ client: {} as RedisClient })).toThrow('Option client has to be a client of ioredis')
  })
})
