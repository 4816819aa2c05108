import type { RequestListener } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type BffSite, bffSite, type Visitor } from '../bff/bff-site.ts'

const SIZE = 96 * 2 ** 20
const CHUNK = 2 ** 18
/** Buffers of sockets and streams hold some of it, more on a busy machine; a copy somewhere would be all of it. */
const ON_ITS_WAY = SIZE / 2

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** Bytes in buffers that something still holds. */
function held(): number {
  collectGarbage()
  const { arrayBuffers } = process.memoryUsage()
  return arrayBuffers
}

let before = 0
let atTheEnd = 0
const api: RequestListener = async (request, response) => {
  let size = 0
  if (request.method === 'POST') {
    for await (const chunk of request) {
      size += chunk.length
      // Everything was sent, and nobody has an answer yet.
      if (size === SIZE) atTheEnd = held()
    }
    response.end(String(size))
    return
  }
  for (let sent = 0; sent < SIZE; sent += CHUNK)
    if (!response.write(Buffer.alloc(CHUNK))) await new Promise((resolve) => response.once('drain', resolve))
  response.end()
}

let site: BffSite
let alice: Visitor
beforeAll(async () => {
  site = await bffSite({ api, bff: (url) => ({ api: { '/api': { url, maxBodySize: SIZE } } }) })
  alice = await site.signedIn()
  await alice.ask('/api/warm', { method: 'POST', body: 'x' })
  before = held()
})
afterAll(() => site?.stop())

it('a body that goes to an API is in memory nowhere as a whole', async () => {
  let sent = 0
  const body = new ReadableStream(
    {
      pull(controller) {
        if (sent === SIZE) controller.close()
        else controller.enqueue(new Uint8Array(CHUNK))
        sent += CHUNK
      },
    },
    { highWaterMark: 0 },
  )
  // This caller keeps no copy either, in case it were redirected.
  const init = { method: 'POST', body, duplex: 'half', redirect: 'error' } as RequestInit
  const headers = { cookie: `session=${alice.cookies.get('session')}`, 'x-tokenward': '1' }
  const answer = await fetch(`${site.origin}/api/sink`, { ...init, headers })
  expect(await answer.text()).toBe(String(SIZE))
  expect(atTheEnd - before).toBeLessThan(ON_ITS_WAY)
})

it('an answer that nobody reads is not fetched ahead', async () => {
  const answer = await alice.ask('/api/source')
  const reader = answer.body!.getReader()
  let read = (await reader.read()).value?.length ?? 0
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(held() - before).toBeLessThan(ON_ITS_WAY)
  for (let part = await reader.read(); !part.done; part = await reader.read()) read += part.value.length
  expect(read).toBe(SIZE)
})
