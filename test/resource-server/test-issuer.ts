import { base64url, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

/** An authorization server that signs what it is told, and answers for its metadata and keys. */
export interface TestIssuer {
  readonly issuer: string
  /** What `fetch` gives for its addresses; counts requests. */
  readonly fetch: typeof fetch
  readonly requests: string[]
  /** The keys it publishes; change them as you like. */
  keys: JWK[]
  /** While it is not `'up'`: a status, or a network that is gone. */
  health: 'up' | 'down' | number
  /** Signs claims with its own key, or another. */
  sign(claims: Record<string, unknown>, header?: Record<string, unknown>, key?: CryptoKey): Promise<string>
  /** An access token that is right in every way. */
  accessToken(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
}

export const AUDIENCE = 'https://api.example.com/'
/** The time of all tests, epoch milliseconds. */
export const NOW = 1_800_000_000_000
export const SECONDS = NOW / 1_000

let serial = 0

/** A test issuer with one ES256 key `k1`. */
export async function testIssuer(issuer = 'https://as.example.com', alg = 'ES256', kid = 'k1'): Promise<TestIssuer> {
  const pair = await generateKeyPair(alg, { extractable: true })
  const jwk: JWK = { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' }
  const place = issuer.replace(/\/$/, '')
  const self: TestIssuer = {
    issuer,
    requests: [],
    keys: [jwk],
    health: 'up',
    async fetch(input) {
      const url = String(input)
      self.requests.push(url)
      if (self.health === 'down') throw new TypeError('fetch failed')
      if (self.health !== 'up') return new Response(null, { status: self.health })
      if (url === `${place}/.well-known/openid-configuration`)
        return Response.json({ issuer, jwks_uri: `${place}/jwks`, introspection_endpoint: `${place}/introspect` })
      if (url === `${place}/jwks`) return Response.json({ keys: self.keys })
      return new Response(null, { status: 404 })
    },
    sign: (claims, header = {}, key = pair.privateKey) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header } as never).sign(key),
    accessToken: (claims, header) => self.sign({ ...goodClaims(issuer), ...claims }, header),
  }
  return self
}

/** What a good access token says (RFC 9068 §2.2). */
export function goodClaims(issuer = 'https://as.example.com'): Record<string, unknown> {
  return {
    ...{ iss: issuer, aud: AUDIENCE, sub: 'person', client_id: 'spa', scope: 'notes profile', jti: `jti-${++serial}` },
    ...{ iat: SECONDS, exp: SECONDS + 300 },
  }
}

/** A request as fetch has it. */
export function request(token?: string, init: RequestInit & { url?: string } = {}): Request {
  const { url = `${AUDIENCE}notes`, ...rest } = init
  const headers = new Headers(rest.headers)
  if (token !== undefined && !headers.has('authorization')) headers.set('authorization', `Bearer ${token}`)
  return new Request(url, { ...rest, headers })
}

/** A JWT of these parts, whatever they are; the signature is given or nonsense. */
export function rawJwt(header: unknown, claims: unknown, signature = 'c2ln'): string {
  const part = (value: unknown) => base64url.encode(typeof value === 'string' ? value : JSON.stringify(value))
  return `${part(header)}.${part(claims)}.${signature}`
}
