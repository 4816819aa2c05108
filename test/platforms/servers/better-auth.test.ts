import { afterEach, describe, expect, it, vi } from 'vitest'
import type { NodeTokenManagerOptions, TokenManagerEvent } from '../../../src/node/index.ts'
import { API, type BetterAuthServer, startBetterAuth } from './better-auth-server.ts'
import { built, clientOf as client, shown } from './built.ts'

const { clientSecretBasic, memoryStore } = await built<typeof import('../../../src/node/index.ts')>('node')
const guards = await built<typeof import('../../../src/resource-server/index.ts')>('resource-server')
const { createBff } = await built<typeof import('../../../src/bff/index.ts')>('bff')
const { betterAuth } = await built<typeof import('../../../src/providers/index.ts')>('providers')

let server: BetterAuthServer | undefined
afterEach(async () => {
  vi.restoreAllMocks()
  await server?.stop()
})

async function started({ reuseInterval = 0 } = {}): Promise<BetterAuthServer> {
  server = await startBetterAuth({ reuseInterval })
  return server
}

function clientOf({ issuer, spa, person }: BetterAuthServer, options: Partial<NodeTokenManagerOptions> = {}) {
  return client({
    ...betterAuth({ url: issuer, clientId: spa.id }),
    redirectUri: spa.redirectUri,
    scope: 'openid offline_access notes',
    resources: [{ url: API, resource: API }],
    userAgent: person(),
    ...options,
  })
}

const replayed = ({ issuer, spa }: BetterAuthServer, refreshToken = '') =>
  shown(`${issuer}/oauth2/token`, { refresh_token: refreshToken, client_id: spa.id, resource: API })

describe('Better Auth', () => {
  it('signs a person in, refreshes, and ends the tokens at a sign-out', async () => {
    const as = await started()
    const { manager, sent, answers } = clientOf(as)
    expect(await manager.signIn()).toMatchObject({ status: 'signedIn', health: 'ok' })
    await manager.refresh()
    expect(sent).toEqual(['metadata 200', 'authorization_code 200', 'refresh_token 200'])

    const [first, second] = answers
    expect(second?.refresh_token).not.toBe(first?.refresh_token)
    const { revoked } = await manager.signOut()
    expect(await revoked).toBe('revoked')
    // It revokes no JWT.
    expect(sent.slice(3)).toEqual(['refresh_token 200', 'access_token 400'])
    expect(await replayed(as, second?.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  it('a sign-out has not failed where the server knows the opaque access token no more', async () => {
    const { manager, sent } = clientOf(await started(), { resources: [API] })
    await manager.signIn()
    const events: TokenManagerEvent<'revoked'>['kind'][] = []
    manager.on('revoked', ({ kind }) => events.push(kind))
    const { revoked } = await manager.signOut()
    expect(await revoked).toBe('revoked')
    expect([events, sent.slice(2)]).toEqual([['refresh_token'], ['refresh_token 200', 'access_token 400']])
  })

  it('ten contexts on one store send one refresh', async () => {
    const as = await started()
    const store = memoryStore()
    const clients = Array.from({ length: 10 }, () => clientOf(as, { store }))
    await clients[0]?.manager.signIn()
    await Promise.all(clients.map(({ manager }) => manager.ready()))
    const tokens = await Promise.all(clients.map(({ manager }) => manager.refresh()))
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(1)
    const all = clients.flatMap(({ sent }) => sent)
    expect(all.filter((one) => one.startsWith('refresh_token'))).toEqual(['refresh_token 200'])
  })

  it('whoever uses a refresh token again ends the session, and it is told at the next refresh', async () => {
    const as = await started()
    const { manager, answers } = clientOf(as)
    await manager.signIn()
    await manager.refresh()
    expect(await replayed(as, answers[0]?.refresh_token)).toMatchObject({ status: 400 })
    await expect(manager.refresh()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'rejected' })
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'rejected' })
  })

  it('within its reuse interval it gives the same answer again, and the session goes on', async () => {
    const as = await started({ reuseInterval: 600 })
    const { manager, answers } = clientOf(as)
    await manager.signIn()
    await manager.refresh()
    const again = await replayed(as, answers[0]?.refresh_token)
    expect(again).toMatchObject({ status: 200, body: { refresh_token: answers[1]?.refresh_token } })
    await manager.refresh()
    expect(manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
  })

  it('a guard takes its access tokens, and no ID token', async () => {
    const as = await started()
    const { manager, answers } = clientOf(as)
    await manager.signIn()
    const { value } = await manager.getAccessToken({ resource: API })
    const guardFor = (audience: string) =>
      guards.createGuard({ issuer: as.issuer, audience, [guards.allowInsecureLoopback]: true })
    const request = (token: string) => new Request(API, { headers: { authorization: `Bearer ${token}` } })
    const claims = await guardFor(API)(request(value), { scope: ['notes'] })
    expect(claims).toMatchObject({ iss: as.issuer, client_id: as.spa.id })
    const idToken = answers[0]?.id_token ?? ''
    await expect(guardFor(as.spa.id)(request(idToken))).rejects.toMatchObject({ status: 401, reason: 'type_wrong' })
  })

  it('a person who says no, and one who is not signed in', async () => {
    const as = await started()
    const refused = clientOf(as, { userAgent: as.person('no') }).manager.signIn()
    await expect(refused).rejects.toMatchObject({ code: 'ERR_AUTHORIZATION_CANCELLED' })
    const silent = clientOf(as).manager.signIn({ prompt: 'none' })
    await expect(silent).rejects.toMatchObject({ reason: 'interaction_required' })
  })

  it('a client with a secret, and one with a wrong one', async () => {
    const as = await started()
    const { id, secret, redirectUri } = as.web
    const confidential = (given: string) =>
      clientOf(as, { clientId: id, redirectUri, clientAuthentication: clientSecretBasic(given) }).manager
    const manager = confidential(secret)
    await manager.signIn()
    await manager.refresh()
    await expect(confidential('wrong').signIn()).rejects.toMatchObject({ reason: 'invalid_client' })
  })

  it('tells a website of a sign-out at the server, which ends the session that began there and no other', async () => {
    const as = await started()
    const { id, secret, redirectUri, backchannel } = as.web
    const bff = createBff({
      ...{ issuer: as.issuer, clientId: id, clientAuthentication: clientSecretBasic(secret), redirectUri },
      ...{ scope: 'openid notes', api: { '/api': API }, [guards.allowInsecureLoopback]: true },
    })
    const told: number[] = []
    // The server tells only what has a public address: here it is this process.
    const send = globalThis.fetch
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      if (input !== backchannel) return send(input, init)
      const answer = (await bff(new Request(input, init))) as Response
      told.push(answer.status)
      return answer
    })

    const visit = async () => {
      const person = as.person()
      const cookies = new Map<string, string>()
      const go = async (url: string) => {
        const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
        const answer = (await bff(new Request(url, { headers: { cookie, 'x-tokenward': '1' } }))) as Response
        for (const line of answer.headers.getSetCookie()) {
          const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
          cookies.set(name, value)
        }
        return answer
      }
      const { headers } = await go('https://app.example.com/auth/login')
      await go((await person.authorize(headers.get('location') ?? '', redirectUri, '')) ?? '')
      return { person, session: async () => (await go('https://app.example.com/auth/session')).json() }
    }
    const [first, second] = [await visit(), await visit()]
    expect(await first.session()).toMatchObject({
      status: 'signedIn',
      session: { claims: { sid: expect.any(String) } },
    })
    await first.person.leave()
    expect(told).toEqual([200])
    expect(await first.session()).toMatchObject({ status: 'signedOut', reason: 'session_ended' })
    expect(await second.session()).toMatchObject({ status: 'signedIn' })
  })
})
