import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Bff } from './create-bff.ts'
import { nodeBff } from './node-listener.ts'
import { nodeUpgrade, type UpgradeListener } from './node-upgrade.ts'

/**
 * How long an idle connection stays open, in milliseconds. A load balancer keeps its idle connections for a minute or more. If the server
 * closes one of them first, just when the load balancer sends a request on it, the browser gets 502.
 */
const IDLE = 90_000

/**
 * How long a request may take to arrive, in milliseconds. Node's own limit, 300 s, ends slow uploads. Without any limit a client that sends nothing more
 * would hold its connection for ever.
 */
const UPLOAD = 3_600_000

/** The time for the header fields, in milliseconds: as Node has it. */
const FIELDS = 60_000

/**
 * Makes a Node server that gives requests and WebSockets to the backend: `bffServer(bff, app).listen(8080)`. Its `keepAliveTimeout` is 90 s. If
 * your load balancer keeps idle connections for longer, set a longer one. Its `requestTimeout` is an hour: the longest that an upload may take.
 * @param app called with every request that is not for the backend: an Express app, or a listener of your own. Default: such requests get 404
 * @param upgrade called with every WebSocket and other upgrade that is not for the backend. `() => {}` leaves them to listeners that you add to the
 *   server. Default: the connection is closed
 */
export function bffServer(
  bff: Bff,
  app?: (request: IncomingMessage, response: ServerResponse) => unknown,
  upgrade?: UpgradeListener,
): Server {
  const limits = { keepAliveTimeout: IDLE, requestTimeout: UPLOAD, headersTimeout: FIELDS }
  return createServer(limits, nodeBff(bff, app)).on('upgrade', nodeUpgrade(bff, upgrade))
}
