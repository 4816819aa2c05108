import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { type Bff, expressBff, fastifyBff, honoBff, nextBff, nodeBff } from 'tokenward/bff'
import { describe, expect, it } from 'vitest'
import { sendRaw } from './raw-request.ts'
import { unreachedBff } from './unreached-bff.ts'

const bff = unreachedBff()

interface Site {
  readonly origin: string
  close(): unknown
}

const sites: Record<string, (bff: Bff) => Promise<Site>> = {
  async node(bff) {
    const server = createServer(
      nodeBff(bff, (request: IncomingMessage, response: ServerResponse) => response.end(`app ${request.url}`)),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return {
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () => server.close(),
    }
  },
  async express(bff) {
    const app = express()
    app.use(expressBff(bff))
    app.use(express.json())
    app.use((request, response) => void response.send(`app ${request.url}`))
    const server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return {
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () => server.close(),
    }
  },
  async fastify(bff) {
    const app = fastify()
    app.addHook('onRequest', fastifyBff(bff))
    app.get('/*', async (request) => `app ${request.url}`)
    return { origin: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() }
  },
}

describe.each(Object.entries(sites))('on %s', (_, start) => {
  it('answers what is its own, and hands on what is not', async () => {
    const { origin, close } = await start(bff)
    try {
      const own = [
        ['x-tokenward', '1'],
        ['sec-fetch-site', 'same-origin'],
      ] as const
      const session = await sendRaw(origin, { path: '/auth/session', fields: own })
      expect([session.status, JSON.parse(session.body)]).toEqual([200, { status: 'signedOut', reason: 'none' }])
      const call = { method: 'POST', path: '/api/x', body: '{}', fields: [...own, ['content-length', '2']] } as const
      expect((await sendRaw(origin, call)).status).toBe(401)
      expect((await sendRaw(origin, { path: '/api/x' })).status).toBe(403)
      expect((await sendRaw(origin, { path: '/api/x/../y', fields: own })).status).toBe(400)
      expect(
        (await sendRaw(origin, { method: 'POST', path: '/auth/logout', fields: own })).fields['set-cookie'],
      ).toEqual([expect.stringContaining('__Host-session=;')])
      expect((await sendRaw(origin, { path: '/page' })).body).toBe('app /page')
    } finally {
      await close()
    }
  })
})

describe('on a platform of Request and Response', () => {
  const ask = (path: string) =>
    new Request(`https://app.example${path}`, { headers: { 'x-tokenward': '1', 'sec-fetch-site': 'same-origin' } })

  it('Hono: answers what is its own, and hands on what is not', async () => {
    const app = new Hono()
    app.use(honoBff(bff))
    app.get('/page', (context) => context.text('app'))
    expect(await (await app.fetch(ask('/auth/session'))).json()).toEqual({ status: 'signedOut', reason: 'none' })
    expect((await app.fetch(ask('/api/x'))).status).toBe(401)
    expect(await (await app.fetch(ask('/page'))).text()).toBe('app')
  })

  it('Next.js: has a handler for every method', async () => {
    const handlers = nextBff(bff)
    expect((await handlers.GET(ask('/auth/session'))).status).toBe(200)
    expect((await handlers.DELETE(ask('/api/x'))).status).toBe(401)
    expect((await handlers.POST(ask('/elsewhere'))).status).toBe(404)
  })
})

it('that comes too late, as something else has answered, ends the connection and nothing else', async () => {
  let answering: Promise<void> | undefined
  const server = createServer((request, response) => {
    answering = nodeBff(bff)(request, response)
    response.writeHead(503).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const answer = await sendRaw(`http://127.0.0.1:${port}`, { path: '/auth/session' })
  expect(answer.status).toBe(503)
  await expect(answering).resolves.toBeUndefined()
  server.close()
})

it('in the wrong place says so: something has read the body before', async () => {
  const app = express()
  app.use(express.json())
  app.use(expressBff(bff))
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const answer = await sendRaw(`http://127.0.0.1:${port}`, {
    method: 'POST',
    path: '/api/x',
    body: '{}',
    fields: [
      ['x-tokenward', '1'],
      ['content-type', 'application/json'],
      ['content-length', '2'],
    ],
  })
  server.close()
  expect([answer.status, answer.body]).toEqual([500, expect.stringContaining('before whatever parses bodies')])
})
