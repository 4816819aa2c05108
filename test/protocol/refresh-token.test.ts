import type { ServerResponse } from 'node:http'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { isTransient, TokenManagerError } from '../../src/errors.ts'
import { refreshTokenGrant } from '../../src/protocol/refresh-token.ts'
import { clientOf, discovering, memoryFetch, reply, type Script, scriptedServer } from './scripted-server.ts'

const beforeSend = () => true
const request = { refreshToken: 'canary-rt1', beforeSend }
const tokens = { access_token: 'canary-at2', token_type: 'Bearer', expires_in: 60, refresh_token: 'canary-rt2' }

async function ask(script: Script, timeout = 2000) {
  const server = await scriptedServer(script)
  return { server, answer: await refreshTokenGrant(clientOf(server, { requestTimeout: timeout }), request) }
}

describe('refreshTokenGrant', () => {
  it('ACQ-17: a public client sends exactly grant_type, refresh_token, client_id, and scope and resource when asked', async () => {
    const { server } = await ask(reply(200, tokens))
    expect(server.seen).toHaveLength(1)
    const [seen] = server.seen
    expect(seen?.method).toBe('POST')
    expect(seen?.form).toEqual({ grant_type: 'refresh_token', refresh_token: 'canary-rt1', client_id: 'spa' })
    expect(seen?.headers).not.toHaveProperty('authorization')
    expect(seen?.path).toBe('/token')
    await refreshTokenGrant(clientOf(server), { ...request, scope: 'a b', resource: 'https://api.example/' })
    expect(server.seen[1]?.form).toEqual({ ...seen?.form, scope: 'a b', resource: 'https://api.example/' })
  })

  it('RT-01: hands on a new refresh token, and none when none came', async () => {
    expect((await ask(reply(200, tokens))).answer).toMatchObject({
      kind: 'tokens',
      response: { accessToken: 'canary-at2', refreshToken: 'canary-rt2' },
    })
    const { refresh_token: _, ...without } = tokens
    for (const body of [without, { ...tokens, refresh_token: null }, { ...tokens, refresh_token: '' }]) {
      const { answer } = await ask(reply(200, body))
      expect(answer.kind).toBe('tokens')
      expect((answer as { response: object }).response).toHaveProperty('refreshToken', undefined)
    }
  })

  it('asks beforeSend in the same turn as the real fetch, with the metadata at hand, and sends nothing after a no', async () => {
    const order: string[] = []
    const { fetch } = memoryFetch(() => new Response(JSON.stringify(tokens)))
    const client = clientOf(
      { origin: 'https://as.example' },
      {},
      {
        fetch: (input, init) => {
          order.push('fetch')
          return fetch(input, init)
        },
      },
    )
    const asked = (answer: boolean) => () => {
      order.push('asked')
      queueMicrotask(() => order.push('next turn'))
      return answer
    }
    expect((await refreshTokenGrant(client, { ...request, beforeSend: asked(true) })).kind).toBe('tokens')
    expect(order).toEqual(['asked', 'fetch', 'next turn'])
    order.length = 0
    expect(await refreshTokenGrant(client, { ...request, beforeSend: asked(false) })).toEqual({ kind: 'unsent' })
    expect(order).toEqual(['asked', 'next turn'])
  })

  it('RT-08: counts from when the request was sent', async () => {
    let elapsed = 0
    const clock = { now: () => 1_000_000 + elapsed, elapsed: () => elapsed, at: () => () => {} }
    const { fetch } = memoryFetch(() => {
      elapsed += 5000
      return new Response(JSON.stringify(tokens))
    })
    const client = clientOf({ origin: 'https://as.example' }, {}, { fetch, clock })
    expect(await refreshTokenGrant(client, request)).toMatchObject({
      response: { obtainedAt: 1_000_000, expiresAt: 1_060_000 },
    })
  })

  const invalidGrant = { error: 'invalid_grant' }
  it.each<[string, Script]>([
    ['400', reply(400, invalidGrant)],
    ['401', reply(401, invalidGrant)],
    ['403', reply(403, invalidGrant)],
    ['with WWW-Authenticate', reply(400, invalidGrant, { 'www-authenticate': 'Bearer error="invalid_token"' })],
    ['as text/plain', reply(400, JSON.stringify(invalidGrant), { 'content-type': 'text/plain' })],
  ])('RT-02: invalid_grant ends the grant: %s', async (_, script) => {
    expect((await ask(script)).answer).toMatchObject({
      kind: 'rejected',
      error: { code: 'ERR_GRANT_REJECTED', reason: 'invalid_grant', error: 'invalid_grant' },
    })
  })

  const refused = ['invalid_request', 'invalid_scope', 'invalid_client', 'unauthorized_client', 'invalid_target']
    .concat(['use_dpop_nonce', 'invalid_dpop_proof', 'unsupported_grant_type', 'INVALID_GRANT', 'invalid_grant '])
    .flatMap((error) => [400, 401, 403].map((status) => [status, error] as const))
  it.each(refused)('RT-02: %s %s keeps the grant', async (status, error) => {
    const { answer } = await ask(reply(status, { error }))
    expect(answer).toMatchObject({ kind: 'refused', error: { status, code: 'ERR_CLIENT_REJECTED' } })
    const reasons = ['invalid_scope', 'invalid_client', 'invalid_target']
    const reason =
      error === 'unauthorized_client' ? 'invalid_client' : reasons.includes(error) ? error : 'server_refused'
    expect(answer).toMatchObject({ error: { reason } })
  })

  it.each<[string, Script]>([
    ['an empty 400', reply(400)],
    ['an HTML 400', reply(400, '<p>invalid_grant</p>')],
    ['an HTML 403', reply(403, '<h1>Forbidden</h1>')],
    ['a 403', reply(403)],
    ['a 404', reply(404)],
    ['an error that is no string', reply(400, { error: ['invalid_grant'] })],
    ['a list', reply(400, ['invalid_grant'])],
    ['a JSON string', reply(400, '"invalid_grant"')],
  ])('RT-02: %s keeps the grant', async (_, script) => {
    const { answer } = await ask(script)
    expect(answer).toMatchObject({ kind: 'refused', error: { reason: 'server_refused' } })
    expect(isTransient((answer as { error: unknown }).error)).toBe(true)
  })

  const cut = (status: number) => (_: unknown, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': '500' })
    response.write('{"access_token":', () => response.destroy())
  }
  it.each<[string, Script, string, boolean]>([
    ['HTML 500', reply(500, '<h1>oops</h1>'), 'server_unavailable', true],
    ['500 invalid_grant', reply(500, invalidGrant), 'server_unavailable', true],
    ['502', reply(502), 'server_unavailable', true],
    ['503', reply(503), 'server_unavailable', false],
    ['429 invalid_grant', reply(429, invalidGrant), 'throttled', false],
    ['408', reply(408, invalidGrant), 'server_unavailable', false],
    ['302', reply(302, undefined, { location: '/elsewhere' }), 'unexpected_redirect', false],
    ['304', reply(304), 'unexpected_redirect', false],
    ['a captive portal', reply(200, '<h1>Welcome</h1>'), 'server_unavailable', true],
    ['an empty 200', reply(200), 'server_unavailable', true],
    ['a JSON list', reply(200, []), 'server_unavailable', true],
    ['a cut 200', cut(200), 'network_unavailable', true],
    ['a cut 400', cut(400), 'network_unavailable', true],
    ['a reset', (_, response) => response.destroy(), 'network_unavailable', true],
    ['silence', () => {}, 'timeout', true],
  ])('RT-02: %s is a passing fault', async (_, script, reason, lost) => {
    const { answer } = await ask(script, 700)
    expect(answer).toMatchObject({ kind: 'transient', lost, error: { code: 'ERR_TEMPORARILY_UNAVAILABLE', reason } })
  })

  it('RT-12: hands on Retry-After', async () => {
    const before = Date.now()
    const { answer } = await ask(reply(503, undefined, { 'retry-after': '7' }))
    expect(answer).toMatchObject({ kind: 'transient', retryAfter: 7000 })
    expect((answer as { error: TokenManagerError }).error.retryAt).toBeGreaterThanOrEqual(before + 7000)
    expect((await ask(reply(429, undefined, { 'retry-after': '999999' }))).answer).toMatchObject({
      retryAfter: 3_600_000,
    })
    expect((await ask(reply(503))).answer).toHaveProperty('retryAfter', undefined)
  })

  it.each([301, 302, 303, 307, 308])('USE-05: a %s never takes the refresh token elsewhere', async (status) => {
    const other = await scriptedServer(reply(200, tokens))
    const { answer } = await ask(reply(status, undefined, { location: `${other.origin}/token` }))
    expect(answer).toMatchObject({ kind: 'transient', lost: false, error: { reason: 'unexpected_redirect' } })
    expect(other.seen).toEqual([])
  })

  it('USE-05: knows an opaque redirect, and one that the platform followed', async () => {
    const opaque = { status: 0, type: 'opaqueredirect', headers: new Headers(), redirected: false }
    const followed = { ...opaque, status: 200, redirected: true, text: async () => JSON.stringify(tokens) }
    for (const response of [opaque, followed]) {
      const client = clientOf(
        { origin: 'https://as.example' },
        {},
        { fetch: async () => response as unknown as Response },
      )
      expect(await refreshTokenGrant(client, request)).toMatchObject({ error: { reason: 'unexpected_redirect' } })
    }
  })

  it('USE-12: is not cached and carries neither cookies nor a referrer', async () => {
    const { fetch, calls } = memoryFetch(() => new Response(JSON.stringify(tokens)))
    await refreshTokenGrant(clientOf({ origin: 'https://as.example' }, {}, { fetch }), request)
    const expected = { redirect: 'manual', cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer' }
    expect(calls[0]?.init).toMatchObject({ method: 'POST', ...expected })
    expect(calls[0]?.init).not.toHaveProperty('keepalive')
  })

  it('sends nothing, and loses nothing, when the metadata cannot be had', async () => {
    const { fetch, calls } = memoryFetch(() => new Response('', { status: 503 }))
    let asked = 0
    const answer = await refreshTokenGrant(discovering('https://as.example', fetch), {
      ...request,
      beforeSend: () => Boolean(++asked),
    })
    expect(answer).toMatchObject({ kind: 'transient', lost: false, error: { reason: 'server_unavailable' } })
    expect(asked).toBe(0)
    expect(calls.map(({ init }) => init.method)).toEqual(['GET'])
  })

  it('no error holds a token', async () => {
    const scripts: Script[] = [
      reply(400, { error: 'invalid_grant', error_description: 'canary-rt1' }),
      reply(200, { ...tokens, token_type: 'mac' }),
      reply(200, { ...tokens, access_token: 'canary-at2\n' }),
      cut(200),
    ]
    for (const script of scripts) {
      const { answer } = await ask(script)
      const { error } = answer as { error: TokenManagerError }
      expect(error).toBeInstanceOf(TokenManagerError)
      expect(`${error.stack} ${JSON.stringify(error)} ${inspect(error, { depth: 9, showHidden: true })}`).not.toContain(
        'canary',
      )
    }
  })
})
