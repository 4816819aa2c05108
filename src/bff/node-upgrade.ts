import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import type { Bff } from './create-bff.ts'
import { declinedUpgrade } from './declined-upgrade.ts'
import { requestOf } from './node-listener.ts'
import { Refused } from './refusal.ts'
import type { AllowedSocket } from './web-socket.ts'

/** A connection to an API that is now a WebSocket, with the API's answer and the first bytes that came after it. */
interface Upgraded {
  readonly answer: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

/** A listener for the event `upgrade` of a Node server. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown

/**
 * After how much silence the system asks whether the other end is still there, in milliseconds. A page that went away without a word, such as on a
 * phone that lost its network, would otherwise hold its connections without limit.
 */
const SILENCE = 60_000

/**
 * Connects WebSockets of the page with the APIs that have `webSockets: true`: `server.on('upgrade', nodeUpgrade(bff))`. A WebSocket is closed
 * when the session ends. A request that only offers HTTP/2 (`Upgrade: h2c`) is answered like any other.
 * @param next called with every upgrade that is not for the backend. Default: the connection is closed
 */
export function nodeUpgrade(
  bff: Bff,
  next: UpgradeListener = (_, socket) => socket.destroy(),
): (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void> {
  return async (request, socket, head) => {
    if (declinedUpgrade(request, socket, head)) return
    socket.on('error', () => socket.destroy())
    let unwatch = () => {}
    try {
      const asked = requestOf(bff, request)
      if (!asked) {
        next(request, socket, head)
        return
      }

      unwatch = watch(socket)
      const allowed = await bff.openSocket(asked)
      if (socket.destroyed) return

      // Done before the request to the API, because the session may have too many connections, or end in the meantime.
      const unbind = allowed.bind(() => socket.destroy())
      socket.once('close', unbind)
      const upgraded = await connected(allowed, socket)
      unwatch()
      join(socket, head, upgraded)
    } catch (error) {
      unwatch()
      refuse(socket, bff.refused(error, request.url))
    }
  }
}

/**
 * Closes the connection as soon as the page has closed its end. Until both ends are joined nobody reads from the page, so nobody else would notice.
 * What the page sends too early stays in the stream.
 * @returns a function that ends this
 */
function watch(page: Duplex): () => void {
  const look = () => {
    if (page.readableLength === 0) page.read()
  }
  const leave = () => page.destroy()
  page.on('readable', look)
  page.once('end', leave)

  return () => {
    page.off('readable', look)
    page.off('end', leave)
  }
}

/** Sends the handshake to the API. If the API refuses the token, it is sent once more with a new one. */
async function connected(allowed: AllowedSocket, page: Duplex): Promise<Upgraded> {
  const first = await attempt(allowed, page, false)
  const upgraded = first ?? (await attempt(allowed, page, true))
  if (upgraded?.answer.headers['sec-websocket-accept'] === allowed.accept) return upgraded

  upgraded?.socket.destroy()
  throw new Refused(502, 'api_answer_unusable', 'The API did not open the WebSocket')
}

/** Sends the handshake once. Gives `undefined` if the API refuses the token. */
async function attempt(allowed: AllowedSocket, page: Duplex, again: boolean): Promise<Upgraded | undefined> {
  const { url, timeout } = allowed
  const headers = await allowed.fields(again)
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest
    const sent: ClientRequest = send(url, { headers, agent: false, timeout })

    const gone = () => sent.destroy()
    page.once('close', gone)
    if (page.destroyed) gone()

    sent.once('upgrade', (answer, socket, head) => {
      page.off('close', gone)
      resolve({ answer, socket, head })
    })
    sent.once('response', (answer) => {
      answer.resume()
      sent.destroy()
      if (answer.statusCode === 401 && !again) resolve(undefined)
      else reject(new Refused(502, 'api_answer_unusable', `The API answered the handshake with ${answer.statusCode}`))
    })
    sent.once('timeout', () => {
      reject(new Refused(504, 'api_timeout', `The API did not answer within ${timeout} ms`))
      sent.destroy()
    })
    sent.once('error', (error) =>
      reject(new Refused(502, 'api_unreachable', 'The API could not be reached', {}, error)),
    )
    sent.end()
  })
}

/** A connection that can ask whether its other end is still there: each one of Node's servers and requests. */
interface Probing extends Duplex {
  setKeepAlive?(enable: boolean, initialDelay: number): unknown
}

function join(page: Probing, early: Buffer, { answer, socket, head }: Upgraded): void {
  // Both ends are closed without a closing handshake: it cannot be sent in the middle of a message.
  const end = () => {
    page.destroy()
    socket.destroy()
  }
  for (const one of [page, socket] as readonly Probing[]) {
    one.setKeepAlive?.(true, SILENCE)
    one.once('close', end)
    one.on('error', end)
  }

  const told = ['sec-websocket-accept', 'sec-websocket-protocol', 'sec-websocket-extensions'].flatMap((name) => {
    const value = answer.headers[name]
    return typeof value === 'string' ? [`${name}: ${value}`] : []
  })
  page.write(
    ['HTTP/1.1 101 Switching Protocols', 'connection: Upgrade', 'upgrade: websocket', ...told, '', ''].join('\r\n'),
  )
  if (head.length > 0) page.write(head)
  if (early.length > 0) socket.write(early)

  page.pipe(socket)
  socket.pipe(page)
}

function refuse(socket: Duplex, { status, message, fields }: Refused): void {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  const body = `${message}\n`
  const length = `content-length: ${Buffer.byteLength(body)}`
  const answer = [`HTTP/1.1 ${status} Refused`, 'connection: close', length, ...lines, '', body].join('\r\n')

  // Node's time limits do not count here any more. A page that does not close its end, or has sent more, would hold the connection.
  socket.resume()
  socket.end(answer, () => socket.destroy())
}
