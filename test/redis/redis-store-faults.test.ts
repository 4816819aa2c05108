import { Redis } from 'ioredis'
import { createClient, createSentinel } from 'redis'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RedisClient } from '../../src/redis/redis-client.ts'
import { type RedisStoreOptions, redisStore } from '../../src/redis/redis-store.ts'
import { expectWithin } from '../support/measured.ts'
import { type RedisServer, type SentinelTrio, startRedis, startSentinels } from '../support/redis-server.ts'

const key = new Uint8Array(32).fill(7)
const unavailable = {
  name: 'TokenManagerError',
  code: 'ERR_TEMPORARILY_UNAVAILABLE',
  reason: 'store_failed',
  retryAt: expect.any(Number),
}
const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** How long `promise` took to reject as an unavailable storage does, ms. */
async function refused(promise: Promise<unknown>): Promise<number> {
  const began = performance.now()
  await expect(promise).rejects.toMatchObject(unavailable)
  return performance.now() - began
}

const libraries: Readonly<Record<string, (server: RedisServer) => Promise<RedisClient>>> = {
  async ioredis({ port }) {
    const client = new Redis(port)
    closing.push(() => client.disconnect())
    return client
  },
  async 'node-redis'({ url }) {
    // Without the listener that the store adds, an error of this client would end the process.
    const client = await createClient({ url }).connect()
    closing.push(() => client.destroy())
    return client
  },
}

for (const [name, connect] of Object.entries(libraries))
  describe(`redisStore with ${name}, when Redis`, () => {
    let server: RedisServer
    const storeOf = async (options: Partial<RedisStoreOptions> = {}) =>
      redisStore({ client: await connect(server), key, timeout: 300, ...options })
    /** For what has to go well, however busy the machine is. */
    const patientStore = () => storeOf({ timeout: 60_000 })

    beforeEach(async () => {
      server = await startRedis()
      closing.push(() => server.stop())
    })

    it('pauses: rejects in time, at once while nothing is answered, and works again afterwards', async () => {
      const [store, patient] = [await storeOf(), await patientStore()]
      await patient.swap('k', undefined, { n: 1 })
      const { tag } = (await patient.get('k'))!
      await server.send('CLIENT', 'PAUSE', 1_200, 'ALL')
      const took = await refused(store.swap('k', tag, { n: 2 }))
      expect(took).toBeGreaterThan(250)
      expectWithin(took, 600)
      // Nothing is sent behind it, so this one does not take its time.
      expect(await refused(store.get('k'))).toBeLessThan(took)
      await vi.waitFor(() => store.get('k'), 60_000)
      // Given up is given up: a claim that is made when nobody knows of it any more would keep everybody waiting.
      expect(await patient.get('k')).toMatchObject({ value: { n: 1 }, tag })
      expect(await patient.swap('k', tag, { n: 3 })).toBe(true)
    })

    it('stands still: rejects in time, and works again afterwards', async () => {
      const [store, patient] = [await storeOf(), await patientStore()]
      await patient.swap('k', undefined, { n: 1 })
      server.hang(true)
      expectWithin(await refused(store.get('k')), 600)
      expectWithin(await refused(store.get('another')), 600)
      server.hang(false)
      await vi.waitFor(async () => expect((await store.get('k'))?.value).toEqual({ n: 1 }), 60_000)
    })

    it('is gone: rejects in time, and works again once it is back', async () => {
      const [store, patient] = [await storeOf(), await patientStore()]
      await patient.swap('k', undefined, { n: 1 })
      await server.kill()
      for (let tries = 0; tries < 3; tries++) expectWithin(await refused(store.get('k')), 600)
      await server.start()
      await vi.waitFor(async () => expect(await store.get('k')).toBeUndefined(), { timeout: 60_000, interval: 100 })
    })

    it('says no: rejects with what it was, and nothing of what was sent', async () => {
      const store = await patientStore()
      await server.send('SET', 'tokenward:{k}', 'a string')
      const error = await store.swap('k', undefined, { secret: 'canary' }).catch((thrown) => thrown)
      expect(error).toMatchObject(unavailable)
      expect(JSON.stringify([error.message, String(error.cause), error.cause.message])).not.toContain('canary')
    })

    it('has no replica, and one was asked for: the write does not count', async () => {
      // Half of it goes by before the answer, and the other half is for a machine that is busy.
      const store = await storeOf({ replicas: 1, timeout: 4_000 })
      await expect(store.swap('k', undefined, { n: 1 })).rejects.toMatchObject({
        ...unavailable,
        message: expect.stringContaining('Only 0 of 1 replicas have it'),
      })
    })
  })

it.each(Object.keys(libraries))(
  'a write that the replicas had not in time is not done for who wrote it before they have it: %s',
  async (name) => {
    const server = await startRedis()
    const replica = await startRedis(`replicaof 127.0.0.1 ${server.port}`, 'repl-diskless-sync-delay 0')
    closing.push(
      () => server.stop(),
      () => replica.stop(),
    )
    const connect = async () => libraries[name]!(server)
    const store = redisStore({ client: await connect(), key, timeout: 600, replicas: 1 })
    const patient = redisStore({ client: await connect(), key, timeout: 60_000, replicas: 1 })
    const written = async () => expect(await patient.swap('k', (await patient.get('k'))?.tag, { n: 1 })).toBe(true)
    await vi.waitFor(written, 60_000)
    const { tag } = (await patient.get('k'))!
    replica.hang(true)
    await refused(store.swap('k', tag, { n: 2 }))
    expectWithin(await refused(store.get('k')), 400)
    expect((await patient.get('k'))?.value).toEqual({ n: 2 })
    replica.hang(false)
    await vi.waitFor(async () => expect((await store.get('k'))?.value).toEqual({ n: 2 }), 60_000)
    await server.kill()
    await replica.send('REPLICAOF', 'NO', 'ONE')
    const promoted = redisStore({ client: await libraries[name]!(replica), key })
    expect((await promoted.get('k'))?.value).toEqual({ n: 2 })
  },
)

it('an answer that came while the process stood still is not too late', async () => {
  const server = await startRedis()
  const client = new Redis(server.port)
  closing.push(
    () => client.disconnect(),
    () => server.stop(),
  )
  const patient = redisStore({ client, key, timeout: 60_000 })
  await patient.swap('k', undefined, { n: 1 })
  const store = redisStore({ client, key, timeout: 200 })
  await vi.waitFor(() => store.get('k'), 60_000)
  const row = store.get('k')
  // Sent, and not answered yet.
  for (let turn = 0; turn < 50; turn++) await new Promise<void>((resolve) => process.nextTick(resolve))
  for (const end = performance.now() + 500; performance.now() < end; );
  expect((await row)?.value).toEqual({ n: 1 })
})

describe('redisStore behind sentinels', () => {
  let trio: SentinelTrio

  const behindSentinels: Readonly<Record<string, () => Promise<RedisClient>>> = {
    async ioredis() {
      const { sentinels, name } = trio
      const client = new Redis({ sentinels: [...sentinels], name, failoverDetector: true })
      closing.push(() => client.disconnect())
      return client
    },
    async 'node-redis'() {
      const { sentinels, name } = trio
      const client = await createSentinel({ name, sentinelRootNodes: [...sentinels] }).connect()
      closing.push(() => client.destroy())
      return client
    },
  }

  it.each(Object.keys(behindSentinels))(
    'loses nothing that a replica had, and goes on at the new primary: %s',
    async (name) => {
      trio = await startSentinels(1)
      closing.push(() => trio.stop())
      const store = redisStore({ client: await behindSentinels[name]!(), key, timeout: 1_000, replicas: 1 })
      const patient = redisStore({ client: await behindSentinels[name]!(), key, timeout: 60_000, replicas: 1 })
      await patient.swap('k', undefined, { n: 1 })
      const before = await trio.primary()
      await trio.failOver()
      expect((await trio.primary()).port).not.toBe(before.port)
      const row = await vi.waitFor(async () => (await store.get('k'))!, { timeout: 60_000, interval: 200 })
      expect(row.value).toEqual({ n: 1 })
      // The old primary comes back as the new one's replica.
      await vi.waitFor(() => store.swap('k', row.tag, { n: 2 }), { timeout: 60_000, interval: 200 })
      await vi.waitFor(async () => expect((await store.get('k'))?.value).toEqual({ n: 2 }), 60_000)
    },
  )
})
