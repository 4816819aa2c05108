import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import { createBff } from 'tokenward/bff'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFrontServer } from '../../examples/website/front.ts'
import { root } from '../../scripts/entries.mjs'
import { visitor } from '../bff/bff-site.ts'
import { childProgram } from '../support/processes/child-program.ts'
import { clientSecret, startProgramServer } from '../support/program-server.ts'
import { startRedis } from '../support/redis-server.ts'

const stops: (() => unknown)[] = []
beforeAll(() => mkdirSync(`${root}node_modules/.cache`, { recursive: true }))
afterAll(async () => {
  for (const stop of stops.reverse()) await stop()
})

/** The first program of the document. */
const [, documented = ''] = /```ts\n\/\/ site\.ts\n(.*?)```/s.exec(readFileSync(`${root}docs/bff.md`, 'utf8')) ?? []

/** Lines that are not empty. */
const linesOf = (program: string) => program.split('\n').filter((line) => line.trim() !== '').length

/** `program` with the addresses of the test in place of those of the document. */
function changed(program: string, places: Readonly<Record<string, string>>): string {
  return Object.entries(places).reduce((text, [documented, present]) => {
    expect(text).toContain(documented)
    return text.replace(documented, present)
  }, program)
}

describe('the program of the document', () => {
  it('is the whole backend in 12 lines', () => {
    expect(linesOf(documented)).toBeLessThanOrEqual(12)
  })

  it('runs on two hosts: a person who signed in at one is known at the other, and signed out on both', async () => {
    const [redis, front, api] = await Promise.all([startRedis(), startFrontServer(), startFrontServer()])
    stops.push(redis.stop, front.close, api.close)
    const server = await startProgramServer({ redirectUris: [`${front.origin}/auth/callback`] })
    stops.push(server.stop)

    const program = changed(documented, {
      "'https://as.example.com',": `'${server.issuer}', [allowInsecureLoopback]: true,`,
      'https://app.example.com': front.origin,
      'https://api.example.com/notes': `${server.api}notes`,
      'new Redis()': `new Redis(${redis.port})`,
      'listen(8080)': "listen(0, '127.0.0.1', function () { console.log('port: ' + this.address().port) })",
      'createBff,': 'createBff, allowInsecureLoopback,',
    })
    writeFileSync(`${root}node_modules/.cache/documented-site.ts`, program)
    const start = await childProgram('node_modules/.cache/documented-site.ts')
    const env = { CLIENT_SECRET: clientSecret, SEALING_KEY: randomBytes(32).toString('base64') }
    const hosts = await Promise.all(
      [1, 2].map(() => {
        const child = start({ env })
        stops.push(() => child.process.kill('SIGKILL'))
        return child.origin()
      }),
    )
    front.sendTo(...hosts)

    const cookies = new Map<string, string>()
    await server.agree(`${front.origin}/auth/login`, 'alice', cookies)
    const alice = visitor(front.origin, cookies)
    for (const host of hosts)
      expect(await (await alice.ask('/api/notes', {}, host)).json()).toMatchObject({ sub: 'alice' })

    const body = new URLSearchParams({ logout_token: await server.logoutToken('alice') })
    expect((await fetch(`${hosts[0]}/auth/backchannel`, { method: 'POST', body })).status).toBe(200)
    for (const host of hosts) await expect.poll(async () => (await alice.ask('/api/notes', {}, host)).status).toBe(401)
  })

  it('leaves nothing behind in Redis of a sign-in that nobody finished, but for an hour', async () => {
    const redis = await startRedis()
    const client = new Redis(redis.port)
    stops.push(redis.stop, () => client.disconnect())
    const [issuer, site] = ['https://as.example', 'https://app.example']
    const bff = createBff({
      issuer,
      metadata: { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` },
      clientId: 'web',
      redirectUri: `${site}/auth/callback`,
      redis: { client, key: randomBytes(32) },
    })
    expect((await bff(new Request(`${site}/auth/login`)))?.status).toBe(303)
    const keys = (await redis.send('KEYS', '*')) as string[]
    expect(keys).toEqual([expect.stringMatching(/\.pending$/)])
    const left = Number(await redis.send('PTTL', keys[0] ?? ''))
    expect(left > 3_500_000 && left <= 3_600_000).toBe(true)
  })
})
