import { setTimeout as sleep } from 'node:timers/promises'
import { allowInsecureLoopback, createTokenManager, systemClock, type TokenManagerOptions } from 'tokenward/node'
import { redisChannel, redisStore } from 'tokenward/redis'
import { describe, expect, it, type onTestFinished, vi } from 'vitest'
import type { Clock } from '../../src/ports.ts'
import { expectWithin } from '../support/measured.ts'
import { startMisbehavingServer } from '../support/misbehaving-server.ts'
import { connectRedis, type RedisAddress } from '../support/redis-connection.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

const key = new Uint8Array(32).fill(7)

/** A Redis, an authorization server, and hosts on them: each test has its own, for all run at the same time. */
async function place(finished: typeof onTestFinished) {
  const [redis, server] = await Promise.all([startRedis(), startMisbehavingServer()])
  const closing: (() => void)[] = []
  finished(async () => {
    for (const close of closing) close()
    await Promise.all([redis.stop(), server.stop()])
  })
  let ahead = 0
  /** The clock of every host. */
  const clock: Clock = {
    now: () => systemClock.now() + ahead,
    elapsed: () => systemClock.elapsed() + ahead,
    at: (time, run) => systemClock.at(time - ahead, run),
  }
  const letPass = (ms: number) => {
    ahead += ms
  }

  /** A process of its own, as far as the library can tell. */
  const host = async (library: RedisAddress['library'], options: Partial<TokenManagerOptions> = {}) => {
    const { client, close } = await connectRedis({ library, port: redis.port })
    const { issuer, api } = server
    const manager = createTokenManager({
      issuer,
      metadata: server.metadata(),
      clientId: 'fleet',
      resources: [api],
      [allowInsecureLoopback]: true,
      store: redisStore({ client, key }),
      channel: redisChannel({ client }),
      clock,
      ...options,
    })
    closing.push(() => manager.dispose(), close)
    return manager
  }
  return { redis, server, host, letPass }
}

const whenDown: Readonly<Record<string, readonly ((redis: RedisServer) => Promise<unknown>)[]>> = {
  'is gone': [(redis) => redis.kill(), (redis) => redis.start()],
  'stands still': [async (redis) => redis.hang(true), async (redis) => redis.hang(false)],
}

describe.concurrent('while Redis is not there', () => {
  it.for(
    Object.keys(whenDown).flatMap((what) => (['ioredis', 'node-redis'] as const).map((library) => ({ what, library }))),
  )(
    'RT-02 USE-08: the token in hand is used, the refresh token is not, and all goes on afterwards: Redis $what, $library',
    async ({ what, library }, { onTestFinished }) => {
      const [down, up] = whenDown[what] ?? []
      const { redis, server, host, letPass } = await place(onTestFinished)
      const [tokens, other] = [await host(library), await host(library)]
      const { family, ...first } = server.issue()
      await tokens.adopt(first)
      await other.ready()
      await down?.(redis)
      for (let calls = 0; calls < 3; calls++) {
        const began = performance.now()
        expect((await tokens.fetch(server.api)).status).toBe(200)
        expectWithin(performance.now() - began, 1_500)
      }
      letPass(300_000)
      const began = performance.now()
      await expect(tokens.getAccessToken()).rejects.toMatchObject({
        code: 'ERR_TEMPORARILY_UNAVAILABLE',
        reason: 'store_failed',
        retryAt: expect.any(Number),
      })
      expectWithin(performance.now() - began, 3_000)
      expect(tokens.state).toMatchObject({ status: 'signedIn', health: 'suspended', retryAt: expect.any(Number) })
      expect(server.requests).toHaveLength(0)
      await up?.(redis)
      await vi.waitFor(async () => expect((await tokens.fetch(server.api)).status).toBe(200), { timeout: 60_000 })
      expect(tokens.state).toMatchObject({ health: 'ok' })
      expect((await other.fetch(server.api)).status).toBe(200)
      expect((await (await host(library)).ready()).status).toBe('signedIn')
      expect(server.requests).toHaveLength(1)
      expect(server.reuse).toBe(0)
      expect(server.isAlive(family)).toBe(true)
    },
  )

  it('RT-12: a session that is suspended for want of Redis comes back by itself with it', async ({
    onTestFinished,
  }) => {
    const { redis, server, host } = await place(onTestFinished)
    // Without the interval, what lives for less than 10 s would be refreshed on use only.
    const tokens = await host('ioredis', { refresh: { interval: 3_000 } })
    server.expiresIn = () => 4
    await tokens.adopt(server.issue())
    await redis.kill()
    const suspended = { status: 'signedIn', health: 'suspended' }
    await vi.waitFor(() => expect(tokens.state).toMatchObject(suspended), { timeout: 60_000, interval: 50 })
    expect(server.requests).toHaveLength(0)
    server.expiresIn = () => 300
    await redis.start()
    await vi.waitFor(() => expect(tokens.state).toMatchObject({ health: 'ok' }), { timeout: 60_000, interval: 50 })
    expect(server.requests).toHaveLength(1)
  })

  it('a sign-out reaches a host that heard no message within a second', async ({ onTestFinished }) => {
    const { redis, server, host } = await place(onTestFinished)
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
    expectWithin(Date.now() - signedOut, 3_000)
  })
})
