import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** A connection of a Node server. */
interface HttpSocket extends Duplex {
  readonly server?: Pick<Server, 'emit'>
}

/** The header fields that make the offer. */
const OFFER = /^(connection|upgrade|http2-settings)$/i

/**
 * Answers a request that offers HTTP/2 over plain HTTP (`Upgrade: h2c`) like any other request. Java's client makes this offer with its first
 * request, and a server may ignore it (RFC 9110 §7.8). A server of Node's that listens to upgrades does not answer such a request by itself. The
 * connection is closed after the answer.
 * @returns whether the request made this offer; if so, the server's own listener gets the request
 */
export function declinedUpgrade(request: IncomingMessage, socket: HttpSocket, head: Buffer): boolean {
  const { server } = socket
  const isOffer = request.headers.upgrade?.toLowerCase() === 'h2c'
  if (!isOffer || !server) return false

  if (isBusy(socket, request)) {
    socket.destroy()
    return true
  }

  // The server reads the request again from the beginning.
  socket.unshift(head)
  socket.unshift(Buffer.from(withoutOffer(request), 'latin1'))
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket)
  return true
}

/** Whether the answer to an earlier request on this connection is not complete yet. The new answer would be sent before it. */
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
