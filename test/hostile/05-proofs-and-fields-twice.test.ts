import { once } from 'node:events'
import { createServer, type Http2ServerRequest } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { expressGuard } from '../../src/resource-server/express-guard.ts'
import { fastifyGuard } from '../../src/resource-server/fastify-guard.ts'
import { createGuard, type Guard } from '../../src/resource-server/guard.ts'
import { honoGuard } from '../../src/resource-server/hono-guard.ts'
import { type NodeResponse, nodeGuard } from '../../src/resource-server/node-guard.ts'
import { memoryReplayStore } from '../../src/resource-server/replay-store.ts'
import { sha256 } from '../../src/resource-server/sha256.ts'
import { AUDIENCE, NOW, SECONDS, type TestIssuer, testIssuer } from '../resource-server/test-issuer.ts'
import { http2Get } from '../support/http2-fields.ts'

let as: TestIssuer
let key: CryptoKeyPair
let now: number

beforeAll(async () => {
  as = await testIssuer()
  key = (await generateKeyPair('ES256', { extractable: true })) as CryptoKeyPair
})

beforeEach(() => {
  now = NOW
})

describe('a proof counts once', () => {
  const place = `${AUDIENCE}notes`

  async function proved(iat: number) {
    const jwk = await exportJWK(key.publicKey)
    const token = await as.accessToken({ cnf: { jkt: await calculateJwkThumbprint(jwk) } })
    const claims = { jti: crypto.randomUUID(), htm: 'GET', htu: place, iat, ath: await sha256(token) }
    const proof = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .sign(key.privateKey)
    return { method: 'GET', url: place, headers: { authorization: `DPoP ${token}`, dpop: proof } }
  }

  const guardOf = (dpop = {}, clock = () => now) =>
    createGuard({ issuer: as.issuer, audience: AUDIENCE, fetch: as.fetch, now: clock, dpop })

  const used = (guard: Guard, request: Awaited<ReturnType<typeof proved>>): Promise<string> =>
    guard(request).then(
      () => 'passed',
      ({ reason }) => reason,
    )

  it('also in the very millisecond in which it is forgotten', async () => {
    for (const ahead of [0, 10]) {
      now = NOW
      const guard = guardOf()
      const request = await proved(SECONDS + ahead)
      expect(await used(guard, request)).toBe('passed')
      for (now = NOW + 59_990; now <= NOW + 81_000; now += 1)
        if (now <= NOW + 60_010 || now >= NOW + 69_990) expect(await used(guard, request)).not.toBe('passed')
    }
  })

  it('also in a process whose clock is 10 s behind', async () => {
    const replayStore = memoryReplayStore({ now: () => now })
    const request = await proved(SECONDS + 10)
    const behind = guardOf({ replayStore }, () => now - 10_000)
    expect(await used(guardOf({ replayStore }), request)).toBe('passed')
    for (now = NOW; now <= NOW + 82_000; now += 500) expect(await used(behind, request)).not.toBe('passed')
  })

  it('the store remembers the last millisecond, too', async () => {
    const store = memoryReplayStore({ now: () => now })
    await store.add('a', NOW + 5)
    now = NOW + 5
    expect([await store.add('a', NOW + 9), await store.has('a')]).toEqual([false, true])
    now = NOW + 6
    expect([await store.has('a'), await store.add('a', NOW + 9)]).toEqual([false, true])
  })
})

describe('a second field is seen in HTTP/2', () => {
  type Listener = (request: Http2ServerRequest, response: NodeResponse) => unknown

  const passed = (response: NodeResponse) => {
    response.statusCode = 200
    response.end()
  }

  /** What a Fastify reply does to Node's response. */
  const replyOf = (response: NodeResponse) => ({
    code: (status: number) => {
      response.statusCode = status
    },
    headers: () => {},
    send: () => response.end(),
  })

  const adapters: Record<string, (guard: Guard) => Listener> = {
    node: (guard) => nodeGuard(guard, (_, response) => passed(response)),
    Express: (guard) => {
      const middleware = expressGuard(guard)
      return (request, response) => middleware(request, response, () => passed(response))
    },
    Fastify: (guard) => {
      const hook = fastifyGuard(guard)
      return async (raw, response) => {
        const request: Parameters<typeof hook>[0] = { raw }
        await hook(request, replyOf(response))
        if (request.auth) passed(response)
      }
    },
    'Hono, as its server for Node makes requests': (guard) => {
      const middleware = honoGuard(guard)
      return async ({ rawHeaders }, response) => {
        const headers = new Headers()
        for (let index = 0; index < rawHeaders.length; index += 2)
          if (!rawHeaders[index]?.startsWith(':'))
            headers.append(rawHeaders[index] as string, rawHeaders[index + 1] as string)
        const raw = new Request(`${AUDIENCE}notes`, { headers })
        const refusal = await middleware({ req: { raw }, set: () => {}, header: () => {} }, async () =>
          passed(response),
        )
        if (!refusal) return
        response.statusCode = refusal.status
        response.end()
      }
    },
  }

  /** The status of the answer to a request with these `Authorization` fields. */
  async function served(listener: Listener, authorization: readonly string[]): Promise<number> {
    let answered = (_status: number) => {}
    const status = new Promise<number>((resolve) => {
      answered = resolve
    })
    const server = createServer((request, response) => {
      response.on('finish', () => answered(response.statusCode))
      void listener(request, response as NodeResponse)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    client.write(
      http2Get(
        '/notes',
        authorization.map((value) => ['authorization', value]),
      ),
    )
    try {
      return await status
    } finally {
      client.destroy()
      server.close()
    }
  }

  describe.each(Object.entries(adapters))('by the adapter for %s', (_, adapter) => {
    const guardOf = () =>
      createGuard({ issuer: as.issuer, audience: AUDIENCE, fetch: as.fetch, now: () => now, dpop: {} })

    it.each([
      ['two tokens', 2, 400],
      ['one token', 1, 200],
    ])('%s', async (_, count, status) => {
      const token = await as.accessToken()
      const fields = [`Bearer ${token}`, `Bearer ${await as.accessToken()}`].slice(0, count)
      expect(await served(adapter(guardOf()), fields)).toBe(status)
    })

    it('a good token behind credentials of another scheme', async () => {
      const authorization = ['Basic dXNlcjpzZWNyZXQ=', `Bearer ${await as.accessToken()}`]
      expect(await served(adapter(guardOf()), authorization)).toBe(400)
      expect(await served(adapter(guardOf()), authorization.toReversed())).toBe(400)
    })
  })
})
