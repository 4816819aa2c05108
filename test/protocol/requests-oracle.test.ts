import fc from 'fast-check'
import {
  type Client,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  customFetch,
  deviceAuthorizationRequest,
  discoveryRequest,
  genericTokenEndpointRequest,
  None,
  pushedAuthorizationRequest,
  revocationRequest,
} from 'oauth4webapi'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/in-process/system-clock.ts'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import { webText } from '../../src/in-process/web-text.ts'
import { clientSecretBasic, clientSecretPost } from '../../src/node/client-authentication.ts'
import type { ClientAuthentication } from '../../src/ports.ts'
import { type AuthorizationServer, authorizationServer } from '../../src/protocol/authorization-server.ts'
import { clientCredentialsGrant } from '../../src/protocol/client-credentials.ts'
import { deviceAuthorization } from '../../src/protocol/device.ts'
import { parameters } from '../../src/protocol/parameters.ts'
import { pushAuthorizationRequest } from '../../src/protocol/pushed-authorization.ts'
import { refreshTokenGrant } from '../../src/protocol/refresh-token.ts'
import { revokeToken } from '../../src/protocol/revocation.ts'

/** What an authorization server reads of a request. The order of its parameters means nothing. */
interface Read {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly form: readonly string[]
}

/** A `fetch` that answers nothing, and what a server would have read of the one request that went through it. */
function wire() {
  const requests: Request[] = []
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    requests.push(new Request(input, init))
    return new Response('{}', { status: 400 })
  }
  const read = async (): Promise<Read> => {
    const [request] = requests
    if (requests.length !== 1 || !request) throw new Error(`${requests.length} requests`)
    const { 'user-agent': _, accept = '*/*', ...headers } = Object.fromEntries(request.headers)
    const form = [...new URLSearchParams(await request.text())].map((pair) => JSON.stringify(pair)).sort()
    return { method: request.method, url: request.url, headers: { ...headers, accept }, form }
  }
  return { fetch, read }
}

const text = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.string({
    minLength: 1,
    unit: fc.constantFrom('%', '+', '=', '&', ' ', '~', "'", '(', '!', '*', '\ud800', 'ß', '😀', 'a', '\0', '\n'),
  }),
)
const endpoint = fc
  .tuple(fc.constantFrom('', ':8443'), fc.webPath(), fc.constantFrom('', '?tenant=a%20b', '?p=1&x='))
  .map(([port, path, query]) => `https://as.example${port}${path}${query}`)

/** Ways to authenticate: ours, and the same of the oracle. */
const authentication = fc.oneof(
  fc.constant({ ours: undefined, theirs: None() }),
  text.map((secret) => ({ ours: clientSecretPost(secret), theirs: ClientSecretPost(secret) })),
  // A secret with half a character cannot be encoded by either.
  fc
    .string({ unit: 'grapheme', minLength: 1 })
    .map((secret) => ({ ours: clientSecretBasic(secret), theirs: ClientSecretBasic(secret) })),
)

interface Case {
  readonly url: string
  readonly clientId: string
  readonly authentication: { readonly ours: ClientAuthentication | undefined; readonly theirs: ClientAuth }
}

const cases = fc.record({ url: endpoint, clientId: fc.string({ unit: 'grapheme', minLength: 1 }), authentication })

/** Makes a request both ways, and holds ours against the oracle's. */
async function bothWays(
  { url, clientId, authentication }: Case,
  ours: (server: AuthorizationServer) => Promise<unknown>,
  theirs: (
    metadata: { issuer: string },
    client: Client,
    authentication: ClientAuth,
    options: { [customFetch]: ReturnType<typeof wire>['fetch'] },
  ) => Promise<Response>,
) {
  const issuer = 'https://as.example'
  const metadata = {
    issuer,
    token_endpoint: url,
    revocation_endpoint: url,
    device_authorization_endpoint: url,
    pushed_authorization_request_endpoint: url,
  }
  const our = wire()
  const their = wire()
  const server = authorizationServer(
    { issuer, metadata, clientId, requestTimeout: 1_000 },
    {
      fetch: our.fetch,
      clock: systemClock,
      crypto: webCrypto,
      text: webText,
      clientAuthentication: authentication.ours,
    },
  )
  await ours(server).catch(() => {})
  await theirs(metadata, { client_id: clientId }, authentication.theirs, { [customFetch]: their.fetch })
  expect(await our.read()).toEqual(await their.read())
}

describe('every request is the one that oauth4webapi makes', () => {
  it('refresh', () =>
    fc.assert(
      fc.asyncProperty(cases, text, text, (given, refreshToken, scope) =>
        bothWays(
          given,
          (server) => refreshTokenGrant(server, { refreshToken, scope, beforeSend: () => true }),
          (...oracle) => oracleToken(oracle, 'refresh_token', { refresh_token: refreshToken, scope }),
        ),
      ),
    ))

  it('a grant with parameters of its own, also of the names that the client sets', () =>
    fc.assert(
      fc.asyncProperty(
        cases,
        fc.dictionary(fc.oneof(text, fc.constantFrom('grant_type', 'client_id', 'client_secret')), text),
        (given, own) =>
          bothWays(
            given,
            (server) => clientCredentialsGrant(server, { parameters: own }),
            (...oracle) => oracleToken(oracle, 'client_credentials', own),
          ),
      ),
    ))

  it('pushed authorization request', () =>
    fc.assert(
      fc.asyncProperty(cases, fc.array(fc.tuple(text, text)), (given, params) => {
        const all = [['client_id', given.clientId] as const, ...params]
        return bothWays(
          given,
          (server) => pushAuthorizationRequest(server, all),
          (metadata, client, authentication, options) =>
            pushedAuthorizationRequest(
              metadata,
              client,
              authentication,
              all.map((pair) => [...pair]),
              options,
            ),
        )
      }),
    ))

  it('revocation', () =>
    fc.assert(
      fc.asyncProperty(cases, text, fc.constantFrom('refresh_token', 'access_token'), (given, token, kind) =>
        bothWays(
          given,
          (server) => revokeToken(server, { kind, token }),
          (metadata, client, authentication, options) =>
            revocationRequest(metadata, client, authentication, token, {
              ...options,
              additionalParameters: { token_type_hint: kind },
            }),
        ),
      ),
    ))

  it('device authorization', () =>
    fc.assert(
      fc.asyncProperty(cases, text, fc.uniqueArray(text), (given, scope, resources) =>
        bothWays(
          given,
          (server) => deviceAuthorization(server, { scope, resources }),
          (metadata, client, authentication, options) => {
            const params = [...parameters({ scope }), ...resources.map((one) => ['resource', one])] as [
              string,
              string,
            ][]
            return deviceAuthorizationRequest(metadata, client, authentication, params, options)
          },
        ),
      ),
    ))

  it('discovery, in both forms', () =>
    fc.assert(
      fc.asyncProperty(
        fc.webAuthority({ withPort: true }),
        fc.array(
          fc.stringMatching(/^[\w.~%-]{0,3}[\w]$/).filter((part) => !/%/.test(part)),
          { maxLength: 3 },
        ),
        fc.boolean(),
        async (host, path, slash) => {
          const issuer = `https://${host}${path.map((part) => `/${part}`).join('')}${slash ? '/' : ''}`
          const asked: string[] = []
          const fetch = async (input: RequestInfo | URL, init: object = {}) => {
            const { url, headers, method } = new Request(input, init)
            asked.push(`${method} ${url} ${headers.get('accept')}`)
            return new Response('', { status: 404 })
          }
          const platform = { fetch, clock: systemClock, crypto: webCrypto, text: webText }
          await authorizationServer({ issuer, clientId: 'spa', requestTimeout: 1_000 }, platform)
            .metadata()
            .catch(() => {})
          const ours = asked.splice(0)
          for (const algorithm of ['oidc', 'oauth2'] as const)
            await discoveryRequest(new URL(issuer), { algorithm, [customFetch]: fetch })
          expect(ours).toEqual(asked)
        },
      ),
    ))
})

function oracleToken(
  [metadata, client, authentication, options]: Parameters<Parameters<typeof bothWays>[2]>,
  grantType: string,
  values: Record<string, string>,
) {
  return genericTokenEndpointRequest(
    metadata,
    client,
    authentication,
    grantType,
    parameters(values) as [string, string][],
    options,
  )
}
