import { describe, expect, it } from 'vitest'
import type { Fetch } from '../../src/ports.ts'
import { revokeToken } from '../../src/protocol/revocation.ts'
import {
  bareFetch,
  clientOf,
  discovering,
  memoryFetch,
  metadataAt,
  reply,
  type Script,
  scriptedServer,
} from './scripted-server.ts'

const origin = 'https://as.example'
const token = { kind: 'refresh_token', token: 'canary-rt' } as const

async function revoke(script: Script, timeout = 2000) {
  const server = await scriptedServer(script)
  return { server, answer: await revokeToken(clientOf(server, { requestTimeout: timeout }), token) }
}

describe('revokeToken', () => {
  it('REV-03: posts token, hint and client_id as a form, and nothing in the URL', async () => {
    const { server, answer } = await revoke(reply(200))
    expect(answer).toBe('revoked')
    expect(server.seen).toMatchObject([
      {
        method: 'POST',
        path: '/revoke',
        form: { token: 'canary-rt', token_type_hint: 'refresh_token', client_id: 'spa' },
      },
    ])
    expect(Object.keys(server.seen[0]?.form ?? {})).toHaveLength(3)
    expect(server.seen[0]?.headers).toMatchObject({ 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' })
    expect(server.seen[0]?.headers).not.toHaveProperty('authorization')
  })

  it.each<[string, Script]>([
    ['nothing', reply(200)],
    ['HTML', reply(200, '<p>ok</p>')],
    ['JSON', reply(200, { error: 'unsupported_token_type' })],
    ['204', reply(204)],
    [
      'a cut body',
      (_, response) => {
        response.writeHead(200, { 'content-length': '9' })
        response.write('x', () => response.destroy())
      },
    ],
  ])('REV-04: a success with %s is a success', async (_, script) => {
    expect((await revoke(script)).answer).toBe('revoked')
  })

  it.each<[string, Script, object]>([
    [
      '503',
      reply(503, undefined, { 'retry-after': '2' }),
      { final: false, retryAfter: 2000, failed: { reason: 'server_unavailable' } },
    ],
    ['429', reply(429), { final: false, failed: { reason: 'throttled' } }],
    ['408', reply(408), { final: false }],
    ['500', reply(500, '<h1>oops</h1>'), { final: false }],
    ['302', reply(302, undefined, { location: '/x' }), { final: false, failed: { reason: 'unexpected_redirect' } }],
    ['a reset', (_, response) => response.destroy(), { final: false, failed: { reason: 'network_unavailable' } }],
    ['silence', () => {}, { final: false, failed: { reason: 'timeout' } }],
    [
      '401 invalid_client',
      reply(401, { error: 'invalid_client' }),
      { final: true, failed: { code: 'ERR_CLIENT_REJECTED' } },
    ],
    ['400', reply(400), { final: true, failed: { reason: 'server_refused' } }],
    ['404', reply(404, '<h1>no</h1>'), { final: true }],
  ])('REV-04: %s is reported', async (_, script, expected) => {
    const { server, answer } = await revoke(script, 700)
    expect(answer).toMatchObject(expected)
    expect(server.seen).toHaveLength(1)
  })

  it('REV-04: unsupported_token_type is not a failure', async () => {
    expect((await revoke(reply(400, { error: 'unsupported_token_type' }))).answer).toBe('unsupported')
  })

  it('ACQ-08: a server without an https revocation endpoint is not asked', async () => {
    const { fetch, calls } = memoryFetch(() => new Response())
    for (const revocation_endpoint of [undefined, 'http://as.example/revoke'])
      expect(
        await revokeToken(
          clientOf({ origin }, { metadata: metadataAt(origin, { revocation_endpoint }) as never }, { fetch }),
          token,
        ),
      ).toBe('unsupported')
    expect(calls).toEqual([])
  })

  it('reports metadata that cannot be had', async () => {
    const { fetch } = memoryFetch(() => new Response('', { status: 503 }))
    expect(await revokeToken(discovering(origin, fetch), token)).toMatchObject({
      final: false,
      failed: { reason: 'server_unavailable' },
    })
  })

  it('USE-05, USE-12: redirect, cache, credentials, referrer', async () => {
    const { fetch, calls } = memoryFetch(() => new Response())
    await revokeToken(clientOf({ origin }, {}, { fetch }), token)
    const expected = { redirect: 'manual', cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer' }
    expect(calls[0]?.init).toMatchObject(expected)
    expect(calls[0]?.init).not.toHaveProperty('keepalive')
  })

  it('REV-06: keepalive when asked for', async () => {
    const { fetch, calls } = memoryFetch(() => new Response())
    expect(await revokeToken(clientOf({ origin }, {}, { fetch }), token, { keepalive: true })).toBe('revoked')
    expect(calls.map(({ init }) => init.keepalive)).toEqual([true])
  })

  it('REV-06: a keepalive request that the platform refuses becomes an ordinary one', async () => {
    const server = await scriptedServer(reply(200))
    const tried: (boolean | undefined)[] = []
    const full: Fetch = async (input, init) => {
      tried.push(init?.keepalive)
      if (init?.keepalive) throw new TypeError('Failed to fetch')
      return bareFetch(input, init)
    }
    expect(await revokeToken(clientOf(server, {}, { fetch: full }), token, { keepalive: true })).toBe('revoked')
    expect(tried).toEqual([true, undefined])
    expect(server.seen).toHaveLength(1)
  })

  it('REV-06: nothing is tried again after the time limit', async () => {
    let tries = 0
    const slow: Fetch = (_, init) => {
      tries++
      return new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted'))))
    }
    const client = clientOf({ origin }, { requestTimeout: 50 }, { fetch: slow })
    expect(await revokeToken(client, token, { keepalive: true })).toMatchObject({ failed: { reason: 'timeout' } })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(tries).toBe(1)
  })
})
