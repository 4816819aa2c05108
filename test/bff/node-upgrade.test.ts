import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { type AllowedSocket, type Bff, nodeUpgrade } from 'tokenward/bff'
import { afterAll, beforeAll, expect, it } from 'vitest'

const accept = 'the answer to the key'
let opened = 0
const api = createServer().on('upgrade', (_, socket) => {
  opened++
  const fields = ['Connection: Upgrade', 'Upgrade: websocket', `Sec-WebSocket-Accept: ${accept}`]
  socket.write(['HTTP/1.1 101 Switching Protocols', ...fields, '', ''].join('\r\n'))
})
beforeAll(() => new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve)))
afterAll(() => void api.close())

it.each(['while it is judged', 'while there is no token yet', 'never'])('a page that goes away %s', async (when) => {
  const page = new PassThrough()
  const leave = async (at: string) => {
    if (at === when) page.destroy()
    await setImmediate()
  }
  let isBound = false
  const allowed: AllowedSocket = {
    url: `http://127.0.0.1:${(api.address() as AddressInfo).port}/x`,
    timeout: 5_000,
    accept,
    async fields() {
      await leave('while there is no token yet')
      return { connection: 'Upgrade', upgrade: 'websocket' }
    },
    bind() {
      isBound = true
      return () => {
        isBound = false
      }
    },
  }
  const bff: object = {
    origin: 'https://app.example',
    handles: () => true,
    async openSocket() {
      await leave('while it is judged')
      return allowed
    },
    refused: () => ({ status: 502, message: '', fields: {} }),
  }
  const request: object = { method: 'GET', url: '/x', rawHeaders: [], headers: {} }
  opened = 0
  await nodeUpgrade(bff as Bff)(request as IncomingMessage, page, Buffer.alloc(0))
  expect([opened, isBound]).toEqual(when === 'never' ? [1, true] : [0, false])
  page.destroy()
  await expect.poll(() => isBound).toBe(false)
})
