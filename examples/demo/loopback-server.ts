import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An HTTP server on 127.0.0.1 that can go away and come back on the same port. */
export interface LoopbackServer {
  readonly port: number
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  /** Closes every connection and refuses new ones. */
  refuse(): Promise<void>
  /** Listens again. */
  accept(): Promise<void>
}

/**
 * Listens on a loopback port.
 * @param handler gets every request; give a function that looks up the real one when that is known only later
 * @param port 0 (default) takes a free one
 */
export async function startLoopbackServer(handler: RequestListener, port = 0): Promise<LoopbackServer> {
  const server = createServer(handler)
  const listen = (on: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(on, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  await listen(port)
  const { port: taken } = server.address() as AddressInfo
  return {
    port: taken,
    origin: `http://127.0.0.1:${taken}`,
    async refuse() {
      if (!server.listening) return
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
    async accept() {
      if (!server.listening) await listen(taken)
    },
  }
}
