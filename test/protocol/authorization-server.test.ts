import { describe, expect, it } from 'vitest'
import { TokenManagerError } from '../../src/errors.ts'
import { systemClock } from '../../src/in-process/system-clock.ts'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import { webText } from '../../src/in-process/web-text.ts'
import { metadataFrom } from '../../src/manager/metadata-from.ts'
import { type AuthorizationServerOptions, authorizationServer } from '../../src/protocol/authorization-server.ts'
import { exchange } from '../../src/protocol/exchange.ts'
import { manualClock } from '../support/manual-clock.ts'
import { saying } from '../support/sentences.ts'
import { bareFetch, discovering, memoryFetch, metadataAt, reply, scriptedServer } from './scripted-server.ts'

const json =
  (body: unknown, status = 200) =>
  () =>
    new Response(JSON.stringify(body), { status })

function clientFor(issuer: string, fetch = bareFetch, insecureLoopback = false) {
  return authorizationServer(
    { issuer, clientId: 'spa', requestTimeout: 1000, insecureLoopback },
    { fetch, clock: systemClock, crypto: webCrypto, text: webText },
  )
}

describe('discovery', () => {
  it('ACQ-07: asks the OpenID form first and then the RFC 8414 form, without the trailing slash', async () => {
    const { fetch, calls } = memoryFetch(() => new Response('', { status: 404 }))
    await expect(clientFor('https://example.com/issuer1/', fetch).metadata()).rejects.toMatchObject({
      code: 'ERR_RESPONSE_INVALID',
      reason: 'metadata_invalid',
    })
    expect(calls.map(({ url }) => url)).toEqual([
      'https://example.com/issuer1/.well-known/openid-configuration',
      'https://example.com/.well-known/oauth-authorization-server/issuer1',
    ])
  })

  it('ACQ-07: takes what the second form has', async () => {
    const issuer = 'https://example.com'
    const { fetch, calls } = memoryFetch(() =>
      calls.length === 1 ? new Response('', { status: 404 }) : json({ issuer, token_endpoint: `${issuer}/t` })(),
    )
    expect(await clientFor(issuer, fetch).metadata()).toMatchObject({ token_endpoint: 'https://example.com/t' })
    expect(calls[1]?.url).toBe('https://example.com/.well-known/oauth-authorization-server')
  })

  it.each([
    ['403, as a firewall says', () => new Response('Forbidden', { status: 403 })],
    ['400, as Cognito says', () => json({ message: 'bad request' }, 400)()],
    ['401 with JSON', () => json({ error: 'unauthorized' }, 401)()],
    ['the page of an app', () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })],
    ['200 and a list', () => json([])()],
    ['a redirect to the sign-in page', () => new Response('', { status: 302, headers: { location: '/login' } })],
  ])('ACQ-07: takes what the second form has where the first is answered with %s', async (_, first) => {
    const issuer = 'https://example.com'
    const second = json({ issuer, token_endpoint: `${issuer}/t` })
    const { fetch, calls } = memoryFetch(() => (calls.length === 1 ? first() : second()))
    expect(await clientFor(issuer, fetch).metadata()).toMatchObject({ token_endpoint: 'https://example.com/t' })
  })

  it('ACQ-07: looks nowhere else while the server is busy: what it has here may be more', async () => {
    const { fetch, calls } = memoryFetch(() => new Response('', { status: 503 }))
    const failed = clientFor('https://example.com', fetch).metadata()
    await expect(failed).rejects.toMatchObject({ code: 'ERR_TEMPORARILY_UNAVAILABLE', status: 503 })
    expect(calls).toHaveLength(1)
  })

  it('ACQ-07: tells of a redirect where there is no metadata in the other place', async () => {
    const { fetch, calls } = memoryFetch(() => new Response('', { status: calls.length === 1 ? 301 : 404 }))
    const failed = clientFor('https://example.com', fetch).metadata()
    await expect(failed).rejects.toMatchObject({ reason: 'unexpected_redirect', status: 301 })
  })

  it('ACQ-07: takes nothing from an answer other than 200', async () => {
    const { fetch, calls } = memoryFetch(json(metadataAt('https://as.example'), 404))
    await expect(clientFor('https://as.example', fetch).metadata()).rejects.toMatchObject({
      reason: 'metadata_invalid',
    })
    expect(calls).toHaveLength(2)
  })

  it.each([
    ['http://as.example', false],
    ['http://as.example', true],
    ['http://127.0.0.1:9', false],
    ['http://127.0.0.1.evil.example', true],
    ['http://localhost@evil.example', true],
    ['https://user@as.example', false],
    ['https://as.example?x=1', false],
    ['https://as.example#x', false],
    ['https:\\\\as.example', false],
    ['as.example', false],
    ['', false],
  ])('ACQ-07: refuses the issuer %s with insecureLoopback %s', (issuer, insecureLoopback) => {
    expect(() => clientFor(issuer, bareFetch, insecureLoopback)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', reason: 'insecure_endpoint' }),
    )
  })

  it.each(['http://127.0.0.1:9', 'http://localhost', 'http://[::1]:8080/t'])(
    'ACQ-07: allows %s behind the switch',
    (issuer) => {
      expect(clientFor(issuer, bareFetch, true).issuer).toBe(issuer)
    },
  )

  it.each([
    'https://as.example/t1/',
    'https://as.example/T1',
    'https://AS.example/t1',
    'https://evil.example',
    undefined,
  ])('ACQ-06: does not use metadata of %s for https://as.example/t1', async (issuer) => {
    const { fetch } = memoryFetch(json({ ...metadataAt('https://as.example'), issuer }))
    const error = await clientFor('https://as.example/t1', fetch)
      .metadata()
      .catch((error) => error)
    expect(error).toBeInstanceOf(TokenManagerError)
    expect(error).toMatchObject({ code: 'ERR_RESPONSE_INVALID', reason: 'metadata_issuer_mismatch' })
    expect(error.message).toEqual(saying(`"${issuer}"`))
    expect(error.message).toEqual(saying('"https://as.example/t1"'))
  })

  it('ACQ-06: compares given metadata as well, and asks nobody', async () => {
    const { fetch, calls } = memoryFetch(json({}))
    const given = { issuer: 'https://as.example', token_endpoint: 'https://as.example/t' }
    const ports = { fetch, clock: systemClock, crypto: webCrypto, text: webText }
    const options = { metadata: given, clientId: 'spa', requestTimeout: 1000 }
    expect(await authorizationServer({ ...options, issuer: 'https://as.example' }, ports).metadata()).toEqual(given)
    await expect(
      authorizationServer({ ...options, issuer: 'https://as.example/' }, ports).metadata(),
    ).rejects.toMatchObject({ reason: 'metadata_issuer_mismatch' })
    expect(calls).toEqual([])
  })

  it('ACQ-08: an optional http endpoint is absent, an http token endpoint an error', async () => {
    const issuer = 'https://as.example'
    const http = 'http://as.example/x'
    const good = await clientFor(
      issuer,
      memoryFetch(json(metadataAt(issuer, { revocation_endpoint: http, end_session_endpoint: http }))).fetch,
    ).metadata()
    expect(good).toMatchObject({ token_endpoint: `${issuer}/token` })
    expect(good).not.toHaveProperty('revocation_endpoint')
    expect(good).not.toHaveProperty('end_session_endpoint')
    for (const name of ['token_endpoint', 'authorization_endpoint'])
      await expect(
        clientFor(issuer, memoryFetch(json(metadataAt(issuer, { [name]: http }))).fetch).metadata(),
      ).rejects.toMatchObject({ reason: 'insecure_endpoint', message: saying(name) })
  })

  it('joins callers and remembers success, never a failure', async () => {
    const server = await scriptedServer(reply(503))
    const client = discovering(server.origin)
    const both = await Promise.allSettled([client.metadata(), client.metadata()])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(server.seen).toHaveLength(1)
    server.script = reply(200, metadataAt(server.origin))
    await Promise.all([client.metadata(), client.metadata()])
    await client.metadata()
    expect(server.seen).toHaveLength(2)
  })

  it.each([
    ['an outage', reply(500, '<h1>oops</h1>'), 'ERR_TEMPORARILY_UNAVAILABLE', 'server_unavailable'],
    ['too many requests', reply(429), 'ERR_TEMPORARILY_UNAVAILABLE', 'throttled'],
    ['HTML', reply(200, '<h1>hello</h1>'), 'ERR_RESPONSE_INVALID', 'metadata_invalid'],
    ['a list', reply(200, []), 'ERR_RESPONSE_INVALID', 'metadata_invalid'],
    ['403', reply(403), 'ERR_RESPONSE_INVALID', 'metadata_invalid'],
    [
      'a reset',
      (_: unknown, response: { destroy(): void }) => response.destroy(),
      'ERR_TEMPORARILY_UNAVAILABLE',
      'network_unavailable',
    ],
    ['silence', () => {}, 'ERR_TEMPORARILY_UNAVAILABLE', 'timeout'],
  ] as const)('answers %s with a typed error', async (_, script, code, reason) => {
    const server = await scriptedServer(script)
    await expect(discovering(server.origin, bareFetch, 700).metadata()).rejects.toMatchObject({ code, reason })
  })
})

describe('every request', () => {
  it('USE-12: is not cached and carries neither cookies nor a referrer', async () => {
    const { fetch, calls } = memoryFetch(json({ issuer: 'https://as.example' }))
    await clientFor('https://as.example', fetch).metadata()
    expect(calls[0]?.init).toMatchObject({
      redirect: 'manual',
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: expect.any(AbortSignal),
    })
  })

  it('USE-05: discovery does not follow a redirect', async () => {
    const other = await scriptedServer(reply(200, {}))
    const server = await scriptedServer(reply(302, undefined, { location: other.origin }))
    await expect(discovering(server.origin).metadata()).rejects.toMatchObject({
      code: 'ERR_TEMPORARILY_UNAVAILABLE',
      reason: 'unexpected_redirect',
      message: saying('answered 302, a redirect; it is not followed: name the right URL with metadataFrom()'),
    })
    expect(other.seen).toEqual([])
  })

  it('gives up in time on a fetch that ignores its signal, and on a body that never ends', async () => {
    const deaf = discovering('http://127.0.0.1:9', () => new Promise(() => {}), 100)
    await expect(deaf.metadata()).rejects.toMatchObject({ reason: 'timeout' })
    const server = await scriptedServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{')
    })
    await expect(discovering(server.origin, bareFetch, 700).metadata()).rejects.toMatchObject({
      reason: 'timeout',
      status: 200,
    })
  })

  it('reads no more than 1 MiB', async () => {
    const huge = JSON.stringify({ issuer: 'https://as.example', filler: 'x'.repeat(1_048_577) })
    let pulled = 0
    const endless = () =>
      new ReadableStream({
        pull(controller) {
          pulled++
          controller.enqueue(new Uint8Array(65_536).fill(32))
        },
      })
    for (const body of [() => huge, endless])
      await expect(
        clientFor('https://as.example', memoryFetch(() => new Response(body())).fetch).metadata(),
      ).rejects.toMatchObject({ reason: 'network_unavailable' })
    expect(pulled).toBeLessThan(40)
  })

  it('reads answers of a platform without streams', async () => {
    const issuer = 'https://as.example'
    const plain = {
      status: 200,
      headers: new Headers(),
      redirected: false,
      text: async () => JSON.stringify({ issuer }),
    }
    expect(await clientFor(issuer, async () => plain as Response).metadata()).toEqual({ issuer })
  })

  it('reads answers that begin with a byte order mark', async () => {
    const issuer = 'https://as.example'
    const answer = async () => new Response(`\ufeff${JSON.stringify({ issuer })}`)
    expect(await clientFor(issuer, answer).metadata()).toEqual({ issuer })
  })

  it('sends nothing once its time is up', async () => {
    const { fetch, calls } = memoryFetch(json({}))
    const clock = manualClock()
    let makeRequest = () => {}
    const asking = new Promise<void>((resolve) => (makeRequest = resolve))
    const answering = exchange({ fetch, clock, text: webText }, 20, async () => {
      await asking
      return { url: 'https://as.example/token', method: 'POST', headers: {}, body: '' }
    })
    await clock.advance(20)
    expect(await answering).toMatchObject({ kind: 'transient', lost: false, error: { reason: 'timeout' } })
    makeRequest()
    await clock.advance(1_000)
    expect(calls).toEqual([])
  })

  it('lets go of an answer it does not read', async () => {
    const { fetch, calls } = memoryFetch(() => new Response('wait for it', { status: 503 }))
    await expect(clientFor('https://as.example', fetch).metadata()).rejects.toMatchObject({ status: 503 })
    expect(calls[0]?.init.signal?.aborted).toBe(true)
  })

  it('leaves nothing running', async () => {
    const server = await scriptedServer((_, response) => reply(200, metadataAt(server.origin))(_, response))
    let running = 0
    const clock = {
      ...systemClock,
      at: (time: number, run: () => void) => {
        running++
        const stop = systemClock.at(time, run)
        return () => {
          running--
          stop()
        }
      },
    }
    await exchange({ fetch: bareFetch, clock, text: webText }, 2_000, () => Promise.reject(new Error('before sending')))
    await discovering(server.origin).metadata()
    expect(running).toBe(0)
  })
})

describe('metadata that is not as it should be', () => {
  const issuer = 'https://as.example/tenant'
  const body = {
    issuer,
    token_endpoint: 'https://login.example/token',
    authorization_endpoint: 'https://login.example/authorize',
    revocation_endpoint: 'https://login.example/revoke',
    check_endpoint: null,
  }
  const serving = (document: object, options: Partial<AuthorizationServerOptions> = {}) => {
    const memory = memoryFetch(() => new Response(JSON.stringify(document)))
    const platform = { fetch: memory.fetch, clock: systemClock, crypto: webCrypto, text: webText }
    const server = authorizationServer({ issuer, clientId: 'spa', requestTimeout: 2000, ...options }, platform)
    return { ...memory, server }
  }

  it('is asked for at the url of metadataFrom() and nowhere else, and its issuer has to be the same all the same', async () => {
    const url = 'https://elsewhere.example/.well-known/openid-configuration?p=policy'
    const { server, calls } = serving(body, { metadata: metadataFrom({ url }) })
    expect(await server.metadata()).toMatchObject({ issuer })
    expect(calls.map(({ url }) => url)).toEqual([url])

    const other = serving({ ...body, issuer: 'https://as.example/other' }, { metadata: metadataFrom({ url }) })
    await expect(other.server.metadata()).rejects.toMatchObject({ reason: 'metadata_issuer_mismatch' })
  })

  it('has single members replaced and removed', async () => {
    const overrides = { end_session_endpoint: 'https://login.example/logout', revocation_endpoint: null }
    const found = await serving(body, { metadata: metadataFrom({ overrides }) }).server.metadata()
    expect(found.token_endpoint).toBe(body.token_endpoint)
    expect(found.end_session_endpoint).toBe(overrides.end_session_endpoint)
    expect(found).not.toHaveProperty('revocation_endpoint')
  })

  it('a member that is null is as good as absent, and no insecure endpoint', async () => {
    const steps: string[] = []
    const { server } = serving({ ...body, revocation_endpoint: null }, { onDegraded: (step) => steps.push(step) })
    expect(await server.metadata()).not.toHaveProperty('revocation_endpoint')
    expect(steps).toEqual([])
  })

  it('asks for JSON', async () => {
    const { server, calls } = serving(body)
    await server.metadata()
    expect(calls[0]?.init).toMatchObject({ method: 'GET', headers: { accept: 'application/json' } })
  })
})
