import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Fetch } from '../../src/ports.ts'
import { authorizedFetch } from '../../src/requests/authorized-fetch.ts'
import { resourceMatcher } from '../../src/requests/resource-matcher.ts'
import { scriptedTokenSource } from '../support/scripted-token-source.ts'

const post = (body: unknown) => ({ method: 'POST', body, duplex: 'half' }) as RequestInit

describe('a large upload', () => {
  setFlagsFromString('--expose-gc')
  const gc: () => void = runInNewContext('gc')
  const MIB = 2 ** 20
  const SIZE = 200 * MIB
  const server = createServer(async (request, response) => {
    let size = 0
    for await (const chunk of request) size += chunk.length
    response.writeHead(401, { size }).end()
  })
  server.keepAliveTimeout = 60_000
  let origin = ''
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })

  /** The most that was in use at once, bytes, beyond what was before. */
  async function growth(send: (body: ReadableStream) => Promise<Response>) {
    const used = async () => {
      // The memory of buffers is given back in the background, after the collection that found them free.
      for (let round = 0; round < 2; round++) {
        gc()
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      const { heapUsed, external } = process.memoryUsage()
      return heapUsed + external
    }
    const before = await used()
    let produced = 0
    let most = 0
    const response = await send(
      new ReadableStream({
        async pull(controller) {
          if (produced === SIZE) return controller.close()
          controller.enqueue(new Uint8Array(64 * 1024))
          produced += 64 * 1024
          if (produced % (20 * MIB) === 0) most = Math.max(most, (await used()) - before)
        },
      }),
    )
    expect([response.status, response.headers.get('size')]).toEqual([401, `${SIZE}`])
    return most
  }

  function client(fetch: Fetch) {
    const events: unknown[] = []
    return {
      events,
      fetch: authorizedFetch({
        source: scriptedTokenSource(),
        fetch,
        match: resourceMatcher([origin], { insecureLoopback: true }),
        unlisted: 'throw',
        whenSignedOut: 'throw',
        observe: (type, details) => events.push({ type, ...details }),
      }),
    }
  }

  const kinds = {
    'a stream': (fetch: Fetch) => (body: ReadableStream) => fetch(origin, post(body)),
    'a Request': (fetch: Fetch) => (body: ReadableStream) => fetch(new Request(origin, post(body))),
  }

  it.each(Object.entries(kinds))('USE-09: 200 MiB as %s take less than 8 MiB', async (_, kind) => {
    // The platform's part, done without keeping anything.
    const { fetch, events } = client(async (...args) => {
      let size = 0
      const { body } = new Request(...args)
      for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
        size += chunk.byteLength
        await new Promise((resolve) => setImmediate(resolve))
      }
      return new Response(null, { status: 401, headers: { size: `${size}` } })
    })
    expect(await growth(kind(fetch))).toBeLessThan(8 * MIB)
    expect(events).toEqual([{ type: 'retry_impossible', status: 401 }])
  })

  it.each(Object.entries(kinds))('USE-09: 200 MiB as %s to a server take less than 16 MiB', async (_, kind) => {
    // Unless redirects are errors, Node's own fetch keeps a second copy of every streamed body. What the sockets of both ends
    // hold is counted here as well.
    const { fetch: authorized, events } = client((input, init) => fetch(input, { ...init, redirect: 'error' }))
    expect(await growth(kind(authorized))).toBeLessThan(16 * MIB)
    expect(events).toEqual([{ type: 'retry_impossible', status: 401 }])
  })
})
