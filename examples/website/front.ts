import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { startLoopbackServer } from '../demo/loopback-server.ts'

/** An address of its own, in front of servers that are started later. In production a load balancer does this. */
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
    if (host === undefined) response.writeHead(503).end()
    else handOn(incoming, response, host)
  })

  return {
    origin,
    sendTo(...origins) {
      behind = origins
    },
    close: refuse,
  }
}

function handOn(incoming: IncomingMessage, response: ServerResponse, host: string): void {
  const { method, url, headers } = incoming
  const sent = request(`${host}${url}`, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
    answer.once('error', () => response.destroy())
  })
  sent.once('error', () => response.destroy())
  // An event stream ends with the page that reads it.
  response.once('close', () => sent.destroy())
  incoming.pipe(sent)
}
