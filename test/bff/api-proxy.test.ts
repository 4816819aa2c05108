import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { BffRefusal } from '../../src/bff/refusal.ts'
import { manualClock } from '../support/manual-clock.ts'
import { type BffSite, bffSite, type Visitor } from './bff-site.ts'
import { sendRaw } from './raw-request.ts'

/** The `fetch` of Node, which waits only `limit` milliseconds for the header fields of the API's answer, and not 300 000. */
function impatientFetch(limit: number): typeof fetch {
  const place = globalThis as unknown as Record<symbol, { constructor: new (options: object) => unknown }>
  const agent = place[Symbol.for('undici.globalDispatcher.1')]
  const dispatcher = agent && new agent.constructor({ headersTimeout: limit })
  return (input, init) => {
    const isForApi = new URL(input instanceof Request ? input.url : input).pathname.startsWith('/v1/')
    return fetch(input, { ...init, ...(isForApi && { dispatcher }) } as RequestInit)
  }
}

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown

const clock = manualClock()
const refusals: BffRefusal[] = []
let answer: Answer
let seen: IncomingMessage[] = []
let site: BffSite
let alice: Visitor

const plain: Answer = (request, response) => {
  request.resume()
  response.end('fine')
}

beforeAll(async () => {
  site = await bffSite({
    api: (request, response) => {
      seen.push(request)
      // An API whose caller went away has nothing more to do.
      Promise.resolve(answer(request, response)).catch(() => {})
    },
    bff: (api) => ({
      api: {
        '/api': { url: `${api}/v1`, requestFields: ['X-Api-Version'], setCookies: ['theme'], maxBodySize: 200_000 },
        '/api/deep': `${api}/deep/`,
      },
      clock,
      onRefusal: (refusal) => refusals.push(refusal),
    }),
  })
  alice = await site.signedIn()
})
afterAll(() => site?.stop())
beforeEach(() => {
  answer = plain
})
afterEach(() => {
  seen = []
  refusals.splice(0)
})

/** A body that Alice's page sends part by part. */
function upload() {
  const body = new TransformStream<Uint8Array, Uint8Array>()
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: body.readable, duplex: 'half' }
  return { parts: body.writable.getWriter(), asked: alice.ask('/api/x', init) }
}

const fieldsOf = (request: IncomingMessage | undefined) => request?.headers ?? {}

describe('a request of the page', () => {
  it.each([
    ['/api', '/v1'],
    ['/api/', '/v1/'],
    ['/api/a%20b/c?q=%2F&r=1', '/v1/a%20b/c?q=%2F&r=1'],
    ['/api/a%5Eb', '/v1/a%5Eb'],
    ['/api/deep', '/deep/'],
    ['/api/deep/er', '/deep/er'],
    ['/api/deeper', '/v1/deeper'],
  ])('to %s goes to %s of the API', async (path, url) => {
    expect((await alice.ask(path)).status).toBe(200)
    expect(seen.map((one) => one.url)).toEqual([url])
  })

  // Chromium escapes `^` in a path and older Safaris do not; Node does since 24. The same goes for the others somewhere.
  it.each(['^', '|', '"', '`', '{', '}', '<', '>'])(
    'to a path with %s is the same whoever escapes it',
    async (sign) => {
      const own = [
        ['x-tokenward', '1'],
        ['cookie', `session=${alice.cookies.get('session')}`],
      ] as const
      for (const path of [
        `/api/a${sign}b?q=${sign}`,
        `/api/a${encodeURIComponent(sign)}b?q=${encodeURIComponent(sign)}`,
      ])
        expect([path, (await sendRaw(site.origin, { path, fields: own })).status]).toEqual([path, 200])
      expect(new Set(seen.map(({ url }) => decodeURIComponent(url ?? '')))).toEqual(
        new Set([`/v1/a${sign}b?q=${sign}`]),
      )
    },
  )

  it.each(['/apis', '/api.json', '/Api', '/v1', '/'])('to %s is not ours', async (path) => {
    expect((await alice.ask(path)).status).toBe(404)
    expect(seen).toEqual([])
  })

  it('BFF-08 STO-16: carries the token of the session, and neither cookies nor anything else that the browser says of itself', async () => {
    const headers = {
      authorization: 'Basic attacker',
      dpop: 'proof',
      origin: site.origin,
      referer: `${site.origin}/page`,
      forwarded: 'for=1.2.3.4',
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-host': 'evil.example',
      'x-original-url': '/admin',
      'x-rewrite-url': '/admin',
      'x-http-method-override': 'DELETE',
      'x-real-ip': '1.2.3.4',
      'proxy-authorization': 'Basic attacker',
      'x-unlisted': '1',
      'x-api-version': '2',
      accept: 'text/plain',
      'if-none-match': '"1"',
      'cache-control': 'max-age=0',
    }
    expect((await alice.ask('/api/x', { headers })).status).toBe(200)
    const { authorization, 'user-agent': _, host, connection, ...others } = fieldsOf(seen[0])
    expect(authorization).toMatch(/^Bearer ey/)
    expect(host).toBe(new URL(site.api).host)
    expect(connection).toBe('keep-alive')
    expect(others).toEqual({
      accept: 'text/plain',
      'accept-encoding': 'identity',
      'accept-language': '*',
      'cache-control': 'max-age=0',
      pragma: 'no-cache',
      'if-none-match': '"1"',
      'sec-fetch-mode': 'cors',
      'x-api-version': '2',
    })
  })

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])('keeps its method %s', async (method) => {
    expect((await alice.ask('/api/x', { method })).status).toBe(200)
    expect(seen[0]?.method).toBe(method)
  })

  it('is sent again with a new token when the API refuses the token, if its body is short', async () => {
    const bodies: string[] = []
    answer = async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      bodies.push(body)
      if (bodies.length > 1) return response.end('fine')
      return response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end()
    }
    const answered = await alice.ask('/api/x', { method: 'POST', body: 'short' })
    expect([answered.status, bodies]).toEqual([200, ['short', 'short']])
    const [first, second] = seen.map((one) => one.headers.authorization)
    expect(first).not.toBe(second)
  })

  it('is not sent again if its body was streamed, and the answer says so', async () => {
    answer = async (request, response) => {
      for await (const _ of request);
      response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end()
    }
    const answered = await alice.ask('/api/x', { method: 'POST', body: 'x'.repeat(100_000) })
    expect([answered.status, answered.headers.get('x-tokenward'), seen.length]).toEqual([401, 'not_repeated', 1])
    expect(answered.headers.has('www-authenticate')).toBe(false)
  })

  it('with a longer body than is allowed is 413, whether it says so or not', async () => {
    const announced = await alice.ask('/api/x', { method: 'POST', body: 'x'.repeat(200_001) })
    expect([announced.status, seen.length]).toEqual([413, 0])
    answer = async (request, response) => {
      for await (const _ of request);
      response.end()
    }
    const body = new ReadableStream({
      start(controller) {
        for (let part = 0; part < 3; part++) controller.enqueue(new Uint8Array(100_000))
        controller.close()
      },
    })
    const streamed = await alice.ask('/api/x', { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect([streamed.status, await streamed.json()]).toMatchObject([413, { code: 'body_too_large' }])
  })

  it('flows through while it is being sent', async () => {
    let first = (_: string) => {}
    const arrived = new Promise<string>((resolve) => {
      first = resolve
    })
    answer = async (request, response) => {
      for await (const chunk of request) first(String(chunk))
      response.end()
    }
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode('first'))
        // The rest waits until the API has the beginning.
        await arrived
        controller.close()
      },
    })
    const answered = await alice.ask('/api/x', { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect([answered.status, await arrived]).toEqual([200, 'first'])
  })

  it('the page gave up ends at the API as well', async () => {
    const gone = new Promise<void>((resolve) => {
      answer = (_, response) => response.once('close', resolve)
    })
    const controller = new AbortController()
    const asked = alice.ask('/api/x', { signal: controller.signal }).catch(() => {})
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort()
    await Promise.all([asked, gone])
  })
})

describe('an answer of the API', () => {
  it('goes through with status and fields, but for those that speak for the whole site', async () => {
    answer = (_, response) =>
      response
        .writeHead(418, {
          etag: '"1"',
          'x-total': '7',
          'content-type': 'text/csv',
          'set-cookie': ['session=planted; Path=/', 'theme=dark; Domain=example.com; Path=/', '__Host-session=planted'],
          'clear-site-data': '"cookies"',
          'strict-transport-security': 'max-age=0',
          'access-control-allow-origin': '*',
          'service-worker-allowed': '/',
          'www-authenticate': 'Basic realm="api"',
          'x-tokenward': 'ERR_SIGNED_OUT',
          refresh: '0;url=https://evil.example',
          server: 'secret/1.0',
        })
        .end('body')
    const { status, headers } = await alice.ask('/api/x')
    const { date: _, connection: __, 'keep-alive': ___, ...fields } = Object.fromEntries(headers)
    expect([status, headers.getSetCookie()]).toEqual([418, ['theme=dark; Path=/']])
    expect(fields).toEqual({
      etag: '"1"',
      'x-total': '7',
      'content-type': 'text/csv',
      'set-cookie': 'theme=dark; Path=/',
      'transfer-encoding': 'chunked',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      vary: 'cookie, x-tokenward',
    })
  })

  it.each([
    ['max-age=60', 'private, max-age=60'],
    ['max-age=60, must-revalidate', 'private, max-age=60, must-revalidate'],
    ['public, max-age=60', 'public, max-age=60'],
    ['private', 'private'],
  ])('that says %s may be kept as one with a token could: %s', async (control, told) => {
    answer = (_, response) => response.writeHead(200, { 'cache-control': control }).end()
    expect((await alice.ask('/api/x')).headers.get('cache-control')).toBe(told)
  })

  it('flows through while it comes', async () => {
    let go = () => {}
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
      go = () => response.end('data: 2\n\n')
    }
    const { body } = await alice.ask('/api/x')
    const reader = body!.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('data: 1\n\n')
    go()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('data: 2\n\n')
  })

  it('that nobody reads on ends at the API', async () => {
    const gone = new Promise<void>((resolve) => {
      answer = (_, response) => {
        response.once('close', resolve)
        response.writeHead(200).write('begun')
      }
    })
    const { body } = await alice.ask('/api/x')
    await body?.cancel()
    await gone
  })

  it('that comes compressed all the same is handed on as it is meant', async () => {
    answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('text'))
    const answered = await alice.ask('/api/x')
    expect([await answered.text(), answered.headers.get('content-encoding')]).toEqual(['text', null])
  })

  it('in a coding that nobody asked for is refused', async () => {
    answer = (_, response) => response.writeHead(200, { 'content-encoding': 'compress' }).end('?')
    expect((await alice.ask('/api/x')).status).toBe(502)
  })

  it('that redirects within the API leads the page to its own path', async () => {
    answer = (request, response) =>
      response.writeHead(303, { location: `http://${request.headers.host}/v1/new?n=1` }).end()
    const answered = await alice.ask('/api/x', { method: 'POST' })
    expect([answered.status, answered.headers.get('location')]).toEqual([303, '/api/new?n=1'])
    answer = (_, response) => response.writeHead(201, { location: 'new' }).end()
    expect((await alice.ask('/api/x', { method: 'POST' })).headers.get('location')).toBe('/api/new')
  })

  it('that redirects a body which was streamed is refused: only a copy of all of it could be sent again', async () => {
    answer = async (request, response) => {
      for await (const _ of request);
      response.writeHead(303, { location: '/v1/new' }).end()
    }
    const answered = await alice.ask('/api/x', { method: 'POST', body: 'x'.repeat(100_000) })
    expect([answered.status, seen.length]).toEqual([502, 1])
  })

  it('BFF-09: that redirects to another place is not followed: it could be one that only this host reaches', async () => {
    for (const location of [
      'http://169.254.169.254/latest',
      '/admin',
      '//evil.example/v1/x',
      '/v1/..%2fadmin',
      '/v10',
    ]) {
      answer = (_, response) => response.writeHead(302, { location }).end()
      const answered = await alice.ask('/api/x')
      expect([location, answered.status, answered.headers.get('location')]).toEqual([location, 502, null])
    }
    expect(seen).toHaveLength(5)
  })

  it.each([199, 600, 999])('with the status %i, which HTTP does not know, is refused', async (status) => {
    answer = (request) => {
      request.socket.end(`HTTP/1.1 ${status} Denied\r\nContent-Length: 2\r\n\r\n{}`)
    }
    const answered = await alice.ask('/api/x')
    expect([answered.status, answered.headers.get('x-tokenward')]).toEqual([502, expect.stringMatching(/^api_/)])
  })

  it('that does not come in time is 504', async () => {
    answer = () => {}
    const asked = alice.ask('/api/x')
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await clock.advance(30_000)
    expect([(await asked).status, refusals.map(({ code }) => code)]).toEqual([504, ['api_timeout']])
  })

  it("that takes longer than the platform's fetch waits is 504, too", async () => {
    const silent = await bffSite({ api: () => {}, pool: { fetch: impatientFetch(100) } })
    try {
      const { status, headers } = await (await silent.signedIn()).ask('/api/x')
      expect([status, headers.get('x-tokenward')]).toEqual([504, 'api_timeout'])
    } finally {
      await silent.stop()
    }
  })

  it('may take longer while the request is still on its way', async () => {
    let arrived = 0
    answer = (request, response) => {
      request.on('data', (part) => {
        arrived += part.length
      })
      request.once('end', () => response.end('{}'))
    }
    const { parts, asked } = upload()
    for (let part = 1; part <= 5; part++) {
      await parts.write(new Uint8Array(10))
      while (arrived < 10 * part) await new Promise((resolve) => setTimeout(resolve, 5))
      await clock.advance(20_000)
    }
    await parts.close()
    expect((await asked).status).toBe(200)
  })

  it('may come while the request is still on its way, and lasts as long as it lasts', async () => {
    answer = (request, response) => {
      response.write('begun')
      request.resume().once('end', () => response.end(', and done'))
    }
    const { parts, asked } = upload()
    await parts.write(new Uint8Array(10))
    const answered = await asked
    await parts.write(new Uint8Array(10))
    await clock.advance(60_000)
    await parts.close()
    expect(await answered.text()).toBe('begun, and done')
  })

  it('with a field that HTTP does not allow is refused, and the next call is answered', async () => {
    answer = (request) => {
      request.socket.end('HTTP/1.1 200 OK\r\nX-One: a\u0001b\r\nContent-Length: 2\r\n\r\n{}')
    }
    expect((await alice.ask('/api/x')).status).toBe(502)
    answer = plain
    expect((await alice.ask('/api/x')).status).toBe(200)
  })

  it('that breaks off before it began is 502, and later breaks off here, too', async () => {
    answer = (request) => request.socket.destroy()
    expect((await alice.ask('/api/x')).status).toBe(502)
    answer = (request, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('12345')
      setTimeout(() => request.socket.destroy(), 20)
    }
    await expect(alice.ask('/api/x').then((answered) => answered.text())).rejects.toThrow()
  })

  it('that asks for a stronger sign-in tells the page which', async () => {
    answer = (_, response) =>
      response
        .writeHead(401, {
          'www-authenticate': 'Bearer error="insufficient_user_authentication", acr_values="gold", max_age="60"',
        })
        .end()
    const answered = await alice.ask('/api/x')
    expect([answered.status, await answered.json()]).toMatchObject([
      401,
      { code: 'ERR_STEP_UP_REQUIRED', acrValues: ['gold'], maxAge: 60_000 },
    ])
  })
})
