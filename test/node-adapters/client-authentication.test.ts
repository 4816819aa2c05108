import { webcrypto } from 'node:crypto'
import { inspect } from 'node:util'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/in-process/system-clock.ts'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import { webText } from '../../src/in-process/web-text.ts'
import {
  clientSecretBasic,
  clientSecretPost,
  mutualTls,
  signedAssertion,
} from '../../src/node/client-authentication.ts'
import { privateKeyJwt } from '../../src/node/private-key-jwt.ts'
import type { ClientAuthentication } from '../../src/ports.ts'
import { authorizationRequest } from '../../src/protocol/authorization-code.ts'
import { authorizationServer } from '../../src/protocol/authorization-server.ts'
import { pushAuthorizationRequest } from '../../src/protocol/pushed-authorization.ts'
import { refreshTokenGrant } from '../../src/protocol/refresh-token.ts'
import { revokeToken } from '../../src/protocol/revocation.ts'
import { bareFetch, metadataAt, reply, type ScriptedServer, scriptedServer } from '../protocol/scripted-server.ts'

const tokens = { access_token: 'canary-at', token_type: 'Bearer', expires_in: 60 }
const refresh = { refreshToken: 'canary-rt', beforeSend: () => true }

function clientOf(server: ScriptedServer, clientAuthentication: ClientAuthentication, metadata = {}, clientId = 'svc') {
  return authorizationServer(
    {
      issuer: server.origin,
      metadata: metadataAt(server.origin, metadata),
      clientId,
      requestTimeout: 2000,
      insecureLoopback: true,
    },
    { fetch: bareFetch, clock: systemClock, crypto: webCrypto, text: webText, clientAuthentication },
  )
}

async function signingKey() {
  const { privateKey } = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
  return privateKey as CryptoKey
}

describe('client authentication', () => {
  it('ACQ-17: basic form-encodes id and secret before base64', async () => {
    const server = await scriptedServer(reply(200, tokens))
    await refreshTokenGrant(clientOf(server, clientSecretBasic('p%&'), {}, 'a b:c'), refresh)
    const [seen] = server.seen
    expect(seen?.headers.authorization).toBe(`Basic ${Buffer.from('a+b%3Ac:p%25%26').toString('base64')}`)
    expect(seen?.form).toEqual({ grant_type: 'refresh_token', refresh_token: 'canary-rt' })
  })

  it('ACQ-17: basic leaves id and secret as they are for a server that compares them so', async () => {
    const server = await scriptedServer(reply(200, tokens))
    await refreshTokenGrant(clientOf(server, clientSecretBasic('p:%& é', { formEncoded: false }), {}, 'a b'), refresh)
    const [seen] = server.seen
    expect(seen?.headers.authorization).toBe(`Basic ${Buffer.from('a b:p:%& é', 'utf8').toString('base64')}`)
    expect(seen?.form).toEqual({ grant_type: 'refresh_token', refresh_token: 'canary-rt' })
  })

  it('ACQ-17: a client id with a colon cannot be left as it is', async () => {
    const server = await scriptedServer(reply(200, tokens))
    const authentication = clientSecretBasic('s', { formEncoded: false })
    const answer = await refreshTokenGrant(clientOf(server, authentication, {}, 'a:b'), refresh)
    expect(answer).toMatchObject({ kind: 'transient', lost: false, error: { code: 'ERR_INVALID_OPTION' } })
    expect(server.seen).toEqual([])
    expect(() => clientSecretBasic('s', { formEncoded: 'no' as never })).toThrow(/formEncoded has to be true or false/)
  })

  it('ACQ-17: post puts both into the body', async () => {
    const server = await scriptedServer(reply(200, tokens))
    await refreshTokenGrant(clientOf(server, clientSecretPost('canary-secret')), refresh)
    expect(server.seen[0]?.form).toMatchObject({ client_id: 'svc', client_secret: 'canary-secret' })
    expect(server.seen[0]?.headers).not.toHaveProperty('authorization')
  })

  it('asks for the secret before every request, so that a rotated one is used at once', async () => {
    const server = await scriptedServer(reply(200, tokens))
    const secrets = ['canary-one', 'canary-two']
    const client = clientOf(
      server,
      clientSecretPost(async () => secrets.shift() as string),
    )
    await refreshTokenGrant(client, refresh)
    await refreshTokenGrant(client, refresh)
    expect(server.seen.map(({ form }) => form.client_secret)).toEqual(['canary-one', 'canary-two'])
  })

  const refusing = async () => {
    throw Object.assign(new Error('vault: canary-secret'), { code: 'ECONNREFUSED' })
  }
  const deaf = async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
    const { publicKey } = await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
    return publicKey as CryptoKey
  }
  it.each<[string, ClientAuthentication, string]>([
    ['a secret', clientSecretBasic(refusing), 'the function for the secret threw. Nothing was sent (ECONNREFUSED)'],
    ['an empty secret', clientSecretPost(() => ''), 'the function for the secret returned no text. Nothing was sent'],
    [
      'a variable that is not set',
      clientSecretBasic(() => process.env.TOKENWARD_NOT_SET as string),
      'the function for the secret returned undefined. Nothing was sent',
    ],
    ['a key', privateKeyJwt(refusing), 'the key cannot be had. Nothing was sent (ECONNREFUSED)'],
    ['a key that signs nothing', privateKeyJwt(deaf), 'the key cannot sign. Nothing was sent'],
  ])('ERR-01: %s that cannot be had is a passing fault, and nothing of it is told', async (_, authentication, said) => {
    const server = await scriptedServer(reply(200, tokens))
    const answer = await refreshTokenGrant(clientOf(server, authentication), refresh)
    const error = {
      code: 'ERR_TEMPORARILY_UNAVAILABLE',
      reason: 'client_authentication_failed',
      message: expect.stringContaining(`clientAuthentication (${authentication.method}): ${said}`),
    }
    expect(answer).toMatchObject({ kind: 'transient', lost: false, error })
    expect(inspect(answer, { depth: 9 })).not.toContain('canary')
    expect(server.seen).toEqual([])
  })

  it('ACQ-17: private_key_jwt: aud is the issuer as a string, at most 60 s, and a new jti for every attempt', async () => {
    const server = await scriptedServer(reply(200, tokens))
    const key = await signingKey()
    const client = clientOf(
      server,
      signedAssertion(() => ({ key, kid: 'k1' })),
    )
    await refreshTokenGrant(client, refresh)
    await refreshTokenGrant(client, refresh)
    const assertions = server.seen.map(({ form }) => form.client_assertion ?? '')
    const [first, second] = assertions.map((assertion) => decodeJwt(assertion))
    expect(first).toMatchObject({ iss: 'svc', sub: 'svc', aud: server.origin })
    expect((first?.exp ?? 0) - (first?.iat ?? 0)).toBeLessThanOrEqual(60)
    expect(first).not.toHaveProperty('nbf')
    expect(first?.jti).not.toBe(second?.jti)
    expect(decodeProtectedHeader(assertions[0] ?? '')).toEqual({ alg: 'ES256', kid: 'k1' })
    expect(server.seen[0]?.form.client_assertion_type).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
  })

  it('private_key_jwt: audience and alg can be what a server wants', async () => {
    const server = await scriptedServer(reply(200, tokens))
    const key = await signingKey()
    const audience = `${server.origin}/token`
    await refreshTokenGrant(
      clientOf(
        server,
        signedAssertion(() => ({ key, alg: 'ES256K' }), { audience }),
      ),
      refresh,
    )
    const assertion = server.seen[0]?.form.client_assertion ?? ''
    expect(decodeJwt(assertion).aud).toBe(audience)
    expect(decodeProtectedHeader(assertion).alg).toBe('ES256K')
  })

  it('ACQ-17: a pushed request authenticates as well', async () => {
    const server = await scriptedServer(reply(201, { request_uri: 'urn:x', expires_in: 60 }))
    const metadata = { pushed_authorization_request_endpoint: `${server.origin}/par` }
    await authorizationRequest(clientOf(server, clientSecretBasic('s'), metadata), {
      redirectUri: 'https://app.example/cb',
      scope: 'read',
      statePrefix: 'tw.',
      push: pushAuthorizationRequest,
    })
    expect(server.seen.map(({ path, headers }) => [path, headers.authorization])).toEqual([['/par', 'Basic c3ZjOnM=']])
  })

  it('ACQ-17: revocation authenticates as well', async () => {
    const server = await scriptedServer(reply(200))
    await revokeToken(clientOf(server, clientSecretBasic('s')), { kind: 'refresh_token', token: 'canary-rt' })
    expect(server.seen[0]?.path).toBe('/revoke')
    expect(server.seen[0]?.headers.authorization).toMatch(/^Basic /)
  })

  it('ACQ-30: mutual TLS takes the alias where there is one, and the ordinary endpoint elsewhere', async () => {
    const server = await scriptedServer(reply(200, tokens))
    const mtls_endpoint_aliases = {
      token_endpoint: `${server.origin}/mtls/token`,
      authorization_endpoint: `${server.origin}/mtls/authorize`,
    }
    const client = clientOf(server, mutualTls(), { mtls_endpoint_aliases })
    await refreshTokenGrant(client, refresh)
    await revokeToken(client, { kind: 'refresh_token', token: 'canary-rt' })
    expect(server.seen.map(({ path }) => path)).toEqual(['/mtls/token', '/revoke'])
    expect(server.seen[0]?.form).toMatchObject({ client_id: 'svc' })
    expect((await client.metadata()).authorization_endpoint).toBe(`${server.origin}/authorize`)
  })

  it('mutual TLS refuses an alias that is no https URL', async () => {
    const server = await scriptedServer(reply(200, tokens))
    const client = clientOf(server, mutualTls(), {
      mtls_endpoint_aliases: { token_endpoint: 'http://as.example/token' },
    })
    expect(await refreshTokenGrant(client, refresh)).toMatchObject({ error: { reason: 'insecure_endpoint' } })
    expect(server.seen).toEqual([])
  })

  it('without mutual TLS the aliases mean nothing', async () => {
    const server = await scriptedServer(reply(200, tokens))
    const aliases = { mtls_endpoint_aliases: { token_endpoint: `${server.origin}/mtls/token` } }
    await refreshTokenGrant(clientOf(server, clientSecretPost('s'), aliases), refresh)
    expect(server.seen[0]?.path).toBe('/token')
  })

  it('a refused client keeps the session: ERR_CLIENT_REJECTED', async () => {
    const server = await scriptedServer(reply(401, { error: 'invalid_client' }))
    const answer = await refreshTokenGrant(clientOf(server, clientSecretBasic('wrong')), refresh)
    expect(answer).toMatchObject({ kind: 'refused', error: { code: 'ERR_CLIENT_REJECTED', reason: 'invalid_client' } })
  })

  it('refuses at construction what is no secret', () => {
    for (const nothing of ['', undefined, 1, {}])
      for (const method of [clientSecretBasic, clientSecretPost])
        expect(() => method(nothing as string)).toThrow(/clientAuthentication/)
  })
})
