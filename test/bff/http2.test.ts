import { type ClientHttp2Session, connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { nodeBff } from 'tokenward/bff'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type BffSite, bffSite } from './bff-site.ts'

let site: BffSite
let client: ClientHttp2Session
let cookie: string
const stops: (() => unknown)[] = []

beforeAll(async () => {
  let listener: ReturnType<typeof nodeBff> | undefined
  const server = createServer((request, response) => void listener?.(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  site = await bffSite({ made: (bff) => (listener = nodeBff(bff)) })
  client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  stops.push(
    () => client.close(),
    () => server.close(),
    () => site.stop(),
  )
  cookie = `session=${(await site.signedIn()).cookies.get('session')}`
})
afterAll(async () => {
  for (const stop of stops) await stop()
})
beforeEach(() => void site.asked.splice(0))

/** A request over HTTP/2, whose body is not announced by any field. */
async function ask(method: string, path: string, parts: readonly string[] = []) {
  const fields = { ':method': method, ':path': path, cookie, 'x-tokenward': '1' }
  const stream = client.request(fields, { endStream: parts.length === 0 })
  let status = 0
  stream.once('response', (answer) => {
    status = Number(answer[':status'])
  })
  for (const part of parts) {
    stream.write(part)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  if (parts.length > 0) stream.end()
  return { body: await text(stream), status }
}

it('carries a body that no field announces, as a page streams it over HTTP/2', async () => {
  expect(await ask('POST', '/api/upload', ['one, ', 'two'])).toMatchObject({ status: 200 })
  expect(site.asked).toMatchObject([{ method: 'POST', url: '/v1/upload', body: 'one, two' }])
})

it('knows a request without a body', async () => {
  for (const method of ['POST', 'DELETE', 'GET']) expect(await ask(method, '/api/x')).toMatchObject({ status: 200 })
  expect(site.asked.map(({ method, body, headers }) => [method, body, headers['transfer-encoding']])).toEqual([
    ['POST', '', undefined],
    ['DELETE', '', undefined],
    ['GET', '', undefined],
  ])
  const { body, status } = await ask('GET', '/auth/session')
  expect([status, JSON.parse(body)]).toMatchObject([200, { status: 'signedIn' }])
})

it('BFF-13: tells of the end of the session', async () => {
  const own = await site.signedIn('bob')
  const stream = client.request({
    ':path': '/auth/events',
    cookie: `session=${own.cookies.get('session')}`,
    'x-tokenward': '1',
  })
  let told = ''
  stream.on('data', (part: Buffer) => {
    told += part.toString()
  })
  const ended = new Promise<void>((resolve) => void stream.once('end', resolve))
  await expect.poll(() => told).toContain('"status":"signedIn"')
  await own.ask('/auth/logout', { method: 'POST' })
  await ended
  expect(told).toContain('"status":"signedOut"')
})
