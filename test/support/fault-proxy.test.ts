import { request } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { httpApi } from './http-api.ts'

const body = 'x'.repeat(200)
let server: Awaited<ReturnType<typeof httpApi>>
let proxy: FaultProxy
beforeAll(async () => {
  server = await httpApi((_, response) => response.writeHead(200, { connection: 'close' }).end(body))
  proxy = await startFaultProxy(Number(new URL(server.origin).port))
})
afterAll(async () => {
  await proxy.stop()
  await server.close()
})

/** One request on a connection of its own, and how it ended. */
function ask(
  limit = 60_000,
): Promise<{ readonly got: string; readonly error: string | undefined; readonly took: number }> {
  const began = performance.now()
  let got = ''
  return new Promise((resolve) => {
    const done = (error?: string) => resolve({ got, error, took: performance.now() - began })
    const sent = request(proxy.origin, { agent: false, method: 'POST', timeout: limit }, (response) => {
      response.on('data', (chunk) => (got += chunk))
      response.on('end', () => done()).on('error', (error: NodeJS.ErrnoException) => done(error.code))
    })
    sent.on('timeout', () => {
      done('timeout')
      sent.destroy()
    })
    sent.on('error', (error: NodeJS.ErrnoException) => done(error.code)).end('hello')
  })
}

/** How many requests the server saw meanwhile. */
async function seen<T>(run: () => Promise<T>): Promise<T & { readonly seen: number }> {
  const before = server.received.length
  const result = await run()
  return { ...result, seen: server.received.length - before }
}

it('lets be what has no fault', async () => {
  expect(await seen(ask)).toMatchObject({ got: body, error: undefined, seen: 1 })
})

it('latency: late both ways', async () => {
  proxy.next({ kind: 'latency', ms: 100 })
  const { took, got } = await ask()
  expect(got).toBe(body)
  expect(took).toBeGreaterThanOrEqual(200)
})

it('reset before: the server never sees it', async () => {
  proxy.next({ kind: 'reset before' })
  expect(await seen(ask)).toMatchObject({ got: '', error: 'ECONNRESET', seen: 0 })
})

it('reset after: the server has done it', async () => {
  proxy.next({ kind: 'reset after' })
  expect(await seen(ask)).toMatchObject({ got: '', error: 'ECONNRESET', seen: 1 })
})

it('drop: done, and closed without an answer', async () => {
  proxy.next({ kind: 'drop' })
  expect(await seen(ask)).toMatchObject({ got: '', error: 'ECONNRESET', seen: 1 })
})

it('hang: done, and nothing more', async () => {
  proxy.next({ kind: 'hang' })
  expect(await seen(() => ask(300))).toMatchObject({ got: '', error: 'timeout', seen: 1 })
})

it('cut: a part of the answer', async () => {
  proxy.next({ kind: 'cut', bytes: 250 })
  const { got, error } = await ask()
  expect(error).toBe('ECONNRESET')
  expect(got.length).toBeGreaterThan(0)
  expect(got.length).toBeLessThan(body.length)
})

it('dribble: all of it, bit by bit', async () => {
  proxy.next({ kind: 'dribble', bytes: 50, ms: 20 })
  const { got, took } = await ask()
  expect(got).toBe(body)
  expect(took).toBeGreaterThanOrEqual(100)
})

it('each fault as often as asked, then the steady one', async () => {
  proxy.next({ kind: 'reset before' }, 2)
  proxy.always({ kind: 'drop' })
  expect([(await seen(ask)).seen, (await seen(ask)).seen, (await ask()).error]).toEqual([0, 0, 'ECONNRESET'])
  proxy.always(undefined)
  expect((await ask()).got).toBe(body)
})

it('down: what is open is reset, and nothing gets through until it is up', async () => {
  const before = server.received.length
  proxy.next({ kind: 'hang' })
  const open = ask()
  await expect.poll(() => server.received.length).toBe(before + 1)
  proxy.down = true
  expect((await open).error).toBe('ECONNRESET')
  expect(await seen(ask)).toMatchObject({ error: 'ECONNRESET', seen: 0 })
  proxy.down = false
  expect((await ask()).got).toBe(body)
})
