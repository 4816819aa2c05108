import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { AccessTokenClaims } from '../../src/resource-server/access-token-claims.ts'
import { expressGuard } from '../../src/resource-server/express-guard.ts'
import { fastifyGuard } from '../../src/resource-server/fastify-guard.ts'
import { fetchGuard } from '../../src/resource-server/fetch-guard.ts'
import { createGuard, type Guard } from '../../src/resource-server/guard.ts'
import { honoGuard } from '../../src/resource-server/hono-guard.ts'
import { nodeGuard } from '../../src/resource-server/node-guard.ts'
import { corsHeaders, preflight } from '../../src/resource-server/preflight.ts'
import { AUDIENCE, NOW, type TestIssuer, testIssuer } from './test-issuer.ts'

type Ask = (path: string, init?: RequestInit) => Promise<Response>

let as: TestIssuer
let guard: Guard
const stops: (() => unknown)[] = []

beforeAll(async () => {
  as = await testIssuer()
  guard = createGuard({
    ...{ issuer: as.issuer, audience: AUDIENCE, fetch: as.fetch, now: () => NOW },
    dpop: { baseUrl: AUDIENCE, nonce: { secret: new Uint8Array(32) } },
  })
})

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function listen(server: Server): Promise<Ask> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => server.close())
  const { port } = server.address() as AddressInfo
  return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init)
}

const policy = { scope: 'notes' }
let reached = 0
const greet = ({ sub }: AccessTokenClaims) => {
  reached++
  return `hello ${sub}`
}

const platforms: Record<string, () => Promise<Ask>> = {
  async node() {
    return listen(createServer(nodeGuard(guard, (_, response, claims) => response.end(greet(claims)), policy)))
  },
  async express() {
    const app = express()
    const router = express.Router()
    router.get('/', expressGuard(guard, policy), (request, response) => {
      response.send(greet(request.auth!))
    })
    app.use('/notes', router)
    return listen(createServer(app))
  },
  async fastify() {
    const app = fastify()
    app.get('/notes', { onRequest: fastifyGuard(guard, policy) }, async (request) =>
      greet((request as unknown as { auth: AccessTokenClaims }).auth),
    )
    await app.listen({ port: 0, host: '127.0.0.1' })
    stops.push(() => app.close())
    const { port } = app.server.address() as AddressInfo
    return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init)
  },
  async hono() {
    const app = new Hono<{ Variables: { auth: AccessTokenClaims } }>()
    app.use('/notes', honoGuard(guard, policy))
    app.get('/notes', (context) => context.text(greet(context.get('auth'))))
    return async (path, init) => app.request(`${AUDIENCE.slice(0, -1)}${path}`, init)
  },
  async fetch() {
    const handler = fetchGuard(guard, (_request: Request, claims) => new Response(greet(claims)), policy)
    return (path, init) => handler(new Request(`${AUDIENCE.slice(0, -1)}${path}`, init))
  },
}

describe.each(Object.entries(platforms))('on %s', (_, start) => {
  it('a good token reaches the handler, with its claims and the next nonce', async () => {
    const ask = await start()
    const response = await ask('/notes', { headers: { authorization: `Bearer ${await as.accessToken()}` } })
    expect([response.status, await response.text()]).toEqual([200, 'hello person'])
    expect(response.headers.get('dpop-nonce')).toMatch(/^[\w-]{22}$/)
  })

  it.each([
    ['none', () => undefined, 401, /^Bearer realm/],
    ['a bad one', async () => `Bearer ${await as.accessToken({ exp: 1 })}`, 401, /reason="expired"/],
    ['a narrow one', async () => `Bearer ${await as.accessToken({ scope: 'x' })}`, 403, /insufficient_scope/],
    ['something else', () => 'Bearer', 400, /invalid_request/],
  ])('%s is answered, and the handler is not reached', async (_name, make, status, challenge) => {
    const ask = await start()
    const authorization = await make()
    reached = 0
    const response = await ask('/notes', { headers: authorization === undefined ? {} : { authorization } })
    expect([response.status, await response.text(), reached]).toEqual([status, '', 0])
    expect(response.headers.get('www-authenticate')).toMatch(challenge)
    expect(response.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
    expect(response.headers.get('cache-control')).toBe('no-store')
  })
})

it('VAL-19: Express goes on once, and never with an error of ours', async () => {
  const calls: unknown[][] = []
  const broken = Object.assign(() => Promise.reject(new Error('not ours')), { answerHeaders: async () => ({}) })
  const response = { statusCode: 200, setHeader() {}, end() {} }
  await expressGuard(broken)({ headers: {} }, response, (...given) => calls.push(given))
  expect(calls).toEqual([[expect.objectContaining({ message: 'not ours' })]])
})

describe('VAL-15: a preflight', () => {
  const asked = (origin = 'https://app.example.com') =>
    new Request(AUDIENCE, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization, dpop',
      },
    })

  it('names the fields of tokens and needs none', () => {
    const answer = preflight(asked(), { origins: ['https://app.example.com'] })
    expect([answer?.status, answer?.headers.get('access-control-allow-headers')]).toEqual([
      204,
      'Authorization, DPoP, Content-Type',
    ])
    expect(answer?.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
    expect(answer?.headers.get('vary')).toBe('Origin')
  })

  it('allows nobody who is not listed', () => {
    const answer = preflight(asked('https://evil.example.com'), { origins: ['https://app.example.com'] })
    expect([...(answer?.headers ?? [])]).toEqual([['vary', 'Origin']])
    expect(corsHeaders('https://evil.example.com', { origins: '*' })).toMatchObject({
      'access-control-allow-origin': '*',
    })
    expect(corsHeaders(null, { origins: '*' })).toEqual({ vary: 'Origin' })
  })

  it('is nothing else', () => {
    expect(preflight(new Request(AUDIENCE), { origins: '*' })).toBeUndefined()
    expect(preflight(new Request(AUDIENCE, { method: 'OPTIONS' }), { origins: '*' })).toBeUndefined()
  })
})
