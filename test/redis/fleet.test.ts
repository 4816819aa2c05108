import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { allowInsecureLoopback, createTokenManager } from 'tokenward/node'
import { redisStore } from 'tokenward/redis'
import { expect, it } from 'vitest'
import { startMisbehavingServer } from '../support/misbehaving-server.ts'
import { childProgram } from '../support/processes/child-program.ts'
import { connectRedis, type RedisAddress } from '../support/redis-connection.ts'
import { startRedis } from '../support/redis-server.ts'
import type { FleetMessage, FleetSettings } from './fleet-process.ts'

// FLEET=32x50 npx vitest run --project=node test/redis/fleet.test.ts
const [processes = 6, calls = 20] = (process.env.FLEET ?? '').split('x').filter(Boolean).map(Number)

it(`COO-01 RT-03: ${processes} processes × ${calls} calls at expiry make one token request`, async () => {
  const [redis, server] = await Promise.all([startRedis(), startMisbehavingServer()])
  const key = randomBytes(32).toString('hex')
  const { client, close } = await connectRedis({ library: 'ioredis', port: redis.port })
  const start = await childProgram('test/redis/fleet-process.ts')
  server.latency = { before: 150, after: 150 }
  // A token that lives for a few seconds is refreshed on use, not ahead: nobody begins before all do.
  server.expiresIn = () => 2
  const { issuer, api } = server
  const seed = createTokenManager({
    issuer,
    metadata: server.metadata('seed'),
    clientId: 'fleet',
    [allowInsecureLoopback]: true,
    store: redisStore({ client, key: Buffer.from(key, 'hex') }),
  })
  const { accessToken, refreshToken, expiresAt } = server.issue()
  await seed.adopt({ accessToken, refreshToken, expiresAt })
  server.expiresIn = () => 300
  const fleet = Array.from({ length: processes }, (_, index) => {
    const library: RedisAddress['library'] = index % 2 ? 'node-redis' : 'ioredis'
    const argument = { redis: { library, port: redis.port }, metadata: server.metadata(`p${index}`), api, key }
    return start({ argument: argument satisfies FleetSettings })
  })
  try {
    for (const child of fleet)
      expect(await child.message<FleetMessage>()).toEqual({ type: 'ready', status: 'signedIn' })
    await sleep(Math.max(0, expiresAt + 100 - Date.now()))
    const began = performance.now()
    for (const child of fleet) child.process.send(calls)
    const done = await Promise.all(fleet.map((child) => child.message<FleetMessage & { type: 'done' }>()))
    const took = Math.round(performance.now() - began)
    const outcomes: Record<string, number> = {}
    for (const one of done)
      for (const [outcome, times] of Object.entries(one.outcomes)) outcomes[outcome] = (outcomes[outcome] ?? 0) + times
    const { length: requests } = server.requests
    console.log(`${processes} processes × ${calls} calls: ${requests} token request, reuse ${server.reuse}, ${took} ms`)
    expect({ outcomes, requests, reuse: server.reuse }).toEqual({
      outcomes: { 200: processes * calls },
      requests: 1,
      reuse: 0,
    })
    expect([...server.calls]).toEqual([[200, processes * calls]])
  } finally {
    for (const child of fleet) if (child.process.connected) child.process.send(0)
    const ends = await Promise.all(fleet.map(({ ended }) => ended))
    expect(ends.map(({ code, errors }) => ({ code, errors }))).toEqual(fleet.map(() => ({ code: 0, errors: '' })))
    seed.dispose()
    close()
    await Promise.all([redis.stop(), server.stop()])
  }
})
