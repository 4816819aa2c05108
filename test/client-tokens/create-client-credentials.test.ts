import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  type ClientCredentialsOptions,
  createClientCredentials,
} from '../../src/client-tokens/create-client-credentials.ts'
import type { ClientTokenEvent, ClientTokenEventType } from '../../src/client-tokens/events.ts'
import type { ManagerPlatform } from '../../src/index.ts'
import { clientSecretBasic } from '../../src/node/client-authentication.ts'
import { watchedStorage } from '../support/watched-storage.ts'
import { json, type TokenEndpoint, tokenEndpoint } from './token-endpoint.ts'

const EVENTS: ClientTokenEventType[] = [
  ...(['obtained', 'request_failed', 'adopted', 'token_rejected'] as const),
  ...(['step_up_required', 'retry_impossible', 'store_failed'] as const),
]

function client(endpoint: TokenEndpoint, options: Partial<ClientCredentialsOptions> = {}) {
  const tokens = createClientCredentials({ ...endpoint.options, ...options }, endpoint.platform)
  const events: ClientTokenEvent[] = []
  for (const type of EVENTS) tokens.on(type, (event) => events.push(event as ClientTokenEvent))
  return { tokens, events, told: () => events.map(({ type }) => type) }
}

const down = () => json(503, {})
const failure = (error: unknown) => error as { code: string; reason: string; retryAt?: number }

describe('createClientCredentials', () => {
  it('ACQ-17: asks once per resource and scope set, however many ask and in whatever order they name scopes', async () => {
    const endpoint = tokenEndpoint()
    const { tokens } = client(endpoint, { clientAuthentication: clientSecretBasic('s'), scope: 'all' })
    const got = await Promise.all([
      ...Array.from({ length: 10 }, () => tokens.getAccessToken()),
      tokens.getAccessToken({ scope: 'all' }),
      ...['a b', 'b a', 'a b'].map((scope) => tokens.getAccessToken({ scope })),
      tokens.getAccessToken({ scope: 'a b', resource: 'urn:one' }),
      tokens.getAccessToken({ scope: 'a b', audience: 'urn:one' }),
    ])
    expect(endpoint.requests.map(({ form }) => form)).toEqual([
      { grant_type: 'client_credentials', scope: 'all' },
      { grant_type: 'client_credentials', scope: 'a b' },
      { grant_type: 'client_credentials', scope: 'a b', resource: 'urn:one' },
      { grant_type: 'client_credentials', scope: 'a b', audience: 'urn:one' },
    ])
    expect(endpoint.requests[0]?.authorization).toBe('Basic c3ZjOnM=')
    expect(new Set(got.map(({ value }) => value)).size).toBe(4)
  })

  it('ACQ-17: a refresh token that comes along is not used', async () => {
    const endpoint = tokenEndpoint()
    endpoint.answer = () =>
      json(200, { access_token: 'canary', refresh_token: 'canary-rt', token_type: 'Bearer', expires_in: 300 })
    const { tokens } = client(endpoint)
    await tokens.getAccessToken()
    await endpoint.clock.advance(301_000)
    await tokens.getAccessToken()
    expect(endpoint.requests.map(({ form }) => form)).toEqual(
      Array(2).fill({ client_id: 'svc', grant_type: 'client_credentials' }),
    )
  })

  it('10,000 concurrent callers over 20 resources make 20 requests', async () => {
    const endpoint = tokenEndpoint()
    const { tokens } = client(endpoint)
    const got = await Promise.all(
      Array.from({ length: 10_000 }, (_, index) => tokens.getAccessToken({ resource: `urn:${index % 20}` })),
    )
    expect(endpoint.requests).toHaveLength(20)
    expect(got.every(({ value }, index) => value.endsWith(`-urn:${index % 20}`))).toBe(true)
  })

  it('takes the next token ahead of expiry, and nobody waits for it', async () => {
    const endpoint = tokenEndpoint()
    const { tokens, events } = client(endpoint)
    const first = await tokens.getAccessToken()
    await endpoint.clock.advance(239_000)
    expect(await tokens.getAccessToken()).toBe(first)
    expect(endpoint.requests).toHaveLength(1)
    await endpoint.clock.advance(2_000)
    expect(await Promise.all([tokens.getAccessToken(), tokens.getAccessToken()])).toEqual([first, first])
    await endpoint.clock.advance(0)
    expect(endpoint.requests).toHaveLength(2)
    expect((await tokens.getAccessToken()).value).not.toBe(first.value)
    expect(events).toMatchObject([
      { type: 'obtained', ahead: false },
      { type: 'obtained', ahead: true },
    ])
  })

  it('USE-08: a failing refresh-ahead fails nobody while the token is valid, and asks no more than the back-off allows', async () => {
    const endpoint = tokenEndpoint()
    const { tokens, told } = client(endpoint)
    const { value } = await tokens.getAccessToken()
    endpoint.answer = down
    await endpoint.clock.advance(241_000)
    for (let second = 0; second < 58; second++) {
      expect((await tokens.getAccessToken()).value).toBe(value)
      await endpoint.clock.advance(1_000)
    }
    expect(endpoint.requests.length).toBeLessThanOrEqual(8)
    expect(told()).toContain('request_failed')
    await endpoint.clock.advance(2_000)
    const error = failure(await tokens.getAccessToken().catch((e) => e))
    expect(error).toMatchObject({ code: 'ERR_TEMPORARILY_UNAVAILABLE', reason: 'server_unavailable' })
    expect(error.retryAt).toBeGreaterThan(endpoint.clock.now())
  })

  it('RT-12: an outage of a minute with 1 000 callers costs at most 8 requests, and Retry-After is kept', async () => {
    const endpoint = tokenEndpoint()
    const { tokens } = client(endpoint)
    endpoint.answer = down
    for (let second = 0; second < 60; second++) {
      const errors = await Promise.all(
        Array.from({ length: 17 }, (_, i) => tokens.getAccessToken({ resource: `urn:${i % 5}` }).catch((e) => e.code)),
      )
      expect(new Set(errors)).toEqual(new Set(['ERR_TEMPORARILY_UNAVAILABLE']))
      await endpoint.clock.advance(1_000)
    }
    // The first five were under way together.
    expect(endpoint.requests.length).toBeLessThanOrEqual(5 * 8)
    const paced = tokenEndpoint()
    const other = client(paced)
    paced.answer = () => json(503, {}, { 'retry-after': '77' })
    const error = failure(await other.tokens.getAccessToken().catch((e) => e))
    expect(error.retryAt).toBe(paced.clock.now() + 77_000)
    await paced.clock.advance(76_000)
    await other.tokens.getAccessToken().catch(() => {})
    expect(paced.requests).toHaveLength(1)
    await paced.clock.advance(1_001)
    await other.tokens.getAccessToken().catch(() => {})
    expect(paced.requests).toHaveLength(2)
  })

  it('a target the server refuses keeps no other from its token', async () => {
    const endpoint = tokenEndpoint()
    const { tokens } = client(endpoint)
    const { answer } = endpoint
    endpoint.answer = (form) => (form.resource === 'urn:bad' ? json(400, { error: 'invalid_target' }) : answer(form))
    const bad = () => tokens.getAccessToken({ resource: 'urn:bad' }).catch((error) => error)
    expect(await bad()).toMatchObject({ code: 'ERR_CLIENT_REJECTED', reason: 'invalid_target' })
    expect(await bad()).toMatchObject({ code: 'ERR_CLIENT_REJECTED', reason: 'invalid_target' })
    expect((await tokens.getAccessToken({ resource: 'urn:good' })).value).toContain('urn:good')
    expect(endpoint.requests).toHaveLength(2)
  })

  it('a refused client is ERR_CLIENT_REJECTED for every target, without another request', async () => {
    const endpoint = tokenEndpoint()
    const { tokens } = client(endpoint)
    endpoint.answer = () => json(401, { error: 'invalid_client' })
    for (const resource of ['urn:a', 'urn:b'])
      expect(await tokens.getAccessToken({ resource }).catch((error) => error)).toMatchObject({
        code: 'ERR_CLIENT_REJECTED',
        reason: 'invalid_client',
      })
    expect(endpoint.requests).toHaveLength(1)
  })

  it('sends a request once more when its connection was cut, and only then', async () => {
    const endpoint = tokenEndpoint()
    const { tokens } = client(endpoint)
    const { answer } = endpoint
    let cuts = 1
    endpoint.answer = (form) => (cuts-- > 0 ? Promise.reject(new TypeError('fetch failed')) : answer(form))
    await tokens.getAccessToken()
    expect(endpoint.requests).toHaveLength(2)
    cuts = 9
    await tokens.getAccessToken({ resource: 'urn:x' }).catch(() => {})
    expect(endpoint.requests).toHaveLength(4)
  })

  it('a 401 gets one new token for all callers and one second sending', async () => {
    const endpoint = tokenEndpoint()
    const { tokens, told } = client(endpoint)
    endpoint.accepts = (token) => !token.startsWith('canary-1-')
    const answers = await Promise.all(Array.from({ length: 5 }, () => tokens.fetch('https://api.example/notes')))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(endpoint.requests).toHaveLength(2)
    expect(told().filter((type) => type === 'token_rejected')).toHaveLength(1)
  })

  it('an API that refuses every token costs no more than three of them a minute', async () => {
    const endpoint = tokenEndpoint()
    const { tokens } = client(endpoint)
    endpoint.accepts = () => false
    for (let call = 0; call < 20; call++) expect((await tokens.fetch('https://api.example/')).status).toBe(401)
    expect(endpoint.requests).toHaveLength(4)
  })

  it('sends the token of the matching entry, and no token anywhere else', async () => {
    const endpoint = tokenEndpoint()
    const { tokens } = client(endpoint)
    await tokens.fetch('https://other.example/x')
    expect(endpoint.requests[0]?.form).toMatchObject({ resource: 'urn:other', scope: 'read' })
    expect((await tokens.headersFor('https://other.example/y')).get('authorization')).toBe('Bearer canary-1-urn:other')
    for (const call of [tokens.fetch, tokens.headersFor])
      expect(failure(await call('https://evil.example/').catch((error) => error)).code).toBe('ERR_TARGET_NOT_ALLOWED')
    expect(endpoint.calls).toHaveLength(1)
  })

  it('is bounded: the tokens not used for the longest time go first', async () => {
    const endpoint = tokenEndpoint()
    const { tokens } = client(endpoint, { maxTokens: 20 })
    for (let round = 0; round < 50; round++) {
      await tokens.getAccessToken({ resource: 'urn:often' })
      await tokens.getAccessToken({ resource: `urn:${round}` })
    }
    expect(endpoint.requests.filter(({ form }) => form.resource === 'urn:often')).toHaveLength(1)
    await tokens.getAccessToken({ resource: 'urn:0' })
    expect(endpoint.requests.filter(({ form }) => form.resource === 'urn:0')).toHaveLength(2)
  })

  it('a caller that gives up takes nothing from the others', async () => {
    const endpoint = tokenEndpoint()
    const { tokens } = client(endpoint)
    endpoint.latency = 100
    const leaving = new AbortController()
    const left = tokens.getAccessToken({ signal: leaving.signal })
    const stays = tokens.getAccessToken()
    leaving.abort(new Error('enough'))
    await expect(left).rejects.toThrow('enough')
    await endpoint.clock.advance(100)
    expect((await stays).value).toBe('canary-1-')
    expect(endpoint.requests).toHaveLength(1)
  })

  it('minValidity asks for a token that lives on for so long, once', async () => {
    const endpoint = tokenEndpoint()
    const { tokens } = client(endpoint)
    await tokens.getAccessToken()
    await endpoint.clock.advance(100_000)
    await tokens.getAccessToken({ minValidity: 150_000 })
    expect(endpoint.requests).toHaveLength(1)
    await tokens.getAccessToken({ minValidity: 250_000 })
    expect(endpoint.requests).toHaveLength(2)
    expect(failure(await tokens.getAccessToken({ minValidity: 400_000 }).catch((e) => e)).code).toBe(
      'ERR_RESPONSE_INVALID',
    )
    expect(endpoint.requests).toHaveLength(3)
  })

  it('USE-08: tokens that had expired when they came are waited for, and those that do not say last until refused', async () => {
    const endpoint = tokenEndpoint()
    const { tokens, events } = client(endpoint, { expiresInZero: 'expired' })
    endpoint.answer = () => json(200, { access_token: 'canary-x', token_type: 'Bearer', expires_in: 0 })
    for (let call = 0; call < 100; call++) {
      const error = failure(await tokens.getAccessToken().catch((cause) => cause))
      expect(error).toMatchObject({ code: 'ERR_RESPONSE_INVALID', reason: 'invalid_token_response' })
      expect(error.retryAt).toBeGreaterThan(endpoint.clock.now())
    }
    expect(endpoint.requests).toHaveLength(1)
    expect(events).toMatchObject([{ type: 'request_failed', reason: 'invalid_token_response' }])
    await endpoint.clock.advance(3_000)
    endpoint.answer = () => json(200, { access_token: 'canary-y', token_type: 'Bearer' })
    await tokens.getAccessToken()
    await endpoint.clock.advance(1_000_000_000)
    expect((await tokens.getAccessToken()).value).toBe('canary-y')
    expect(endpoint.requests).toHaveLength(2)
  })

  it('ACQ-22: expires_in: 0 is a lifetime that nobody knows, as nothing else could be meant', async () => {
    const endpoint = tokenEndpoint()
    const { tokens } = client(endpoint)
    endpoint.answer = () => json(200, { access_token: 'x', token_type: 'Bearer', expires_in: 0, scope: null })
    await tokens.getAccessToken()
    await endpoint.clock.advance(1_000_000_000)
    expect(await tokens.getAccessToken()).toHaveProperty('expiresAt', undefined)
    expect(endpoint.requests).toHaveLength(1)
  })

  it('a server that answers with the refused token again is asked once a minute, and the 401 is handed on', async () => {
    const endpoint = tokenEndpoint()
    const { tokens } = client(endpoint)
    endpoint.answer = () => json(200, { access_token: 'the-same', token_type: 'Bearer', expires_in: 21_600 })
    endpoint.accepts = () => false
    for (let second = 0; second < 600; second++) {
      expect((await tokens.fetch('https://api.example/')).status).toBe(401)
      await endpoint.clock.advance(1_000)
    }
    expect(endpoint.requests.length).toBeLessThanOrEqual(11)
    endpoint.accepts = () => true
    expect((await tokens.fetch('https://api.example/')).status).toBe(200)
  })

  it('ERR-01: nothing it throws or tells holds a secret', async () => {
    const endpoint = tokenEndpoint()
    const { tokens, events } = client(endpoint, { clientAuthentication: clientSecretBasic('canary-secret') })
    const token = await tokens.getAccessToken()
    endpoint.answer = () => json(400, { error: 'invalid_scope', error_description: 'No such scope', scope: 'canary' })
    const error = await tokens.getAccessToken({ scope: 'x' }).catch((e) => e)
    endpoint.accepts = () => false
    await tokens.fetch('https://api.example/?q=canary')
    const told = inspect([token, error, events, String(error), error.stack], { depth: 9, showHidden: false })
    expect(told).not.toContain('canary')
  })

  it('dispose forgets, and using it again begins anew', async () => {
    const endpoint = tokenEndpoint()
    const { tokens } = client(endpoint)
    await tokens.getAccessToken()
    tokens.dispose()
    await tokens.getAccessToken()
    expect(endpoint.requests).toHaveLength(2)
  })

  it('sends further parameters, and refuses those it sets itself', async () => {
    const endpoint = tokenEndpoint()
    await client(endpoint, { parameters: { tenant: 'x' } }).tokens.getAccessToken()
    expect(endpoint.requests[0]?.form).toMatchObject({ tenant: 'x' })
    for (const name of ['grant_type', 'client_secret', 'scope', 'resource', 'client_assertion_type'])
      expect(() => client(endpoint, { parameters: { [name]: 'x' } })).toThrow(`parameters.${name}`)
  })

  it.each<[string, Record<string, unknown>]>([
    ['maxTokens', { maxTokens: 0 }],
    ['clientAuthentication', { clientAuthentication: 'secret' }],
    ['redirectUri', { redirectUri: 'https://app.example/' }],
    ['issuer', { issuer: 'http://as.example' }],
    ['resources', { resources: ['http://api.example/'] }],
    ['refresh.leeway', { refresh: { leeway: -1 } }],
    ['store', { store: {} }],
  ])('refuses at construction a wrong %s', (name, options) => {
    expect(() => client(tokenEndpoint(), options)).toThrow(name)
  })
})

describe('a fleet that shares its tokens', () => {
  const fleet = (endpoint: TokenEndpoint, count: number, store: ManagerPlatform['store'] = endpoint.platform.store) =>
    Array.from({ length: count }, () => client(endpoint, { store }))

  /** What came of `work` while time goes by. */
  async function meanwhile<T>(endpoint: TokenEndpoint, work: Promise<T>, ms = 2_000): Promise<T> {
    for (let at = 0; at < ms; at += 50) await endpoint.clock.advance(50)
    return work
  }

  it('asks once, at the start and at expiry', async () => {
    const endpoint = tokenEndpoint()
    endpoint.latency = 300
    const all = fleet(endpoint, 8)
    const ask = () => Promise.all(all.map(({ tokens }) => tokens.getAccessToken()))
    const first = await meanwhile(endpoint, ask())
    expect(new Set(first.map(({ value }) => value)).size).toBe(1)
    expect(endpoint.requests).toHaveLength(1)
    await endpoint.clock.advance(300_000)
    const second = await meanwhile(endpoint, ask())
    expect(new Set(second.map(({ value }) => value)).size).toBe(1)
    expect(second[0]?.value).not.toBe(first[0]?.value)
    expect(endpoint.requests).toHaveLength(2)
  })

  it('has the token as soon as it is stored, where the store tells of changes', async () => {
    const endpoint = tokenEndpoint()
    const { store, watchers } = watchedStorage()
    const [a, b] = fleet(endpoint, 2, store)
    let answer = () => {}
    endpoint.answer = () =>
      new Promise((resolve) => {
        answer = () => resolve(json(200, { access_token: 'canary-shared', token_type: 'Bearer', expires_in: 300 }))
      })
    const asked = a?.tokens.getAccessToken()
    await endpoint.clock.advance(10)
    const waited = b?.tokens.getAccessToken()
    await endpoint.clock.advance(1_000)
    expect(watchers.size).toBe(1)
    answer()
    // Far less than what passes between two looks.
    await endpoint.clock.advance(5)
    expect((await waited)?.value).toBe('canary-shared')
    expect(await asked).toEqual(await waited)
    expect([endpoint.requests.length, watchers.size]).toEqual([1, 0])
  })

  it('asks once at expiry although the server answers with the same token again', async () => {
    const endpoint = tokenEndpoint()
    endpoint.latency = 300
    endpoint.answer = () => json(200, { access_token: 'the-same', token_type: 'Bearer', expires_in: 300 })
    const all = fleet(endpoint, 8)
    const ask = () => Promise.all(all.map(({ tokens }) => tokens.getAccessToken()))
    await meanwhile(endpoint, ask())
    await endpoint.clock.advance(300_000)
    await meanwhile(endpoint, ask())
    expect(endpoint.requests).toHaveLength(2)
  })

  it('ask for themselves when whoever was at it is gone', async () => {
    const endpoint = tokenEndpoint()
    const [gone, here] = fleet(endpoint, 2)
    endpoint.answer = () => new Promise(() => {})
    void gone?.tokens.getAccessToken().catch(() => {})
    await endpoint.clock.advance(10)
    endpoint.answer = () => json(200, { access_token: 'canary-mine', token_type: 'Bearer', expires_in: 300 })
    const asked = here?.tokens.getAccessToken()
    await endpoint.clock.advance(9_000)
    expect(endpoint.requests).toHaveLength(1)
    expect((await meanwhile(endpoint, asked as NonNullable<typeof asked>, 6_000)).value).toBe('canary-mine')
  })

  it('one that was refused its token takes the newer one of another', async () => {
    const endpoint = tokenEndpoint()
    const [a, b] = fleet(endpoint, 2)
    await a?.tokens.fetch('https://api.example/')
    await b?.tokens.fetch('https://api.example/')
    endpoint.accepts = (token) => !token.startsWith('canary-1-')
    await a?.tokens.fetch('https://api.example/')
    expect((await b?.tokens.fetch('https://api.example/'))?.status).toBe(200)
    expect(endpoint.requests).toHaveLength(2)
    expect(b?.told()).toEqual(['adopted', 'token_rejected', 'adopted'])
  })

  it('a store that is down keeps nobody from anything, and is reported', async () => {
    const endpoint = tokenEndpoint()
    const { store } = endpoint.platform
    let works = true
    const shaky: ManagerPlatform['store'] = {
      get: (key) => (works ? store.get(key) : Promise.reject(new Error('down'))),
      swap: (...given) => (works ? store.swap(...given) : Promise.reject(new Error('down'))),
    }
    const [a, b] = fleet(endpoint, 2, shaky)
    await a?.tokens.getAccessToken()
    works = false
    await a?.tokens.getAccessToken()
    await b?.tokens.getAccessToken()
    await b?.tokens.getAccessToken({ resource: 'urn:x' })
    expect(endpoint.requests).toHaveLength(3)
    expect(a?.told()).toEqual(['obtained'])
    // Left alone for a while, it is reported once.
    expect(b?.told().sort()).toEqual(['obtained', 'obtained', 'store_failed'])
  })

  it('a store that fails after the answer takes nothing from the caller', async () => {
    const endpoint = tokenEndpoint()
    const { store } = endpoint.platform
    let writes = 0
    const failing = {
      ...store,
      swap: (...given: Parameters<typeof store.swap>) =>
        writes++ ? Promise.reject(new Error()) : store.swap(...given),
    }
    const [a] = fleet(endpoint, 1, failing)
    expect((await a?.tokens.getAccessToken())?.value).toBe('canary-1-')
    expect(a?.told().sort()).toEqual(['obtained', 'store_failed'])
  })

  it('rubbish in the store counts as nothing', async () => {
    const endpoint = tokenEndpoint()
    const { store } = endpoint.platform
    const keys: string[] = []
    const noting: typeof store = {
      ...store,
      get(key) {
        keys.push(key)
        return store.get(key)
      },
    }
    await fleet(endpoint, 1, noting)[0]?.tokens.getAccessToken()
    const [key = ''] = keys
    expect(key).toMatch(/^tokenward\.client\.[\w-]+$/)
    for (const rubbish of [
      'x',
      7,
      null,
      { version: 2 },
      { version: 1, token: { value: 'a\nb', type: 'Bearer', obtainedAt: 0, scope: '' }, lease: 1 },
    ]) {
      const stored = await store.get(key)
      await store.swap(key, stored?.tag, rubbish)
      expect((await fleet(endpoint, 1)[0]?.tokens.getAccessToken())?.value).toMatch(/^canary-/)
    }
    expect(endpoint.requests).toHaveLength(6)
  })
})
