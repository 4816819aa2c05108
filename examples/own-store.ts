import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type Store, TokenManagerError, webSealing } from 'tokenward'

/**
 * A store on any HTTP server with strong ETags that supports `If-Match` and `If-None-Match` (RFC 9110 §13.1). The ETag is the tag, and the
 * conditional request is the compare-and-set. Values are encrypted with another IV at each write. So even an ETag that is made from the
 * content never comes twice.
 */
export function httpStore({
  url,
  key,
  timeout = 2_000,
}: {
  url: string
  key: CryptoKey
  timeout?: number
}): Store<unknown> {
  const request = async (name: string, init: RequestInit = {}) => {
    const signal = AbortSignal.timeout(timeout)
    const response = await fetch(`${url}/${encodeURIComponent(name)}`, { ...init, signal }).catch((cause) => {
      throw failed(cause)
    })
    const isAnswer = response.ok || response.status === 404 || response.status === 412
    if (isAnswer) return response
    throw failed(`status ${response.status}`)
  }
  // Bound to its name: a value cannot be moved to another name.
  const aadOf = (name: string) => new TextEncoder().encode(name)
  const get: Store<unknown>['get'] = async (name) => {
    const response = await request(name)
    if (response.status === 404) return undefined
    const bytes = new Uint8Array(await response.arrayBuffer())
    const sealed = { iv: bytes.slice(0, 12), data: bytes.slice(12) }
    const plain = await webSealing.open(key, sealed, aadOf(name)).catch((cause) => {
      throw failed(cause)
    })
    return { value: JSON.parse(new TextDecoder().decode(plain)), tag: response.headers.get('etag') ?? '' }
  }
  return {
    get,
    async swap(name, tag, value) {
      if (tag === undefined && value === undefined) return (await get(name)) === undefined
      const headers: Record<string, string> = tag === undefined ? { 'if-none-match': '*' } : { 'if-match': tag }
      if (value === undefined) return (await request(name, { method: 'DELETE', headers })).ok
      const plain = new TextEncoder().encode(JSON.stringify(value))
      const { iv, data } = await webSealing.seal(key, plain, aadOf(name))
      return (await request(name, { method: 'PUT', headers, body: new Blob([iv, data]) })).ok
    },
    // A CryptoKey cannot be written as JSON.
    textOnly: true,
  }
}

function failed(cause: unknown): TokenManagerError {
  return new TokenManagerError('ERR_STORE_FAILED', 'store_failed', 'The key-value server failed', { cause })
}

/** Such a server, for one process and its tests. */
export async function startKeyValueServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const rows = new Map<string, { body: Buffer; etag: string }>()
  let writes = 0
  const server = createServer(async (req, res) => {
    const body = await buffer(req)
    const name = req.url ?? ''
    const row = rows.get(name)
    const { 'if-match': match, 'if-none-match': none } = req.headers
    // Read and written in one turn, so no other request comes between.
    const isAnother = match !== undefined && match !== row?.etag
    const isThere = none === '*' && row !== undefined
    if (isAnother || isThere) return res.writeHead(412).end()
    if (req.method === 'PUT') rows.set(name, { body, etag: `"${++writes}"` })
    else if (req.method === 'DELETE') rows.delete(name)
    else if (row) return res.writeHead(200, { etag: row.etag }).end(row.body)
    else return res.writeHead(404).end()
    return res.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
