import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { allowInsecureLoopback, createSessionPool, createTokenManager, fileStore } from 'tokenward/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { expectWithin } from '../support/measured.ts'
import { type MisbehavingServer, startMisbehavingServer } from '../support/misbehaving-server.ts'
import { type Child, childProgram, type Program } from '../support/processes/child-program.ts'
import type { SessionMessage, SessionTask } from './session-process.ts'

// PROCESSES=8x50 npx vitest run --project=node test/node/session-processes.test.ts
const [processes = 8, calls = 50] = (process.env.PROCESSES ?? '').split('x').filter(Boolean).map(Number)

let base: string
let program: Program
let server: MisbehavingServer
let path: string
const key = randomBytes(32).toString('hex')

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'tokenward-'))
  program = await childProgram('test/node/session-process.ts')
})
beforeEach(async () => {
  server = await startMisbehavingServer()
  path = await mkdtemp(join(base, 'store-'))
})
afterEach(() => server.stop())
afterAll(() => rm(base, { recursive: true, force: true }))

const start = (work: SessionTask['work'], metadata = server.metadata(work), requestTimeout?: number): Child =>
  program({ argument: { metadata, api: server.api, path, key, work, requestTimeout } satisfies SessionTask })

/** A manager of this process on the same store, with a session; `account`: as the pool's processes name it. */
async function seed({ expiresIn = 2, account }: { expiresIn?: number; account?: string } = {}) {
  const options = {
    issuer: server.issuer,
    metadata: server.metadata('seed'),
    clientId: 'fleet',
    resources: [server.api],
    requestTimeout: 60_000,
    store: fileStore({ path, key: Buffer.from(key, 'hex') }),
    [allowInsecureLoopback]: true as const,
  }
  server.expiresIn = () => expiresIn
  const { accessToken, refreshToken, expiresAt } = server.issue()
  const tokens = account ? createSessionPool(options).get(account) : createTokenManager(options)
  await tokens.adopt({ accessToken, refreshToken, expiresAt })
  server.expiresIn = () => 300
  return { tokens, expired: () => sleep(Math.max(0, expiresAt + 100 - Date.now())) }
}

/** Waits until `child` has asked for a token. */
async function asking(child: Child, isAsked: () => boolean): Promise<void> {
  while (!isAsked() && child.process.exitCode === null) await sleep(5)
  expect(isAsked()).toBe(true)
}

describe('processes on one fileStore', () => {
  it(`RT-19 COO-16: ${processes} processes × ${calls} calls at expiry make one token request`, async () => {
    server.latency = { before: 150, after: 150 }
    const { expired } = await seed({ expiresIn: 6 })
    const children = Array.from({ length: processes }, () => start('crowd'))
    for (const child of children) expect(await child.message<SessionMessage>()).toEqual({ status: 'signedIn' })
    await expired()
    const began = performance.now()
    for (const { process } of children) process.send(calls)
    const total: Record<string, number> = {}
    for (const child of children)
      for (const [outcome, times] of Object.entries((await child.message<{ outcomes: object }>()).outcomes))
        total[outcome] = (total[outcome] ?? 0) + (times as number)
    const { length } = server.requests
    console.log(
      `${processes} processes × ${calls} calls: ${length} token request, reuse ${server.reuse}, ${Math.round(performance.now() - began)} ms`,
    )
    expect({ total, length, reuse: server.reuse }).toEqual({ total: { 200: processes * calls }, length: 1, reuse: 0 })
    const ends = await Promise.all(children.map(({ ended }) => ended))
    expect(ends.map(({ code, errors }) => ({ code, errors }))).toEqual(children.map(() => ({ code: 0, errors: '' })))
  })

  it('STO-06: SIGTERM finishes a refresh that was sent: with settle() what it brought is stored', async () => {
    const { tokens, expired } = await seed()
    await expired()
    server.latency = { before: 300, after: 700 }
    const child = start('settle')
    await asking(child, () => server.requests.length > 0)
    await sleep(100)
    child.process.kill('SIGTERM')
    expect(await child.ended).toMatchObject({ code: 0, errors: '' })
    server.latency = { before: 0, after: 0 }
    await tokens.getAccessToken()
    expect([server.requests.length, server.reuse]).toEqual([1, 0])
  })

  it('and without it the process takes it along: whoever comes next can only find that out', async () => {
    const { tokens, expired } = await seed()
    await expired()
    server.latency = { before: 0, after: 20_000 }
    const child = start('die')
    await asking(child, () => server.requests.length > 0)
    await sleep(100)
    child.process.kill('SIGTERM')
    expect((await child.ended).signal).toBe('SIGTERM')
    server.latency = { before: 0, after: 0 }
    await expect(tokens.getAccessToken()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'outcome_unknown' })
    expect(server.requests.length).toBe(2)
  })

  it('a process ends when its own work is done, whatever is to be refreshed or to expire later', async () => {
    for (const work of ['call', 'pool'] as const) {
      const { expired } = await seed(work === 'pool' ? { account: 'somebody' } : {})
      await expired()
      const began = performance.now()
      expect(await start(work).ended).toMatchObject({ code: 0, output: '200\n', errors: '' })
      expectWithin(performance.now() - began, 8_000)
    }
  })

  it('COO-16: and not before: while it waits for the lease of one that was killed there is nothing but timers', async () => {
    for (const [first, second] of [
      ['die', 'call'],
      ['die', 'pool'],
    ] as const) {
      const { expired } = await seed(second === 'pool' ? { account: 'somebody' } : {})
      await expired()
      server.latency = { before: 20_000, after: 0 }
      // Nothing of it is done.
      server.next({ kind: 'reset' })
      const before = server.requests.length
      const dead = start(second === 'pool' ? 'pool' : first)
      await asking(dead, () => server.requests.length > before)
      dead.process.kill('SIGKILL')
      await dead.ended
      server.latency = { before: 0, after: 0 }
      expect(await start(second).ended).toMatchObject({ code: 0, output: '200\n', errors: '' })
      expect(server.reuse).toBe(0)
    }
  })

  it('the same for a token of its own', async () => {
    let asked = 0
    const http = createServer((req, res) => {
      req.resume()
      // The first one is never answered.
      if (++asked === 1) return
      const body = { access_token: 'at', token_type: 'Bearer', expires_in: 300 }
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    const metadata = { issuer, token_endpoint: `${issuer}/token` }
    try {
      const dead = start('own', metadata)
      await asking(dead, () => asked > 0)
      dead.process.kill('SIGKILL')
      expect(await dead.ended).toMatchObject({ signal: 'SIGKILL', errors: '' })
      // It waits for this time and three seconds more, because the lease may be of a process that lives.
      expect(await start('own', metadata, 7_000).ended).toMatchObject({ code: 0, output: 'Bearer\n', errors: '' })
      expect(asked).toBe(2)
    } finally {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    }
  })
})
