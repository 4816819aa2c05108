import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FrontServer, startFrontServer } from '../../examples/website/front.ts'
import type { HostMessage, HostSettings } from '../bff/measured/host-process.ts'
import { type Child, childProgram, type Program } from '../support/processes/child-program.ts'
import { clientSecret, type ProgramServer, startProgramServer } from '../support/program-server.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

/** Lifetime of access tokens, seconds. */
const TTL = 8
/** What a request to the token endpoint waits for. */
let held: (() => Promise<void>) | undefined
let redis: RedisServer
let server: ProgramServer
let program: Program
let settings: HostSettings
const children: Child[] = []
/** The site's own address. */
let front: FrontServer

interface Host {
  readonly child: Child
  readonly origin: string
}

beforeAll(async () => {
  redis = await startRedis()
  front = await startFrontServer()
  const redirectUri = `${front.origin}/auth/callback`
  server = await startProgramServer({
    accessTokenTtl: TTL,
    redirectUris: [redirectUri],
    beforeGrant: async () => held?.(),
  })
  program = await childProgram('test/bff/measured/host-process.ts')
  settings = {
    redisPort: redis.port,
    issuer: server.issuer,
    clientSecret,
    redirectUri,
    api: `${server.api}v1`,
    key: randomBytes(32).toString('hex'),
    requestTimeout: 8_000,
  }
})
afterAll(async () => {
  for (const { process: child } of children) child.kill('SIGKILL')
  await front?.close()
  await server?.stop()
  await redis?.stop()
})

async function startHost(): Promise<Host> {
  const child = program({ argument: settings })
  children.push(child)
  const { port } = await child.message<HostMessage & { type: 'ready' }>()
  return { child, origin: `http://127.0.0.1:${port}` }
}

/** Signs somebody in at the site's own address, behind which there is this host. */
async function signedIn(host: Host, account: string): Promise<string> {
  front.sendTo(host.origin)
  const cookies = new Map<string, string>()
  await server.agree(`${front.origin}/auth/login`, account, cookies)
  return `session=${cookies.get('session')}`
}

const ask = (host: Host, cookie: string, path = '/api/x') =>
  fetch(host.origin + path, { headers: { cookie, 'x-tokenward': '1' } })

describe('two hosts of a website with one Redis', () => {
  it('a host that is killed during a refresh costs nobody the session: the other one takes over', async () => {
    const [first, second] = [await startHost(), await startHost()]
    const cookie = await signedIn(first, 'alice')
    expect((await ask(second, cookie)).status).toBe(200)
    await sleep(TTL * 1_000)

    // Its request is under way, and the server never gets to it.
    const killed = new Promise<void>((resolve) => {
      held = async () => {
        held = undefined
        first.child.process.kill('SIGKILL')
        resolve()
        await new Promise(() => {})
      }
    })
    const lost = ask(first, cookie).catch(() => 'broken off')
    await killed
    expect((await ask(second, cookie)).status).toBe(200)
    expect(await lost).toBe('broken off')
    expect(await (await ask(second, cookie, '/auth/session')).json()).toMatchObject({ status: 'signedIn' })
  })

  it('while Redis is away nobody is signed out: 503 with Retry-After, and afterwards as before', async () => {
    const [first, second] = [await startHost(), await startHost()]
    const cookie = await signedIn(first, 'bob')
    await redis.send('SAVE')
    await redis.kill()
    const { status, headers } = await ask(second, cookie)
    expect([status, Number(headers.get('retry-after')) > 0]).toEqual([503, true])
    await redis.start()
    await expect.poll(async () => (await ask(second, cookie)).status).toBe(200)
  })
})
