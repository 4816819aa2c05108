// Several processes with one session. Each of them may call the API at any time. Only one at a time uses the refresh token.
// REDIS_URL=redis://127.0.0.1:6379 SEALING_KEY=$(openssl rand -base64 32) PROCESSES=4 node --import tsx node-fleet.ts
import cluster from 'node:cluster'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { allowInsecureLoopback, createTokenManager } from 'tokenward/node'
import { redisChannel, redisStore } from 'tokenward/redis'

const { REDIS_URL = 'redis://127.0.0.1:6379', SEALING_KEY = '', ISSUER = '', API = '', PROCESSES = '4' } = process.env

// Another process waits a second before it takes over. So a broken connection has to be tried again within that second.
const client = new Redis(REDIS_URL, { retryStrategy: (times) => Math.min(50 * times, 500) })

const tokens = createTokenManager({
  issuer: ISSUER,
  clientId: 'fleet',
  resources: [API],
  store: redisStore({ client, key: Buffer.from(SEALING_KEY, 'base64') }),
  channel: redisChannel({ client }),
  [allowInsecureLoopback]: true, // for a server on this machine only
})

if (cluster.isPrimary) {
  // The tokens come from where the person signed in. When they are stored, this is no longer needed.
  const state = await tokens.ready()
  const { ACCESS_TOKEN: accessToken, REFRESH_TOKEN: refreshToken } = process.env
  const given = accessToken && refreshToken && { accessToken, refreshToken, expiresAt: Date.now() }
  if (state.status === 'signedOut' && given) await tokens.adopt(given)
  const workers = Array.from({ length: Number(PROCESSES) }, () => cluster.fork())
  await Promise.all(workers.map((worker) => once(worker, 'exit')))
} else {
  const answers = await Promise.all(Array.from({ length: 10 }, () => tokens.fetch(API)))
  console.log(
    `process ${cluster.worker?.id}: ${answers.filter(({ ok }) => ok).length} of ${answers.length} calls answered`,
  )
}

tokens.dispose()
client.disconnect()
if (cluster.isWorker) cluster.worker?.disconnect()
