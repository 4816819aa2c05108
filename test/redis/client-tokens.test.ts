import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { allowInsecureLoopback, createClientCredentials } from 'tokenward/node'
import { redisStore } from 'tokenward/redis'
import { expect, it, type onTestFinished } from 'vitest'
import { expectWithin } from '../support/measured.ts'
import { connectRedis } from '../support/redis-connection.ts'
import { startRedis } from '../support/redis-server.ts'

/** A Redis, a token endpoint whose tokens live for `seconds`, and hosts on them. */
async function place(finished: typeof onTestFinished, seconds: number) {
  const redis = await startRedis()
  let asked = 0
  const http = createServer((req, res) => {
    req.resume()
    const body = { access_token: `at${++asked}`, token_type: 'Bearer', expires_in: seconds }
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const closing: (() => void)[] = []
  finished(async () => {
    for (const close of closing) close()
    http.closeAllConnections()
    await Promise.all([redis.stop(), new Promise((resolve) => http.close(resolve))])
  })
  const host = async () => {
    const { client, close } = await connectRedis({ library: 'ioredis', port: redis.port })
    closing.push(close)
    const tokens = createClientCredentials({
      issuer,
      metadata: { issuer, token_endpoint: `${issuer}/token` },
      clientId: 'svc',
      store: redisStore({ client, key: new Uint8Array(32).fill(7), timeout: 4_000 }),
      [allowInsecureLoopback]: true,
    })
    const told: string[] = []
    for (const type of ['obtained', 'adopted', 'store_failed'] as const) tokens.on(type, () => told.push(type))
    return { value: async () => (await tokens.getAccessToken()).value, told }
  }
  return { redis, host, asked: () => asked }
}

it('ACQ-17: hosts on one Redis share a token, and go on without Redis, each for itself, which is reported', async ({
  onTestFinished,
}) => {
  const { redis, host, asked } = await place(onTestFinished, 10)
  const [one, other] = [await host(), await host()]
  const first = await one.value()
  expect([await other.value(), asked()]).toEqual([first, 1])
  expect([one.told, other.told]).toEqual([['obtained'], ['adopted']])
  redis.hang(true)
  const began = performance.now()
  expect(await one.value()).toBe(first)
  expectWithin(performance.now() - began, 1_000)
  await sleep(10_000)
  expect(new Set(await Promise.all([one.value(), other.value()])).size).toBe(2)
  expectWithin(performance.now() - began, 17_000)
  expect([one.told, other.told]).toEqual([
    ['obtained', 'store_failed', 'obtained'],
    ['adopted', 'store_failed', 'obtained'],
  ])
  redis.hang(false)
  await sleep(11_000)
  expect(await one.value()).toBe(await other.value())
})
