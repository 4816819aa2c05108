import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Bff } from './create-bff.ts'
import { nodeBff } from './node-listener.ts'
import { nodeUpgrade } from './node-upgrade.ts'

/**
 * A server of Node's with the backend in it, requests and WebSockets: `bffServer(bff, app).listen(8080)`.
 * @param app gets every request that is not the backend's: an Express app, a listener of your own. Default: it is answered 404
 */
export function bffServer(bff: Bff, app?: (request: IncomingMessage, response: ServerResponse) => unknown): Server {
  return createServer(nodeBff(bff, app)).on('upgrade', nodeUpgrade(bff))
}
