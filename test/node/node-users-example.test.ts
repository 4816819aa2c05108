import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Child, childProgram, type Program } from '../support/processes/child-program.ts'
import { clientSecret, freePort, type ProgramServer, startProgramServer } from '../support/program-server.ts'

/** Lifetime of access tokens, seconds. */
const TTL = 10
let base: string
let site: string
let server: ProgramServer
let program: Program
const children: Child[] = []

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'tokenward-'))
  site = `http://127.0.0.1:${await freePort()}`
  server = await startProgramServer({ accessTokenTtl: TTL, redirectUris: [`${site}/callback`] })
  program = await childProgram('examples/node-users.ts')
  await start(site)
})
afterAll(async () => {
  for (const { process: child } of children) child.kill('SIGKILL')
  await server?.stop()
  await rm(base, { recursive: true, force: true })
})
beforeEach(() => void server.grants.splice(0))

const key = randomBytes(32).toString('base64')

/** One process of the site, which listens at `at`. */
async function start(at: string): Promise<Child> {
  const child = program({
    env: {
      ISSUER: server.issuer,
      API: server.api,
      SITE: site,
      PORT: new URL(at).port,
      CLIENT_SECRET: clientSecret,
      SEALING_KEY: key,
      STATE_FOLDER: join(base, 'sessions'),
    },
    limit: 120_000,
  })
  children.push(child)
  await new Promise((resolve) => child.process.stdout?.once('data', resolve))
  return child
}

/** A browser of somebody who has signed in. */
async function signedIn(account: string) {
  const cookies = new Map<string, string>()
  const page = await server.agree(`${site}/sign-in`, account, cookies)
  expect([page.url, await page.text()]).toEqual([`${site}/`, `Signed in: ${account}`])
  const go = (path: string, init: RequestInit = {}, at = site) =>
    fetch(at + path, { ...init, redirect: 'manual', headers: { cookie: `session=${cookies.get('session')}` } })
  return { cookies, go }
}

describe('the example of a site that calls an API for each of its users', () => {
  it('gives everybody their own notes, and the browser no token', async () => {
    const [alice, bob] = await Promise.all([signedIn('alice'), signedIn('bob')])
    for (const [{ go }, sub] of [[alice, 'alice'] as const, [bob, 'bob'] as const])
      expect(await (await go('/notes')).json()).toMatchObject({ sub, client: 'web' })
    expect((await fetch(`${site}/notes`)).status).toBe(401)
    expect([...alice.cookies.values()].filter((value) => /^ey/.test(value))).toEqual([])
  })

  it('RT-19: two processes, each with 50 requests of one person at expiry: one refresh, 100 of 100 answered', async () => {
    const other = `http://127.0.0.1:${await freePort()}`
    const [{ go }] = await Promise.all([signedIn('carol'), start(other)])
    server.grants.splice(0)
    await sleep(TTL * 1000 + 200)
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, n) => (await go('/notes', {}, n % 2 ? other : site)).status),
    )
    expect(answers).toEqual(Array(100).fill(200))
    expect(server.grants).toEqual(['refresh_token granted'])
  })

  it('takes no sign-in that another browser began', async () => {
    const begin = async () => {
      const begun = await fetch(`${site}/sign-in`, { redirect: 'manual' })
      const [, name = ''] = /sign-in=([^;]*)/.exec(begun.headers.get('set-cookie') ?? '') ?? []
      return { name, location: begun.headers.get('location') ?? '' }
    }
    const theirs = await signedIn('mallory')
    const before = theirs.cookies.get('session')
    for (const [own, status] of [
      ['', 400],
      [(await begin()).name, 500],
    ] as const) {
      theirs.cookies.set('sign-in', own)
      // The answer to the first browser's request, in the second one.
      const page = await server.agree((await begin()).location, 'alice', theirs.cookies)
      expect(page.status).toBe(status)
      expect(theirs.cookies.get('session')).toBe(before)
      expect(await (await theirs.go('/')).text()).toBe('Signed in: mallory')
    }
  })

  it('gives the session a new name at each sign-in: one that was planted before opens nothing', async () => {
    const planted = await fetch(`${site}/sign-in`, { redirect: 'manual' })
    const [, name = ''] = /sign-in=([^;]*)/.exec(planted.headers.get('set-cookie') ?? '') ?? []
    const cookies = new Map([
      ['sign-in', name],
      ['session', name],
    ])
    const page = await server.agree(planted.headers.get('location') ?? '', 'alice', cookies)
    expect(await page.text()).toBe('Signed in: alice')
    expect(cookies.get('session')).not.toBe(name)
    const attacker = await fetch(`${site}/notes`, { headers: { cookie: `session=${name}` } })
    expect(attacker.status).toBe(401)

    const first = cookies.get('session')
    await server.agree(`${site}/sign-in`, 'alice', cookies)
    expect(cookies.get('session')).not.toBe(first)
    expect((await fetch(`${site}/notes`, { headers: { cookie: `session=${first}` } })).status).toBe(401)
  })

  it('takes a cookie of just that name, and none where there are two: another domain of the site can have set it', async () => {
    const { cookies } = await signedIn('alice')
    const name = cookies.get('session')
    const answers = async (cookie: string) => (await fetch(`${site}/notes`, { headers: { cookie } })).status
    expect(await answers(`session=${name}`)).toBe(200)
    expect(await answers(`a=b;session=${name}; c=d`)).toBe(200)
    for (const cookie of [
      `xsession=${name}`,
      `x__Host-session=${name}`,
      `a=session=${name}`,
      `Session=${name}`,
      `session =${name}`,
      `session=${name}x`,
      `session=${name}; session=${name}`,
      `session=${'A'.repeat(43)}; session=${name}`,
    ])
      expect([cookie, await answers(cookie)]).toEqual([cookie, 401])
  })

  it('STO-14: signing out ends the session for whoever still has the cookie, and that one alone', async () => {
    const [alice, bob] = await Promise.all([signedIn('alice'), signedIn('bob')])
    const answer = await alice.go('/sign-out', { method: 'POST' })
    expect(answer.headers.get('set-cookie')).toContain('Max-Age=0')
    expect((await alice.go('/notes')).status).toBe(401)
    expect((await bob.go('/notes')).status).toBe(200)
  })

  it('ends at SIGTERM', async () => {
    const child = await start(`http://127.0.0.1:${await freePort()}`)
    child.process.kill('SIGTERM')
    expect(await child.ended).toMatchObject({ code: 0, errors: '' })
  })
})
