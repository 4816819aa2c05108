import type { Bff } from './create-bff.ts'
import { Refused, refusalAsText } from './refusal.ts'

/** What the backend needs of Node's `IncomingMessage`, or of HTTP/2's `Http2ServerRequest`. */
export interface NodeRequestLike {
  /** As in the request line. */
  readonly method?: string | undefined
  /** As in the request line; Express keeps what it was before a router shortened it. */
  readonly url?: string | undefined
  /** Express's. */
  readonly originalUrl?: string | undefined
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[]
  /** Node puts several `Cookie` fields together here. */
  readonly headers: {
    /** As one field. */
    readonly cookie?: string | undefined
  }
  /** Whether something has begun to read the body. */
  readonly readableDidRead?: boolean
  /** HTTP/2's, where no field has to announce a body. */
  readonly stream?: {
    /** Whether there is none. */
    readonly endAfterHeaders?: boolean
  }
  /** Reads the body. */
  iterator(options: { readonly destroyOnReturn: boolean }): AsyncIterator<unknown>
}

/** What the backend needs of Node's `ServerResponse`, or of HTTP/2's `Http2ServerResponse`. */
export interface NodeResponseLike {
  /** The status. */
  statusCode: number
  /** Whether the answer is complete. */
  readonly writableEnded: boolean
  /** Whether the connection is gone. */
  readonly destroyed: boolean
  /** Sets a field. */
  setHeader(name: string, value: string | readonly string[]): unknown
  /** Sends the fields. HTTP/2's types have not got it. */
  flushHeaders?(): void
  /** Sends a part of the body; `false`: wait for `drain`. */
  write(chunk: Uint8Array): boolean
  /** Sends the answer. */
  end(): unknown
  /** Gives up the connection. */
  destroy(): unknown
  /** Hears one event. */
  once(event: 'close' | 'drain', listener: () => void): unknown
  /** Hears it no more. */
  off(event: 'close' | 'drain', listener: () => void): unknown
}

/**
 * The backend for `node:http` and `node:http2`: `createServer(nodeBff(bff, app))`.
 * @param next gets every request that is not the backend's. Default: it is answered 404
 */
export function nodeBff<Q extends NodeRequestLike, S extends NodeResponseLike>(
  bff: Bff,
  next: (request: Q, response: S) => unknown = (_, response) => notFound(response),
): (request: Q, response: S) => Promise<void> {
  return async (request, response) => {
    if (!(await answerNode(bff, request, response))) next(request, response)
  }
}

/** Whether the request was the backend's; then it has been answered. Never rejects. */
export async function answerNode(bff: Bff, request: NodeRequestLike, response: NodeResponseLike): Promise<boolean> {
  const gone = new AbortController()
  const close = () => gone.abort()
  response.once('close', close)
  try {
    const answer = await answered(bff, request, gone.signal)
    if (answer) await send(answer, request, response)
    return answer !== undefined
  } catch {
    // Something else has answered, as a middleware does that gives up after a time.
    response.destroy()
    return true
  } finally {
    response.off('close', close)
  }
}

async function answered(bff: Bff, request: NodeRequestLike, signal: AbortSignal): Promise<Response | undefined> {
  try {
    const asked = requestOf(bff, request, signal)
    return asked && (await bff(asked))
  } catch (error) {
    return refusalAsText(bff.refused(error, targetOf(request)))
  }
}

/**
 * The request as a browser means it; `undefined` where it is not the backend's.
 * @throws Refused for what cannot be made into a `Request` that means the same
 */
export function requestOf(bff: Bff, request: NodeRequestLike, signal?: AbortSignal): Request | undefined {
  const path = pathOf(request, bff)
  if (path === undefined) return undefined
  checkReadable(request, path)
  return webRequest(request, bff.origin + path, signal)
}

/** The path and query as every reader takes them, if they are the backend's. */
function pathOf(request: NodeRequestLike, { origin, handles }: Bff): string | undefined {
  const target = targetOf(request)
  if (!target.startsWith('/') || !URL.canParse(origin + target)) return undefined
  const { pathname, search } = new URL(origin + target)
  return handles(pathname) ? pathname + search : undefined
}

function targetOf({ url, originalUrl }: NodeRequestLike): string {
  return originalUrl ?? url ?? ''
}

function checkReadable(request: NodeRequestLike, path: string): void {
  const { method = 'GET', readableDidRead } = request
  const target = spelled(targetOf(request))
  // A query may be empty.
  const isClear = target === spelled(path) || target === `${spelled(path)}?`
  if (!isClear) throw new Refused(400, 'invalid_request', 'The path has to be written as browsers write it')
  // The Fetch standard has no request with these methods.
  if (/^(connect|trace|track)$/i.test(method))
    throw new Refused(405, 'method_not_allowed', `No path here takes ${method}`)
  const canHaveBody = method !== 'GET' && method !== 'HEAD'
  if (canHaveBody && readableDidRead)
    throw new Refused(500, 'internal', 'The body was read already. Put the backend before whatever parses bodies')
}

/** Characters that some browsers or versions of Node escape and others do not (`^` in a path: Chromium and Safari). None of them is a separator. */
const EITHER_WAY = /["'<>^`{|}]/g

function spelled(target: string): string {
  return target.replace(EITHER_WAY, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

function webRequest(request: NodeRequestLike, url: string, signal: AbortSignal | undefined): Request {
  const { method = 'GET', rawHeaders, stream } = request
  const headers = new Headers()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? ''
    const isField = !name.startsWith(':') && name !== 'cookie'
    if (isField) headers.append(name, rawHeaders[at + 1] ?? '')
  }
  if (request.headers.cookie !== undefined) headers.set('cookie', request.headers.cookie)

  const canHaveBody = method !== 'GET' && method !== 'HEAD'
  const isAnnounced = headers.has('content-length') || headers.has('transfer-encoding')
  const hasBody = canHaveBody && (isAnnounced || stream?.endAfterHeaders === false)
  const given = { method, headers, ...(signal && { signal }) }
  if (!hasBody) return new Request(url, given)
  const init: RequestInit & { duplex: 'half' } = { ...given, body: bodyOf(request), duplex: 'half' }
  return new Request(url, init)
}

/** The body, read no faster than somebody takes it. */
function bodyOf(request: NodeRequestLike): ReadableStream<Uint8Array> {
  // The answer may come before the end of the body, on the same connection.
  const chunks = request.iterator({ destroyOnReturn: false })
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value as Uint8Array)
      },
      async cancel() {
        await chunks.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/** Sends `answer`, no faster than the connection takes it. */
async function send(answer: Response, { method }: NodeRequestLike, response: NodeResponseLike): Promise<void> {
  response.statusCode = answer.status
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') response.setHeader(name, value)
  const cookies = answer.headers.getSetCookie()
  if (cookies.length > 0) response.setHeader('set-cookie', cookies)

  if (!answer.body || method === 'HEAD') {
    await answer.body?.cancel()
    response.end()
    return
  }
  const reader = answer.body.getReader()
  const stop = () => void reader.cancel().catch(() => {})
  response.once('close', stop)
  try {
    const first = reader.read()
    // Fields and a part that is there already go in one piece. What is still to come is not waited for: an event stream may say nothing for long.
    const isThere = await Promise.race([first.then(() => true), nextTurn()])
    if (!isThere) response.flushHeaders?.()
    for (let part = await first; !part.done; part = await reader.read()) {
      if (response.destroyed) return
      if (!response.write(part.value)) await drained(response)
    }
    response.end()
  } catch {
    // The status is sent: only a broken connection says that something is missing.
    response.destroy()
  } finally {
    response.off('close', stop)
  }
}

/** Once what happens by itself has happened. */
function nextTurn(): Promise<false> {
  return new Promise((resolve) => setImmediate(resolve, false))
}

function drained(response: NodeResponseLike): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      response.off('drain', go)
      response.off('close', go)
      resolve()
    }
    response.once('drain', go)
    response.once('close', go)
  })
}

function notFound(response: NodeResponseLike): void {
  response.statusCode = 404
  response.end()
}
