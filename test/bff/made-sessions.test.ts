import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  allowInsecureLoopback,
  type BffClientOptions,
  type BffRefusal,
  bffServer,
  clientSecretBasic,
  createBff,
} from 'tokenward/bff'
import { afterEach, describe, expect, it } from 'vitest'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { clientSecret, type ProgramServer, startProgramServer } from '../support/program-server.ts'
import { visitor } from './bff-site.ts'

const DAY = 86_400_000
const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** A site that was given no pool. */
async function start(options: Partial<BffClientOptions> = {}) {
  const http = createServer((request, response) => site.emit('request', request, response))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  stops.push(() => http.close())
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`

  const server: ProgramServer = await startProgramServer({ redirectUris: [`${origin}/auth/callback`] })
  stops.push(server.stop)
  const bff = createBff({
    issuer: server.issuer,
    clientId: 'web',
    clientAuthentication: clientSecretBasic(clientSecret),
    redirectUri: `${origin}/auth/callback`,
    scope: 'openid offline_access notes',
    api: { '/api': server.api.slice(0, -1) },
    [allowInsecureLoopback]: true,
    ...options,
  })
  const site = bffServer(bff, (_, response) => void response.end('the app'))
  const signedIn = async (account = 'alice') => {
    const cookies = new Map<string, string>()
    await server.agree(`${origin}/auth/login`, account, cookies)
    return visitor(origin, cookies)
  }
  return { origin, server, signedIn }
}

describe('createBff without a pool', () => {
  it('makes one: signs in, calls the API, and leaves everything else to the app', async () => {
    const { origin, signedIn } = await start()
    const alice = await signedIn()
    expect(await (await alice.ask('/api/notes')).json()).toMatchObject({ sub: 'alice', client: 'web' })
    expect(await (await fetch(`${origin}/page`)).text()).toBe('the app')
  })

  it('hears of logouts at the authorization server', async () => {
    const { origin, server, signedIn } = await start()
    const alice = await signedIn()
    const bob = await signedIn('bob')
    const body = new URLSearchParams({ logout_token: await server.logoutToken('alice') })
    expect((await fetch(`${origin}/auth/backchannel`, { method: 'POST', body })).status).toBe(200)
    expect(await alice.session()).toMatchObject({ status: 'signedOut', reason: 'session_ended' })
    expect(await bob.session()).toMatchObject({ status: 'signedIn' })
  })

  it('tells of a logout that it refuses, and accepts it once it is told how the server writes logouts', async () => {
    const refusals: BffRefusal[] = []
    const onRefusal = (refusal: BffRefusal) => void refusals.push(refusal)
    const untyped = async (options: Partial<BffClientOptions>) => {
      const { origin, server, signedIn } = await start(options)
      const alice = await signedIn()
      const body = new URLSearchParams({ logout_token: await server.logoutToken('alice', 'JWT') })
      const { status } = await fetch(`${origin}/auth/backchannel`, { method: 'POST', body })
      return [status, (await alice.session()).status]
    }
    expect(await untyped({ onRefusal })).toEqual([400, 'signedIn'])
    expect(refusals).toEqual([
      { status: 400, code: 'logout_refused', path: '/auth/backchannel', message: expect.stringContaining('typ') },
    ])
    expect(await untyped({ onRefusal, logout: { types: ['JWT'] } })).toEqual([200, 'signedOut'])
    expect(refusals).toHaveLength(1)
  })

  it.each<[string, Partial<BffClientOptions>, number, string]>([
    ['a day without use', {}, DAY, 'idle'],
    ['the idleTimeout that is given', { idleTimeout: DAY / 2 }, DAY / 2, 'idle'],
    ['the maxAge that is given', { maxAge: DAY / 4 }, DAY / 4, 'max_age'],
  ])('ends sessions after %s', async (_, options, after, reason) => {
    const clock: ManualClock = manualClock(Date.now())
    const { signedIn } = await start({ clock, ...options })
    const alice = await signedIn()
    await clock.advance(after - 60_000)
    expect(await alice.session()).toMatchObject({ status: 'signedIn' })
    await clock.advance(60_000)
    expect(await alice.session()).toMatchObject({ status: 'signedOut', reason })
  })

  it('ends sessions seven days after the sign-in, however much they are used', async () => {
    const clock: ManualClock = manualClock(Date.now())
    const { signedIn } = await start({ clock, idleTimeout: 30 * DAY })
    const alice = await signedIn()
    await clock.advance(7 * DAY - 60_000)
    expect(await alice.session()).toMatchObject({ status: 'signedIn' })
    await clock.advance(60_000)
    expect(await alice.session()).toMatchObject({ status: 'signedOut', reason: 'max_age' })
  })

  const given: BffClientOptions = {
    issuer: 'https://as.example',
    clientId: 'web',
    redirectUri: 'https://app.example/auth/callback',
    api: { '/api': 'https://api.example/v1', '/more': { url: 'https://more.example' } },
  }

  it('names a wrong member of logout', () => {
    const wrong: object = { logout: { typ: ['JWT'] } }
    expect(() => createBff({ ...given, ...wrong })).toThrow('logout.typ')
  })

  it('lets tokens go to the listed APIs alone', () => {
    expect(createBff(given).handles('/more/x')).toBe(true)
    expect(() => createBff({ ...given, resources: ['https://api.example/v1'] })).toThrow("api['/more'].url")
  })

  it.each<[string, object]>([
    ['issuer', { issuer: undefined }],
    ['sessions', { issuer: 'https://login.example/{tenantid}/v2.0' }],
    ['redirectUri', { redirectUri: undefined }],
    ['claim', { claim: ['sub'] }],
    ['claims', { claims: 'sub' }],
    ['maxAge', { maxAge: 1 }],
    ['maxSignIns', { maxSignIns: 0 }],
    ['backchannelLogout', { backchannelLogout: async () => new Response() }],
    ['redis', { redis: true }],
    ['api', { api: null }],
    ["api['/x'].url", { api: { '/x': null } }],
    ["api['/x'].url", { api: { '/x': 'http://api.example' } }],
    ["api['/x'].limit", { api: { '/x': { url: 'https://api.example', limit: 1 } } }],
    ['client', { redis: { client: {}, key: new Uint8Array(32) } }],
  ])('names a wrong %s', (name, options) => {
    expect(() => createBff({ ...given, ...options } as BffClientOptions)).toThrow(`Option ${name}`)
  })
})
