import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import {
  allowInsecureLoopback,
  createClientCredentials,
  createTokenManager,
  type Fetch,
  mutualTls,
} from 'tokenward/node'
import { Agent, fetch as undiciFetch } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

type Handler = (req: IncomingMessage, res: ServerResponse) => unknown

/** A server on 127.0.0.1, with TLS where `tls` is given. */
async function listen(handler: Handler, tls?: ServerOptions): Promise<string> {
  const server = tls ? createTlsServer(tls, handler) : createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  })
  return `http${tls ? 's' : ''}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function signedIn(api: string, fetch?: Fetch) {
  const tokens = createTokenManager({
    issuer: api,
    metadata: { issuer: api, token_endpoint: `${api}/token` },
    clientId: 'svc',
    resources: [api],
    ...(fetch && { fetch }),
    [allowInsecureLoopback]: true,
  })
  await tokens.adopt({ accessToken: 'at' })
  return tokens
}

describe('the platform’s fetch', () => {
  it('a body of pieces goes out piece by piece, and the answer comes in as it is made', async () => {
    const arrived: string[] = []
    const api = await listen(async (req, res) => {
      res.writeHead(200).write(String(req.headers.authorization))
      for await (const piece of req.setEncoding('utf8')) arrived.push(piece)
      res.end()
    })
    const { fetch } = await signedIn(api)
    let send: (piece: string) => void = () => {}
    let end = () => {}
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = (piece) => controller.enqueue(new TextEncoder().encode(piece))
        end = () => controller.close()
      },
    })
    const answering = fetch(api, { method: 'POST', body, duplex: 'half' } as RequestInit)
    for (const piece of ['one', 'two', 'three']) {
      send(piece)
      while (arrived.at(-1) !== piece) await sleep(2)
    }
    end()
    const response = await answering
    expect([response.status, await response.text(), arrived]).toEqual([200, 'Bearer at', ['one', 'two', 'three']])
  })

  it('gets the dispatcher that the call names', async () => {
    const api = await listen((req, res) => res.end(req.headers.authorization))
    // Node's own: one of another version of undici is of use with that version's `fetch` only.
    const own = Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1')) as { dispatch: Agent['dispatch'] }
    const paths: string[] = []
    const dispatcher = {
      dispatch: (options: { path: string }, handler: never) => {
        paths.push(options.path)
        return own.dispatch(options as never, handler)
      },
    }
    await fetch(api) // makes Node's own
    const tokens = await signedIn(api)
    const response = await tokens.fetch(`${api}/x`, { dispatcher } as RequestInit)
    expect([await response.text(), paths]).toEqual(['Bearer at', ['/x']])
  })

  it('can be undici’s, with its own dispatchers', async () => {
    const api = await listen((req, res) => res.end(req.headers.authorization))
    const agent = new Agent({ connections: 1 })
    closing.push(() => agent.destroy())
    const paths: string[] = []
    const composed = agent.compose((dispatch) => (options, handler) => {
      paths.push(options.path)
      return dispatch(options, handler)
    })
    const tokens = await signedIn(
      api,
      (input, init) => undiciFetch(input as string, { ...init, dispatcher: composed } as never) as never,
    )
    expect(await (await tokens.fetch(`${api}/y`, { method: 'POST', body: 'b' })).text()).toBe('Bearer at')
    expect(paths).toEqual(['/y'])
  })
})

/** A certificate for this address and its key, that nobody has signed but itself. */
async function certificate(name: string) {
  const folder = await mkdtemp(join(tmpdir(), 'tokenward-'))
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const named = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certFile]
  execFileSync('openssl', [...made, ...named], { stdio: 'ignore' })
  const pair = { key: await readFile(keyFile, 'utf8'), cert: await readFile(certFile, 'utf8') }
  await rm(folder, { recursive: true })
  return pair
}

const seenCertificate = ({ socket }: IncomingMessage) =>
  String((socket as TLSSocket).getPeerCertificate().subject?.CN ?? '-')

/**
 * An authorization server with two faces (RFC 8705 §5), of which one wants a certificate, and an API on that one that takes a token only from
 * the certificate it was issued to (§3).
 */
async function place() {
  const [server, first, second] = await Promise.all(['server', 'first', 'second'].map(certificate))
  if (!server || !first || !second) return expect.unreachable()
  const seen: string[] = []
  const bound = new Map<string, string>()
  const handler =
    (face: string): Handler =>
    async (req, res) => {
      const who = seenCertificate(req)
      const token = req.headers.authorization?.split(' ')[1] ?? ''
      const path = req.url ?? ''
      const form = new URLSearchParams(await text(req))
      seen.push([face, path, who, form.get('client_id') ?? token].join(' '))
      if (path === '/revoke') return res.end()
      if (path === '/api' && (!bound.has(token) || bound.get(token) !== who))
        return res.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end()
      if (path === '/api') return res.end('notes')
      const access_token = `at${bound.size + 1}`
      bound.set(access_token, who)
      return res
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ access_token, token_type: 'Bearer', expires_in: 300 }))
    }
  const issuer = await listen(handler('plain'), server)
  const secured = { ...server, requestCert: true, rejectUnauthorized: true, ca: [first.cert, second.cert] }
  const mtls = await listen(handler('mtls'), secured)
  let agent: Agent | undefined
  const use = async (pair: { readonly key: string; readonly cert: string }) => {
    await agent?.close()
    agent = new Agent({ connect: { ...pair, ca: server.cert } })
  }
  closing.push(() => agent?.destroy())
  await use(first)
  const common = {
    issuer,
    clientId: 'svc',
    clientAuthentication: mutualTls(),
    resources: [`${mtls}/api`],
    metadata: {
      issuer,
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/revoke`,
      mtls_endpoint_aliases: { token_endpoint: `${mtls}/token` },
    },
    fetch: ((input, init) => undiciFetch(input as string, { ...init, dispatcher: agent } as never)) as Fetch,
  }
  return { common, api: `${mtls}/api`, seen, use: () => use(second) }
}

const hasOpenssl = spawnSync('openssl', ['version']).error === undefined

if (hasOpenssl)
  describe('mutual TLS (needs openssl)', () => {
    it('ACQ-30: tokens by way of the alias, revocation at the ordinary endpoint, the same certificate at the API', async () => {
      const { common, api, seen } = await place()
      const tokens = createTokenManager(common)
      await tokens.adopt({ accessToken: 'old', refreshToken: 'rt', expiresAt: Date.now() })
      expect(await (await tokens.fetch(api)).text()).toBe('notes')
      await (await tokens.signOut()).revoked
      expect(seen.slice(0, 3)).toEqual(['mtls /token first svc', 'mtls /api first at1', 'plain /revoke - svc'])
    })

    it('ACQ-30: after a change of the certificate no token that was bound to the old one is sent, once it is told', async () => {
      const { common, api, seen, use } = await place()
      const own = createClientCredentials(common)
      expect(await (await own.fetch(api)).text()).toBe('notes')
      await use()
      own.dispose()
      expect(await (await own.fetch(api)).text()).toBe('notes')
      expect(seen).toEqual(
        ['first', 'second'].flatMap((who, n) => [`mtls /token ${who} svc`, `mtls /api ${who} at${n + 1}`]),
      )
    })

    it('ACQ-30: and where nobody tells it, the API does, once', async () => {
      const { common, api, seen, use } = await place()
      const own = createClientCredentials(common)
      await own.fetch(api)
      await use()
      expect(await (await own.fetch(api)).text()).toBe('notes')
      expect(seen.slice(2)).toEqual(['mtls /api second at1', 'mtls /token second svc', 'mtls /api second at2'])
    })
  })
