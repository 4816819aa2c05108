import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type FrontServer, startFrontServer } from '../../examples/website/front.ts'
import { type Child, childProgram, type Program } from '../support/processes/child-program.ts'
import { clientSecret, type ProgramServer, startProgramServer } from '../support/program-server.ts'

/** Lifetime of access tokens, seconds. */
const TTL = 10
let base: string
/** The site's own address. */
let front: FrontServer
let server: ProgramServer
let program: Program
const children: Child[] = []

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'tokenward-'))
  front = await startFrontServer()
  server = await startProgramServer({ accessTokenTtl: TTL, redirectUris: [`${front.origin}/auth/callback`] })
  program = await childProgram('examples/node-users.ts')
  front.sendTo(await start().origin())
})
afterAll(async () => {
  for (const { process: child } of children) child.kill('SIGKILL')
  await front?.close()
  await server?.stop()
  await rm(base, { recursive: true, force: true })
})
beforeEach(() => void server.grants.splice(0))

const key = randomBytes(32).toString('base64')

/** One process of the site, on a port of its own. */
function start(): Child {
  const child = program({
    env: {
      ISSUER: server.issuer,
      API: server.api,
      SITE: front.origin,
      PORT: '0',
      CLIENT_SECRET: clientSecret,
      SEALING_KEY: key,
      STATE_FOLDER: join(base, 'sessions'),
    },
  })
  children.push(child)
  return child
}

/** A browser of somebody who has signed in. */
async function signedIn(account: string) {
  const cookies = new Map<string, string>()
  const page = await server.agree(`${front.origin}/auth/login`, account, cookies)
  expect(page.url).toBe(`${front.origin}/`)
  const ask = (path: string, init: RequestInit = {}, at = front.origin) =>
    fetch(at + path, {
      ...init,
      redirect: 'manual',
      headers: { cookie: `session=${cookies.get('session')}`, 'x-tokenward': '1' },
    })
  return { cookies, ask }
}

describe('the example of a site that calls an API for each of its users', () => {
  it('gives everybody their own notes, and the browser no token', async () => {
    const [alice, bob] = await Promise.all([signedIn('alice'), signedIn('bob')])
    for (const [{ ask }, sub] of [[alice, 'alice'] as const, [bob, 'bob'] as const]) {
      expect(await (await ask('/api/notes')).json()).toMatchObject({ sub, client: 'web' })
      expect(await (await ask('/auth/session')).json()).toMatchObject({ session: { subject: sub } })
    }
    expect((await fetch(`${front.origin}/api/notes`)).status).toBe(403)
    expect([...alice.cookies.values()].filter((value) => /^ey/.test(value))).toEqual([])
  })

  it('RT-19: two processes, each with 50 requests of one person at expiry: one refresh, 100 of 100 answered', async () => {
    const [{ ask }, other] = await Promise.all([signedIn('carol'), start().origin()])
    server.grants.splice(0)
    await sleep(TTL * 1000 + 200)
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, n) => (await ask('/api/notes', {}, n % 2 ? other : front.origin)).status),
    )
    expect(answers).toEqual(Array(100).fill(200))
    expect(server.grants).toEqual(['refresh_token granted'])
  })

  it('STO-14: signing out ends the session for whoever still has the cookie, and that one alone', async () => {
    const [alice, bob] = await Promise.all([signedIn('alice'), signedIn('bob')])
    const answer = await alice.ask('/auth/logout', { method: 'POST' })
    expect(answer.headers.get('set-cookie')).toContain('Max-Age=0')
    expect((await alice.ask('/api/notes')).status).toBe(401)
    expect((await bob.ask('/api/notes')).status).toBe(200)
  })

  it('ends at SIGTERM', async () => {
    const child = start()
    await child.origin()
    child.process.kill('SIGTERM')
    expect(await child.ended).toMatchObject({ code: 0, errors: '' })
  })
})
