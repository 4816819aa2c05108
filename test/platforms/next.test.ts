import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'
import { nextFolder } from '../../scripts/platform-packages.mjs'
import { visitor } from '../bff/bff-site.ts'
import { clientSecret, type ProgramServer, startProgramServer } from '../support/program-server.ts'
import { startRedis } from '../support/redis-server.ts'

const execute = promisify(execFile)
const stops: (() => unknown)[] = []
let server: ProgramServer
let origin: string
/** What the API was sent. */
const sent: string[] = []

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

beforeAll(async () => {
  // Next.js compiles nothing that lies below a folder of this name: the packages are linked into a folder elsewhere.
  const folder = mkdtempSync(join(tmpdir(), 'tokenward-next-'))
  stops.push(() => rmSync(folder, { recursive: true, force: true }))
  const copy = (option: string) => execute('cp', [option, join(nextFolder, 'node_modules'), folder])
  await copy('-al').catch(() => copy('-a'))
  cpSync(join(root, 'test/platforms/next'), folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')

  const program = join(folder, 'node_modules/next/dist/bin/next')
  const quiet = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }
  await execute(process.execPath, [program, 'build'], { cwd: folder, env: quiet })

  const redis = await startRedis()
  stops.push(redis.stop)
  const api = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    sent.push(`${request.method} ${text}`)
    response.end(JSON.stringify({ scheme: request.headers.authorization?.split(' ')[0], path: request.url }))
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  stops.push(() => api.close())

  const port = await freePort()
  origin = `http://127.0.0.1:${port}`
  server = await startProgramServer({ redirectUris: [`${origin}/auth/callback`] })
  stops.push(server.stop)
  const env = {
    ...quiet,
    ISSUER: server.issuer,
    SITE: origin,
    API: `http://127.0.0.1:${(api.address() as AddressInfo).port}/v1`,
    CLIENT_SECRET: clientSecret,
    REDIS_PORT: String(redis.port),
    SEALING_KEY: randomBytes(32).toString('base64'),
  }
  const site = spawn(process.execPath, [program, 'start', '-p', String(port), '-H', '127.0.0.1'], { cwd: folder, env })
  stops.push(() => site.kill('SIGKILL'))
  const answers = () =>
    fetch(origin).then(
      ({ ok }) => ok,
      () => false,
    )
  while (!(await answers())) await sleep(200)
}, 600_000)
afterAll(async () => {
  for (const stop of stops.reverse()) await stop()
})

it('Next.js: route handlers sign in, call an API, stream events at once, and sign out', async () => {
  const cookies = new Map<string, string>()
  await server.agree(`${origin}/auth/login`, 'alice', cookies)
  const alice = visitor(origin, cookies)
  expect(await alice.session()).toMatchObject({ status: 'signedIn', session: { subject: 'alice' } })
  expect(await (await alice.ask('/api/notes/1?q=2')).json()).toEqual({ scheme: 'Bearer', path: '/v1/1?q=2' })

  const created = await alice.ask('/api/notes', {
    method: 'POST',
    body: 'a note',
    headers: { 'content-type': 'text/plain' },
  })
  expect([created.status, sent.at(-1)]).toEqual([200, 'POST a note'])
  expect((await alice.go('/api/notes')).status).toBe(403)

  const { body } = await alice.ask('/auth/events', { headers: { 'accept-encoding': 'gzip' } })
  const events = body!.pipeThrough(new TextDecoderStream()).getReader()
  expect((await events.read()).value).toContain('"status":"signedIn"')
  expect((await alice.ask('/auth/logout', { method: 'POST' })).status).toBe(200)
  expect((await events.read()).value).toContain('"status":"signedOut"')
  expect((await alice.ask('/api/notes')).status).toBe(401)
})
