import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../src/in-process/system-clock.ts'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import { webText } from '../../src/in-process/web-text.ts'
import type { Clock, Fetch } from '../../src/ports.ts'
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  authorizationServer,
} from '../../src/protocol/authorization-server.ts'

/** One request as it arrived. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly form: Record<string, string>
}

export type Script = (seen: Seen, response: ServerResponse) => void

export interface ScriptedServer {
  readonly origin: string
  readonly seen: Seen[]
  /** What answers from now on. */
  script: Script
}

/** A real server on loopback that answers what its script says; gone when the test ends. */
export async function scriptedServer(script: Script = () => {}): Promise<ScriptedServer> {
  const seen: Seen[] = []
  const scripted: { origin: string; seen: Seen[]; script: Script } = { origin: '', seen, script }
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const form = Object.fromEntries(new URLSearchParams(body))
      const { method = '', url: path = '', headers } = request
      const one = { method, path, headers, body, form }
      seen.push(one)
      scripted.script(one, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  scripted.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return scripted
}

/** Answers with a status and a body: JSON for an object, HTML for a string. */
export function reply(status: number, body?: unknown, headers: Record<string, string> = {}): Script {
  return (_, response) => {
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
    response.writeHead(status, {
      'content-type': typeof body === 'string' ? 'text/html' : 'application/json',
      ...headers,
    })
    response.end(text)
  }
}

/** Metadata for endpoints at `origin`. */
export function metadataAt(origin: string, more: Record<string, unknown> = {}) {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    revocation_endpoint: `${origin}/revoke`,
    end_session_endpoint: `${origin}/logout`,
    ...more,
  }
}

export const bareFetch: Fetch = (input, init) => fetch(input, init)

/** The client side of a scripted server, with its metadata given. */
export function clientOf(
  server: { readonly origin: string },
  options: Partial<AuthorizationServerOptions> = {},
  ports: { fetch?: Fetch; clock?: Clock } = {},
): AuthorizationServer {
  return authorizationServer(
    {
      issuer: server.origin,
      metadata: metadataAt(server.origin),
      clientId: 'spa',
      requestTimeout: 2000,
      insecureLoopback: true,
      ...options,
    },
    { fetch: bareFetch, clock: systemClock, crypto: webCrypto, text: webText, ...ports },
  )
}

/** A client that has to discover the metadata of `issuer`. */
export function discovering(issuer: string, fetch: Fetch = bareFetch, requestTimeout = 2000): AuthorizationServer {
  return authorizationServer(
    { issuer, clientId: 'spa', requestTimeout, insecureLoopback: true },
    { fetch, clock: systemClock, crypto: webCrypto, text: webText },
  )
}

/** A `fetch` that never leaves memory, and what it was called with. */
export function memoryFetch(answer: () => Response | Promise<Response>) {
  const calls: { url: string; init: RequestInit }[] = []
  const memory: Fetch = async (input, init) => {
    calls.push({ url: String(input), init: init ?? {} })
    return answer()
  }
  return { calls, fetch: memory }
}

/** An ID token with a worthless signature, as only its claims are read. */
export function idToken(claims: Record<string, unknown>, header: Record<string, unknown> = { alg: 'RS256' }): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(claims)}.c2ln`
}

/** `systemClock` shifted by `offset` milliseconds. */
export function shiftedClock(offset: number): Clock {
  return { ...systemClock, now: () => systemClock.now() + offset }
}
