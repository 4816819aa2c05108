import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What becomes of one connection. */
export type ConnectionFault =
  /** Every chunk is `ms` late, in both directions. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** Reset once the request came; the server never sees it. */
  | { readonly kind: 'reset before' }
  /** Reset once the server has answered; the client sees nothing of the answer. */
  | { readonly kind: 'reset after' }
  /** The server's answer is swallowed and the connection closed in good order. */
  | { readonly kind: 'drop' }
  /** The server's answer is swallowed and the connection stays open. */
  | { readonly kind: 'hang' }
  /** Reset after `bytes` of the answer. */
  | { readonly kind: 'cut'; readonly bytes: number }
  /** The answer comes in pieces of `bytes`, `ms` apart. */
  | { readonly kind: 'dribble'; readonly bytes: number; readonly ms: number }

/** A TCP proxy before one server. */
export interface FaultProxy {
  readonly port: number
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  /** How many connections have been made. */
  readonly connections: number
  /** Lets the next `times` connections suffer `fault`. */
  next(fault: ConnectionFault, times?: number): void
  /** Lets every connection without a fault of its own suffer `fault`; `undefined` lets them be. */
  always(fault: ConnectionFault | undefined): void
  /** As long as it is down, connections are reset at once, and those that were open as well. */
  down: boolean
  /** Closes everything. */
  stop(): Promise<void>
}

/** Starts a proxy on a free loopback port before the server on `target`. */
export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const open = new Set<Socket>()
  const queue: ConnectionFault[] = []
  let steady: ConnectionFault | undefined
  let down = false
  let connections = 0

  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    track(client)
    connections++
    if (down) return void client.resetAndDestroy()
    const upstream = track(connect({ port: target, host: '127.0.0.1', allowHalfOpen: true }))
    join(client, upstream, queue.shift() ?? steady)
  })
  const track = (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
    return socket
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    get connections() {
      return connections
    },
    next(fault, times = 1) {
      for (let i = 0; i < times; i++) queue.push(fault)
    },
    always(fault) {
      steady = fault
    },
    get down() {
      return down
    },
    set down(now) {
      down = now
      if (down) for (const socket of open) socket.resetAndDestroy()
    },
    async stop() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function join(client: Socket, server: Socket, fault: ConnectionFault | undefined) {
  const { kind } = fault ?? {}
  const late = fault?.kind === 'latency' ? fault.ms : 0
  const reset = () => {
    client.resetAndDestroy()
    server.destroy()
  }
  const toServer = inOrder(async (chunk: Buffer | undefined) => {
    if (kind === 'reset before') return reset()
    if (late) await sleep(late)
    if (chunk) server.write(chunk)
    else server.end()
  })
  let passed = 0
  const toClient = inOrder(async (chunk: Buffer | undefined) => {
    if (kind === 'reset after') return reset()
    if (kind === 'hang') return
    if (kind === 'drop') return void client.end()
    if (late) await sleep(late)
    if (fault?.kind === 'cut') {
      if (!chunk || passed >= fault.bytes) return
      client.write(chunk.subarray(0, fault.bytes - passed))
      passed += chunk.length
      // A reset at once would take along what was just written.
      if (passed >= fault.bytes) setTimeout(reset, 20)
    } else if (!chunk) client.end()
    else if (fault?.kind === 'dribble') {
      for (let at = 0; at < chunk.length; at += fault.bytes) {
        client.write(chunk.subarray(at, at + fault.bytes))
        await sleep(fault.ms)
      }
    } else client.write(chunk)
  })
  client.on('data', toServer).on('end', () => toServer(undefined))
  server.on('data', toClient).on('end', () => toClient(undefined))
  // Half a connection is no use to the other half.
  client.on('close', () => server.destroy())
  server.on('close', (failed) => failed && client.resetAndDestroy())
}

/** Calls of what is returned run one after the other. */
function inOrder<T>(run: (value: T) => Promise<void>): (value: T) => void {
  let last = Promise.resolve()
  return (value) => {
    last = last.then(() => run(value))
  }
}
