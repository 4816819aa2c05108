import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Bff } from './create-bff.ts'
import { nodeBff } from './node-listener.ts'
import { nodeUpgrade } from './node-upgrade.ts'

/**
 * How long an idle connection is kept, ms. Load balancers keep theirs for a minute or more. If the server closes one while they begin to use it,
 * they answer 502.
 */
const IDLE = 90_000

/**
 * A server of Node's with the backend in it, requests and WebSockets: `bffServer(bff, app).listen(8080)`. Its `keepAliveTimeout` is 90 s: set a
 * longer one behind a load balancer that keeps idle connections for longer.
 * @param app gets every request that is not the backend's: an Express app, a listener of your own. Default: it is answered 404
 */
export function bffServer(bff: Bff, app?: (request: IncomingMessage, response: ServerResponse) => unknown): Server {
  return createServer({ keepAliveTimeout: IDLE }, nodeBff(bff, app)).on('upgrade', nodeUpgrade(bff))
}
