import { request } from 'node:http'
import { startLoopbackServer } from '../../examples/demo/loopback-server.ts'

/** An address of its own, in front of servers that are started later. */
export interface FrontServer {
  readonly origin: string
  /** Who gets the requests from now on, in turn. */
  sendTo(...origins: readonly string[]): void
  close(): Promise<void>
}

/** Listens at once: a port that was only found to be free may be taken by the time it is used. */
export async function startFrontServer(): Promise<FrontServer> {
  let behind: readonly string[] = []
  let turn = 0
  const { origin, refuse } = await startLoopbackServer((incoming, response) => {
    const host = behind[turn++ % behind.length]
    if (host === undefined) return void response.writeHead(503).end()

    const { method, url, headers } = incoming
    const sent = request(`${host}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    sent.once('error', () => response.destroy())
    incoming.pipe(sent)
  })

  return {
    origin,
    sendTo(...origins) {
      behind = origins
    },
    close: refuse,
  }
}
