import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** A connection of a server of Node's. */
interface HttpSocket extends Duplex {
  readonly server?: Pick<Server, 'emit'>
}

/** Fields of the offer itself. */
const OFFER = /^(connection|upgrade|http2-settings)$/i

/**
 * Answers a request that offers HTTP/2 over plain HTTP (`Upgrade: h2c`), as Java's client does with every one of its first requests, as if it
 * offered nothing: a server may ignore that (RFC 9110 §7.8). Node takes every request with `Upgrade` for an upgrade where a server has a
 * listener for them. The connection is closed after the answer.
 * @returns whether it was such an offer; then the request is on its way to the server's own listener
 */
export function declinedUpgrade(request: IncomingMessage, socket: HttpSocket, head: Buffer): boolean {
  const { server } = socket
  const isOffer = request.headers.upgrade?.toLowerCase() === 'h2c'
  if (!isOffer || !server) return false
  if (isBusy(socket, request)) {
    socket.destroy()
    return true
  }

  // The server reads it once more, from the beginning.
  socket.unshift(head)
  socket.unshift(Buffer.from(withoutOffer(request), 'latin1'))
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket)
  return true
}

/** Whether an answer to a request before is still on its way there: a second one would overtake it. */
function isBusy(socket: Duplex, request: IncomingMessage): boolean {
  const probe = new ServerResponse(request)
  try {
    probe.assignSocket(socket as Socket)
    probe.detachSocket(socket as Socket)
    return false
  } catch {
    return true
  }
}

function withoutOffer({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`, 'Connection: close']
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    if (!OFFER.test(name)) lines.push(`${name}: ${rawHeaders[at + 1]}`)
  }
  return [...lines, '', ''].join('\r\n')
}
