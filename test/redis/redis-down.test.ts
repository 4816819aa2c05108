import { setTimeout as sleep } from 'node:timers/promises'
import { allowInsecureLoopback, createTokenManager, type TokenManager } from 'tokenward/node'
import { redisChannel, redisStore } from 'tokenward/redis'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type MisbehavingServer, startMisbehavingServer } from '../support/misbehaving-server.ts'
import { connectRedis, type RedisAddress } from '../support/redis-connection.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

const key = new Uint8Array(32).fill(7)
let redis: RedisServer
let server: MisbehavingServer
const closing: (() => void)[] = []

beforeEach(async () => {
  ;[redis, server] = await Promise.all([startRedis(), startMisbehavingServer()])
})

afterEach(async () => {
  for (const close of closing.splice(0)) close()
  await Promise.all([redis.stop(), server.stop()])
})

/** A process of its own, as far as the library can tell. */
async function host(library: RedisAddress['library']): Promise<TokenManager> {
  const { client, close } = await connectRedis({ library, port: redis.port })
  const { issuer, api } = server
  const manager = createTokenManager({
    ...{ issuer, metadata: server.metadata(), clientId: 'fleet', resources: [api], [allowInsecureLoopback]: true },
    store: redisStore({ client, key, timeout: 300 }),
    channel: redisChannel({ client }),
  })
  closing.push(() => manager.dispose(), close)
  return manager
}

const whenDown = {
  'is gone': [() => redis.kill(), () => redis.start()],
  'stands still': [async () => redis.hang(true), async () => redis.hang(false)],
} as const

describe.each(Object.keys(whenDown) as (keyof typeof whenDown)[])('while Redis %s', (what) => {
  const [down, up] = whenDown[what]

  it.each(['ioredis', 'node-redis'] as const)(
    'RT-02 USE-08: the token in hand is used, the refresh token is not, and all goes on afterwards: %s',
    async (library) => {
      const [tokens, other] = [await host(library), await host(library)]
      server.expiresIn = () => 4
      const { family, ...first } = server.issue()
      await tokens.adopt(first)
      await other.ready()
      await down()
      for (let calls = 0; calls < 3; calls++) {
        const began = performance.now()
        expect((await tokens.fetch(server.api)).status).toBe(200)
        expect(performance.now() - began).toBeLessThan(1_500)
      }
      await sleep(Math.max(0, first.expiresAt - Date.now()))
      const began = performance.now()
      await expect(tokens.getAccessToken()).rejects.toMatchObject({
        ...{ code: 'ERR_TEMPORARILY_UNAVAILABLE', reason: 'store_failed', retryAt: expect.any(Number) },
      })
      expect(performance.now() - began).toBeLessThan(1_500)
      expect(tokens.state).toMatchObject({ status: 'signedIn', health: 'suspended', retryAt: expect.any(Number) })
      expect(server.requests).toHaveLength(0)
      server.expiresIn = () => 300
      await up()
      await vi.waitFor(async () => expect((await tokens.fetch(server.api)).status).toBe(200), { timeout: 15_000 })
      expect(tokens.state).toMatchObject({ health: 'ok' })
      expect((await other.fetch(server.api)).status).toBe(200)
      expect((await (await host(library)).ready()).status).toBe('signedIn')
      expect(server.requests).toHaveLength(1)
      expect(server.reuse).toBe(0)
      expect(server.isAlive(family)).toBe(true)
    },
  )
})

it('RT-12: a session that is suspended for want of Redis comes back by itself with it', async () => {
  const tokens = await host('ioredis')
  // What lives shorter is refreshed on use only.
  server.expiresIn = () => 11
  await tokens.adopt(server.issue())
  await redis.kill()
  const suspended = { status: 'signedIn', health: 'suspended' }
  await vi.waitFor(() => expect(tokens.state).toMatchObject(suspended), { timeout: 20_000, interval: 50 })
  expect(server.requests).toHaveLength(0)
  await redis.start()
  await vi.waitFor(() => expect(tokens.state).toMatchObject({ health: 'ok' }), { timeout: 15_000, interval: 50 })
  expect(server.requests).toHaveLength(1)
})

it('a sign-out reaches a host that heard no message within a second', async () => {
  const [tokens, other] = [await host('ioredis'), await host('node-redis')]
  await tokens.adopt(server.issue())
  expect((await other.fetch(server.api)).status).toBe(200)
  // Nobody can subscribe any more, and nobody hears.
  await redis.send('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await redis.send('ACL', 'SETUSER', 'default', '-subscribe')
  const signedOut = Date.now()
  await tokens.signOut()
  for (;;) {
    const outcome = await other.fetch(server.api).catch(({ code }) => code)
    if (outcome === 'ERR_SIGNED_OUT') break
    await sleep(10)
  }
  expect(Date.now() - signedOut).toBeLessThan(3_000)
})
