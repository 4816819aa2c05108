import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type AuthorizationRequestOptions, authorizationRequest } from '../../src/protocol/authorization-code.ts'
import { pushAuthorizationRequest } from '../../src/protocol/pushed-authorization.ts'
import { saying } from '../support/sentences.ts'
import { clientOf, metadataAt, reply, type Script, scriptedServer } from './scripted-server.ts'

const options: AuthorizationRequestOptions = {
  ...{ redirectUri: 'https://app.example/cb', scope: 'openid read', statePrefix: 'tw.', prompt: 'login' },
  ...{ claims: { id_token: { acr: { essential: true } } }, resources: ['urn:a', 'urn:b', 'urn:a'], resource: 'urn:a' },
}
const push = pushAuthorizationRequest
const request_uri = 'urn:ietf:params:oauth:request_uri:abc'
const pushed = reply(201, { request_uri, expires_in: 60 })

/** A server that takes pushed requests, and what it says about them. */
async function server(script: Script, metadata: Record<string, unknown> = {}) {
  const as = await scriptedServer(script)
  const all = metadataAt(as.origin, { pushed_authorization_request_endpoint: `${as.origin}/par`, ...metadata })
  return { as, client: clientOf(as, { metadata: all, requestTimeout: 700 }) }
}

describe('pushing an authorization request', () => {
  it.each([
    ['one that does not ask for it', {}],
    ['one that requires it', { require_pushed_authorization_requests: true }],
  ])(
    'ACQ-18: to %s: everything is in the pushed request, client_id and request_uri alone in the URL',
    async (_, metadata) => {
      const { as, client } = await server(pushed, metadata)
      const { url, pending, expiresAt } = await authorizationRequest(client, { ...options, push })
      expect([...new URL(url).searchParams]).toEqual([
        ['client_id', 'spa'],
        ['request_uri', request_uri],
      ])
      expect(expiresAt - Date.now()).toBeGreaterThan(50_000)
      expect(expiresAt - Date.now()).toBeLessThanOrEqual(60_000)
      const [{ method, path, body, headers } = expect.fail()] = as.seen
      expect([as.seen.length, method, path]).toEqual([1, 'POST', '/par'])
      expect(headers).not.toHaveProperty('authorization')
      const params = new URLSearchParams(body)
      expect(params.getAll('resource')).toEqual(['urn:a', 'urn:b'])
      expect(Object.fromEntries(params)).toMatchObject({
        ...{ client_id: 'spa', response_type: 'code', redirect_uri: options.redirectUri, scope: 'openid read' },
        ...{ state: pending.state, nonce: pending.nonce, code_challenge_method: 'S256', prompt: 'login' },
        claims: '{"id_token":{"acr":{"essential":true}}}',
      })
      expect(params.has('request_uri')).toBe(false)
      expect(params.get('code_challenge')).toMatch(/^[\w-]{43}$/)
    },
  )

  it('ACQ-18: required and not imported, nobody is asked, and the error says what to import', async () => {
    const { as, client } = await server(pushed, { require_pushed_authorization_requests: true })
    await expect(authorizationRequest(client, options)).rejects.toMatchObject({
      ...{ code: 'ERR_INVALID_OPTION', reason: 'invalid_option' },
      message: saying('Option pushedAuthorizationRequests has to be pushedAuthorizationRequests(), imported'),
    })
    expect(as.seen).toEqual([])
  })

  it('ACQ-18: not asked for and not required, nothing is pushed', async () => {
    const { as, client } = await server(pushed)
    const { url, expiresAt } = await authorizationRequest(client, options)
    expect([as.seen.length, expiresAt, new URL(url).searchParams.get('prompt')]).toEqual([0, Infinity, 'login'])
  })

  it.each<[string, Script, object]>([
    [
      'a refusal',
      reply(400, { error: 'invalid_request' }),
      { code: 'ERR_CLIENT_REJECTED', error: 'invalid_request', status: 400 },
    ],
    [
      'an unknown client',
      reply(401, { error: 'invalid_client' }),
      { code: 'ERR_CLIENT_REJECTED', reason: 'invalid_client' },
    ],
    ['a target it does not know', reply(400, { error: 'invalid_target' }), { reason: 'invalid_target' }],
    [
      '200',
      reply(200, { request_uri, expires_in: 60 }),
      { code: 'ERR_RESPONSE_INVALID', reason: 'invalid_pushed_authorization_response' },
    ],
    ['no request_uri', reply(201, { expires_in: 60 }), { reason: 'invalid_pushed_authorization_response' }],
    [
      'an empty request_uri',
      reply(201, { request_uri: '', expires_in: 60 }),
      { reason: 'invalid_pushed_authorization_response' },
    ],
    ['no lifetime', reply(201, { request_uri }), { reason: 'invalid_pushed_authorization_response' }],
    ['no time left', reply(201, { request_uri, expires_in: 0 }), { reason: 'invalid_pushed_authorization_response' }],
    ['HTML', reply(201, '<p>hi</p>'), { reason: 'invalid_pushed_authorization_response' }],
    ['an outage', reply(503), { code: 'ERR_TEMPORARILY_UNAVAILABLE', reason: 'server_unavailable' }],
    ['a reset', (_, response) => response.destroy(), { reason: 'network_unavailable' }],
    ['silence', () => {}, { reason: 'timeout' }],
  ])('ACQ-18: %s is a typed error that tells nothing', async (_, script, wanted) => {
    const { as, client } = await server(script)
    const error = await authorizationRequest(client, { ...options, push }).catch((error) => error)
    expect(error).toMatchObject({ name: 'TokenManagerError', ...wanted })
    const [{ form } = expect.fail()] = as.seen
    const told = `${error.stack} ${inspect(error, { depth: 9, showHidden: true })}`
    for (const secret of [form.state, form.nonce, form.code_challenge]) expect(told).not.toContain(secret)
  })

  it.each([302, 307])('USE-05: a %s takes what was pushed nowhere else', async (status) => {
    const other = await scriptedServer(pushed)
    const { as, client } = await server(reply(status, undefined, { location: `${other.origin}/par` }))
    const asked = authorizationRequest(client, { ...options, push })
    await expect(asked).rejects.toMatchObject({ reason: 'unexpected_redirect' })
    expect([as.seen.length, other.seen]).toEqual([1, []])
  })

  it('ACQ-18: a server that requires it and has no place for it, or none over https, is named as such', async () => {
    for (const endpoint of [undefined, 'http://as.example/par']) {
      const { client } = await server(pushed, {
        ...{ pushed_authorization_request_endpoint: endpoint, require_pushed_authorization_requests: true },
      })
      await expect(authorizationRequest(client, { ...options, push })).rejects.toMatchObject({
        ...{ reason: 'endpoint_missing', message: saying('pushed_authorization_request_endpoint') },
      })
    }
  })
})
