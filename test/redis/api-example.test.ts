import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import { type FrontServer, startFrontServer } from '../../examples/website/front.ts'
import { allowInsecureLoopback, createSessionPool, type SessionPool } from '../../src/node/index.ts'
import { redisDenylistStore } from '../../src/redis/redis-denylist-store.ts'
import { redisStore } from '../../src/redis/redis-store.ts'
import { createDenylist } from '../../src/resource-server/denylist.ts'
import { plainOAuthClient } from '../examples/demo/plain-oauth-client.ts'
import { type Child, childProgram } from '../support/processes/child-program.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

const redirectUri = 'http://127.0.0.1:4711/callback'
const key = randomBytes(32)
const closing: (() => unknown)[] = []
let redis: RedisServer
let server: AuthorizationServer
/** The first API's address for those who have to know it before it listens. */
let front: FrontServer
let start: () => Promise<Api>
let apis: Api[]
/** A token of a session that was ended. */
let dead = ''

interface Api {
  readonly origin: string
  readonly child: Child
}

beforeAll(async () => {
  redis = await startRedis()
  front = await startFrontServer()
  const audience = `${front.origin}/`
  server = await startAuthorizationServer({
    redirectUris: [redirectUri],
    autoLogin: 'alice',
    accessTokenTtl: 300,
    audiences: [audience],
    backchannelLogoutUri: `${front.origin}/backchannel-logout`,
  })
  const program = await childProgram('examples/api.ts')
  const { issuer, clientId } = server
  const env = { ISSUER: issuer, AUDIENCE: audience, CLIENT_ID: clientId, REDIS_URL: redis.url }
  start = async () => {
    const child = program({ env: { ...env, PORT: '0' } })
    closing.push(() => child.process.kill('SIGKILL'))
    return { origin: await child.origin(), child }
  }
  apis = await Promise.all([start(), start()])
  front.sendTo(apis[0]?.origin ?? '')
})

afterAll(async () => {
  for (const close of closing.reverse()) await close()
  await front?.close()
  await Promise.all([server?.stop(), redis?.stop()])
})

async function until(check: () => Promise<boolean>) {
  const end = Date.now() + 60_000
  while (!(await check().catch(() => false))) {
    if (Date.now() > end) expect.fail('it did not come to that in time')
    await sleep(5)
  }
}

/** A website's server: sessions of its users, in the same Redis. */
async function website(): Promise<SessionPool> {
  const client = new Redis(redis.port)
  const denylist = createDenylist({ store: redisDenylistStore({ client }), maxTokenLifetime: 30 * 86_400_000 })
  const pool = createSessionPool({
    issuer: server.issuer,
    clientId: server.clientId,
    redirectUri,
    scope: 'openid offline_access notes',
    resources: apis.map(({ origin }) => `${origin}/`),
    store: redisStore({ client, key }),
    denylist,
    [allowInsecureLoopback]: true,
  })
  closing.push(() => {
    pool.dispose()
    denylist.close()
    client.disconnect()
  })
  await denylist.ready()
  return pool
}

async function signIn(pool: SessionPool, account: string, person: string) {
  server.setAutoLogin(person)
  const { browse } = plainOAuthClient(server, redirectUri)
  await pool.get(account).signIn({ userAgent: { authorize: browse, callbackUrl: () => undefined } })
}

const ask = (token: string, origin = '') => fetch(`${origin}/notes`, { headers: { authorization: `Bearer ${token}` } })

it('BCL-07, BCL-10: one logout at the provider ends the token in every API, and the sessions that a site holds', async () => {
  const [site, other] = await Promise.all([website(), website()])
  await signIn(site, 'cookie of alice', 'alice')
  await signIn(site, 'second cookie of alice', 'alice')
  const { value } = await site.get('cookie of alice').getAccessToken()
  dead = value
  for (const { origin } of apis) {
    expect((await site.get('cookie of alice').fetch(`${origin}/notes`)).status).toBe(200)
    expect((await ask(value, origin)).status).toBe(200)
  }
  expect((await other.get('cookie of alice').ready()).status).toBe('signedIn')

  const before = server.requests.length
  const began = performance.now()
  const refused = apis.map(async ({ origin }) => {
    await until(async () => (await ask(value, origin)).status === 401)
    return performance.now() - began
  })
  expect(await server.logOutEverywhere()).toBe(2)
  const told = performance.now() - began
  const times = await Promise.all(refused)
  console.log(
    `from the logout at the provider: told after ${told.toFixed(0)} ms, refused by two APIs after ${times.map((ms) => ms.toFixed(0)).join(' and ')} ms`,
  )
  for (const { origin } of apis) {
    const answer = await ask(value, origin)
    expect(answer.headers.get('www-authenticate')).toContain('reason="session_ended"')
  }
  for (const pool of [site, other])
    for (const account of ['cookie of alice', 'second cookie of alice']) {
      await expect(pool.get(account).fetch(`${apis[0]?.origin}/notes`)).rejects.toMatchObject({
        code: 'ERR_SIGNED_OUT',
      })
      expect(pool.get(account).state).toMatchObject({ status: 'signedOut', reason: 'session_ended' })
    }
  // Nobody had to try a refresh to find out.
  expect(server.requests.length - before).toBe(0)
  expect((await (await website()).get('cookie of alice').ready()).status).toBe('signedOut')
})

it('BCL-08: who signs in after it is signed in', async () => {
  const site = await website()
  await signIn(site, 'new cookie', 'alice')
  expect((await site.get('new cookie').fetch(`${apis[1]?.origin}/notes`)).status).toBe(200)
})

it('an API that starts later refuses what was signed out before, and each ends at SIGTERM', async () => {
  const [first] = apis as [Api]
  const late = await start()
  expect((await ask(dead, late.origin)).headers.get('www-authenticate')).toContain('reason="session_ended"')
  expect((await fetch(`${late.origin}/nothing`)).status).toBe(404)
  const health = (await (await fetch(`${late.origin}/health`)).json()) as { entries: number; staleness: number }
  expect(health.entries).toBe(2)
  expect(health.staleness).toBeLessThan(10_000)
  for (const { child } of [first, late]) {
    child.process.kill('SIGTERM')
    const { code, errors, output } = await child.ended
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    expect(output).toContain('"reason":"session_ended"')
    if (child === first.child) expect(output).toContain('logout accepted: done')
  }
})
