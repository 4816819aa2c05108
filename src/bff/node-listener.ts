import type { Bff } from './create-bff.ts'
import { Refused, refusalAsText } from './refusal.ts'

/** The part of Node's `IncomingMessage`, or of HTTP/2's `Http2ServerRequest`, that the backend uses. */
export interface NodeRequestLike {
  /** The HTTP method. */
  readonly method?: string | undefined
  /** The path and query. A router of Express may have shortened them. */
  readonly url?: string | undefined
  /** The path and query as they came in. Only Express has this member. */
  readonly originalUrl?: string | undefined
  /** The names and values of the header fields, one after the other, as they came in. */
  readonly rawHeaders: readonly string[]
  /** The header fields. */
  readonly headers: {
    /** All fields `Cookie`, which Node joins to one. */
    readonly cookie?: string | undefined
  }
  /** Whether something has already read from the body. */
  readonly readableDidRead?: boolean
  /** The stream of HTTP/2. There a request can have a body that no header field announces. */
  readonly stream?: {
    /** Whether the request has no body. */
    readonly endAfterHeaders?: boolean
  }
  /** Reads the body. */
  iterator(options: { readonly destroyOnReturn: boolean }): AsyncIterator<unknown>
}

/** The part of Node's `ServerResponse`, or of HTTP/2's `Http2ServerResponse`, that the backend uses. */
export interface NodeResponseLike {
  /** The HTTP status. */
  statusCode: number
  /** Whether the answer is complete. */
  readonly writableEnded: boolean
  /** Whether the connection is closed. */
  readonly destroyed: boolean
  /** Sets a header field. */
  setHeader(name: string, value: string | readonly string[]): unknown
  /** Sends the header fields now. The types of HTTP/2 lack it. */
  flushHeaders?(): void
  /** Sends a part of the body. `false` means: wait for the event `drain` before the next part. */
  write(chunk: Uint8Array): boolean
  /** Ends the answer. */
  end(): unknown
  /** Closes the connection, also in the middle of an answer. */
  destroy(): unknown
  /** Adds a listener that is called once. */
  once(event: 'close' | 'drain', listener: () => void): unknown
  /** Removes a listener. */
  off(event: 'close' | 'drain', listener: () => void): unknown
}

/**
 * Makes a listener for `node:http` and `node:http2`: `createServer(nodeBff(bff, app))`.
 * @param next called with every request that is not for the backend. Default: such requests get 404
 */
export function nodeBff<Q extends NodeRequestLike, S extends NodeResponseLike>(
  bff: Bff,
  next: (request: Q, response: S) => unknown = (_, response) => notFound(response),
): (request: Q, response: S) => Promise<void> {
  return async (request, response) => {
    if (!(await answerNode(bff, request, response))) next(request, response)
  }
}

/** Answers the request if it is for the backend, and says whether it is. Never rejects. */
export async function answerNode(bff: Bff, request: NodeRequestLike, response: NodeResponseLike): Promise<boolean> {
  const gone = new AbortController()
  const close = () => gone.abort()
  response.once('close', close)
  try {
    const answer = await answered(bff, request, gone.signal)
    if (answer) await send(answer, request, response)
    return answer !== undefined
  } catch {
    // Something else has answered meanwhile, such as a middleware with a timeout.
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
 * Makes a `Request` from a request of Node. Gives `undefined` if it is not for the backend.
 * @throws Refused if no `Request` would mean the same
 */
export function requestOf(bff: Bff, request: NodeRequestLike, signal?: AbortSignal): Request | undefined {
  const path = pathOf(request, bff)
  if (path === undefined) return undefined

  checkReadable(request, path)
  return webRequest(request, bff.origin + path, signal)
}

/** The path and query as a browser would write them. `undefined` if the request is not for the backend. */
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
  // With a question mark at the end, the query is empty.
  const isClear = target === spelled(path) || target === `${spelled(path)}?`
  if (!isClear) throw new Refused(400, 'invalid_request', 'The path has to be written as browsers write it')

  // A `Request` of the Fetch standard cannot have these methods.
  if (/^(connect|trace|track)$/i.test(method))
    throw new Refused(405, 'method_not_allowed', `No path here takes ${method}`)

  const canHaveBody = method !== 'GET' && method !== 'HEAD'
  if (canHaveBody && readableDidRead)
    throw new Refused(500, 'internal', 'The body was read already. Put the backend before whatever parses bodies')
}

/**
 * Characters that some browsers or versions of Node escape and others do not, such as `^` in a path. It does no harm to treat both forms as
 * equal, because none of them separates the parts of a path.
 */
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

/** The body as a stream. It is read only as fast as the stream is read. */
function bodyOf(request: NodeRequestLike): ReadableStream<Uint8Array> {
  // The connection has to stay open if the body is not read to its end: the answer is sent on it.
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

/** Sends `answer`, only as fast as the connection takes it. */
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
    // If the first part of the body is there already, it is sent together with the header fields. If not, the fields are sent alone: an event
    // stream may have nothing to say for a long time.
    const isThere = await Promise.race([first.then(() => true), nextTurn()])
    if (!isThere) response.flushHeaders?.()
    for (let part = await first; !part.done; part = await reader.read()) {
      if (response.destroyed) return
      if (!response.write(part.value)) await drained(response)
    }
    response.end()
  } catch {
    // The status was sent before. Only a broken connection can tell the browser that the answer is not complete.
    response.destroy()
  } finally {
    response.off('close', stop)
  }
}

/** Resolves in the next turn of the event loop, when all promises that could settle without input have settled. */
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
