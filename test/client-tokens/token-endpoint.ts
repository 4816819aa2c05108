import { createHash } from 'node:crypto'
import type { ClientCredentialsOptions } from '../../src/client-tokens/create-client-credentials.ts'
import type { ManagerPlatform } from '../../src/index.ts'
import { alwaysOnline, memoryStore, noChannel, queueLock, webCrypto } from '../../src/index.ts'
import type { ManualClock } from '../support/manual-clock.ts'
import { manualClock } from '../support/manual-clock.ts'

/** One request as it came in. */
export interface SeenTokenRequest {
  readonly form: Record<string, string>
  readonly authorization: string | null
  /** Its DPoP proof. */
  readonly proof: string | null
  readonly at: number
}

/** A token endpoint, and APIs that take its tokens, behind one `fetch`. */
export interface TokenEndpoint {
  readonly platform: ManagerPlatform
  readonly clock: ManualClock
  /** What reached the token endpoint. */
  readonly requests: SeenTokenRequest[]
  /** What reached the APIs: URL, token, and proof. */
  readonly calls: { readonly url: string; readonly token: string; readonly proof: string | null }[]
  /** Answers the token endpoint's next requests; default: a new token for 300 s. */
  answer: (form: Record<string, string>) => Response | Promise<Response>
  /** Milliseconds until the token endpoint answers. */
  latency: number
  /** Whether an API takes a token. */
  accepts: (token: string) => boolean
  readonly options: ClientCredentialsOptions
}

export const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })

export function tokenEndpoint(clock = manualClock()): TokenEndpoint {
  const issuer = 'https://as.example'
  let count = 0
  const endpoint: TokenEndpoint = {
    clock,
    requests: [],
    calls: [],
    answer: (form) =>
      json(200, { access_token: `canary-${++count}-${form.resource ?? ''}`, token_type: 'Bearer', expires_in: 300 }),
    latency: 0,
    accepts: () => true,
    options: {
      issuer,
      metadata: { issuer, token_endpoint: `${issuer}/token` },
      clientId: 'svc',
      resources: ['https://api.example/', { url: 'https://other.example/', resource: 'urn:other', scope: 'read' }],
      refresh: { jitter: 0 },
    },
    platform: {
      store: memoryStore(),
      lock: queueLock(),
      channel: noChannel,
      lifecycle: alwaysOnline,
      clock,
      // Hashes in this turn, so that no time has to go by for it.
      crypto: { ...webCrypto, sha256: async (data) => new Uint8Array(createHash('sha256').update(data).digest()) },
      async fetch(input, init) {
        const url = String(input)
        const headers = new Headers(init?.headers)
        const authorization = headers.get('authorization')
        const proof = headers.get('dpop')
        if (!url.startsWith(issuer)) {
          const token = authorization?.replace(/^\w+ /, '') ?? ''
          endpoint.calls.push({ url, token, proof })
          if (endpoint.accepts(token)) return json(200, {})
          return json(401, {}, { 'www-authenticate': 'Bearer error="invalid_token"' })
        }
        const form = Object.fromEntries(new URLSearchParams(String(init?.body)))
        endpoint.requests.push({ form, authorization, proof, at: clock.now() })
        if (endpoint.latency) await new Promise<void>((done) => void clock.at(clock.elapsed() + endpoint.latency, done))
        return endpoint.answer(form)
      },
    },
  }
  return endpoint
}
