import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createJwtBearer } from '../../src/client-tokens/create-jwt-bearer.ts'
import {
  createTokenExchange,
  type ExchangeSubject,
  type TokenExchangeOptions,
} from '../../src/client-tokens/create-token-exchange.ts'
import { createTokenManager, type TokenManager } from '../../src/index.ts'
import { createSessionPool } from '../../src/session-pool/create-session-pool.ts'
import { idToken } from '../support/simulated-server.ts'
import { json, type TokenEndpoint, tokenEndpoint } from './token-endpoint.ts'

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

/** A token endpoint that exchanges. */
function exchanging(): TokenEndpoint {
  const endpoint = tokenEndpoint()
  let count = 0
  endpoint.answer = (form) =>
    json(200, {
      access_token: `canary-${form.subject_token}-${++count}`,
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      expires_in: 300,
    })
  return endpoint
}

const exchange = (endpoint: TokenEndpoint, options: Partial<TokenExchangeOptions> = {}) =>
  createTokenExchange({ ...endpoint.options, ...options }, endpoint.platform)

describe('createTokenExchange', () => {
  it('ACQ-29: names the type of every token it sends, and an actor only where there is one', async () => {
    const endpoint = exchanging()
    const tokens = exchange(endpoint, { requestedTokenType: ACCESS_TOKEN, parameters: { tenant: 'x' } })
    await tokens.for({ token: 'alice' }).getAccessToken({ audience: 'orders', scope: 'read' })
    const tokenType = 'urn:ietf:params:oauth:token-type:jwt'
    await tokens.for({ token: 'alice', tokenType, actor: { token: 'svc' } }).getAccessToken({ resource: 'urn:r' })
    const common = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      client_id: 'svc',
      subject_token: 'alice',
      requested_token_type: ACCESS_TOKEN,
      tenant: 'x',
    }
    expect(endpoint.requests.map(({ form }) => form)).toEqual([
      { ...common, subject_token_type: ACCESS_TOKEN, audience: 'orders', scope: 'read' },
      {
        ...common,
        subject_token_type: tokenType,
        resource: 'urn:r',
        actor_token: 'svc',
        actor_token_type: ACCESS_TOKEN,
      },
    ])
  })

  it('ACQ-29: caches by subject, audience, scope and kind; one exchange for all callers; expiry counts', async () => {
    const endpoint = exchanging()
    const tokens = exchange(endpoint)
    const ask = (subject: ExchangeSubject, target = {}) => tokens.for(subject).getAccessToken(target)
    const alice = await Promise.all([ask({ token: 'alice' }), ask({ token: 'alice' }), ask({ token: 'alice' })])
    expect(new Set(alice.map(({ value }) => value))).toEqual(new Set(['canary-alice-1']))
    expect((await ask({ token: 'bob' })).value).toBe('canary-bob-2')
    await ask({ token: 'alice' }, { audience: 'orders' })
    await ask({ token: 'alice', tokenType: 'urn:ietf:params:oauth:token-type:jwt' })
    await ask({ token: 'alice', actor: { token: 'svc' } })
    expect(endpoint.requests).toHaveLength(5)
    await ask({ token: 'alice' })
    expect(endpoint.requests).toHaveLength(5)
    await endpoint.clock.advance(300_000)
    expect((await ask({ token: 'alice' })).value).toBe('canary-alice-6')
  })

  it('ACQ-29: an answer without issued_token_type is an error', async () => {
    const endpoint = exchanging()
    endpoint.answer = () => json(200, { access_token: 'canary-x', token_type: 'Bearer', expires_in: 300 })
    const tokens = exchange(endpoint)
    await expect(tokens.for({ token: 'alice' }).getAccessToken()).rejects.toMatchObject({
      code: 'ERR_RESPONSE_INVALID',
      message: expect.stringContaining('issued_token_type'),
    })
  })

  it('ACQ-29: a token that is not for APIs never reaches one', async () => {
    const endpoint = exchanging()
    endpoint.answer = () => json(200, { access_token: 'canary-x', issued_token_type: 'urn:x', token_type: 'N_A' })
    const { fetch } = exchange(endpoint).for({ token: 'alice' })
    await expect(fetch('https://api.example/')).rejects.toMatchObject({ reason: 'unsupported_token_type' })
    expect(endpoint.calls).toEqual([])
  })

  it('ACQ-29: forgets a subject by what it was given, its id or its token, and no other', async () => {
    const endpoint = exchanging()
    const tokens = exchange(endpoint)
    const named = { id: 'user-1', token: () => 'alice' }
    const asked = (subject: ExchangeSubject) => tokens.for(subject).getAccessToken()
    for (const [subject, forget] of [
      [named, 'user-1'],
      [named, named],
      [{ token: 'alice' }, 'alice'],
      [{ token: 'alice' }, { token: 'alice' }],
    ] as const) {
      await asked({ token: 'bob' })
      const { value } = await asked(subject)
      expect((await asked(subject)).value).toBe(value)
      await tokens.forget(forget)
      expect((await asked(subject)).value).not.toBe(value)
    }
    expect(endpoint.requests.filter(({ form }) => form.subject_token === 'bob')).toHaveLength(1)
  })

  it('what was under way when its subject was forgotten is not handed out', async () => {
    const endpoint = exchanging()
    endpoint.latency = 100
    const tokens = exchange(endpoint)
    const late = tokens.for({ token: 'alice' }).getAccessToken()
    const outcome = expect(late).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'signed_out' })
    await endpoint.clock.advance(50)
    await tokens.forget('alice')
    await endpoint.clock.advance(50)
    await outcome
    endpoint.latency = 0
    expect((await tokens.for({ token: 'alice' }).getAccessToken()).value).toBe('canary-alice-2')
  })

  describe('REV-02: what was derived for a subject is revoked when it is forgotten', () => {
    const revoking = (options: Partial<TokenExchangeOptions> = {}) => {
      const endpoint = exchanging()
      const { answer } = endpoint
      endpoint.answer = (form) => (form.token === undefined ? answer(form) : new Response(''))
      const issuer = 'https://as.example'
      const metadata = { issuer, token_endpoint: `${issuer}/token`, revocation_endpoint: `${issuer}/revoke` }
      const tokens = exchange(endpoint, { metadata, ...options })
      const events: unknown[] = []
      for (const type of ['revoked', 'revocation_failed'] as const)
        tokens.on(type, ({ at: _, ...event }) => events.push(event))
      const revoked = () => endpoint.requests.flatMap(({ form: { token } }) => token ?? [])
      return { endpoint, tokens, events, revoked }
    }
    const kind = 'access_token'

    it('each token that lives, of this subject alone', async () => {
      const { endpoint, tokens, events, revoked } = revoking()
      await tokens.for({ token: 'alice' }).getAccessToken({ audience: 'old' })
      await endpoint.clock.advance(300_000)
      await tokens.for({ token: 'alice' }).getAccessToken()
      await tokens.for({ token: 'alice' }).getAccessToken({ audience: 'orders' })
      await tokens.for({ token: 'bob' }).getAccessToken()
      await tokens.forget('alice')
      expect(revoked()).toEqual(['canary-alice-2', 'canary-alice-3'])
      expect(endpoint.requests.at(-1)?.form).toEqual({
        token: 'canary-alice-3',
        token_type_hint: kind,
        client_id: 'svc',
      })
      await endpoint.clock.advance(0)
      expect(events).toMatchObject([undefined, 'orders'].map((audience) => ({ type: 'revoked', kind, audience })))
    })

    it('one that was under way, when it comes', async () => {
      const { endpoint, tokens, revoked } = revoking()
      endpoint.latency = 100
      const late = expect(tokens.for({ token: 'alice' }).getAccessToken()).rejects.toMatchObject({
        code: 'ERR_SIGNED_OUT',
      })
      await endpoint.clock.advance(50)
      await tokens.forget('alice')
      expect(revoked()).toEqual([])
      await endpoint.clock.advance(50)
      await late
      expect(revoked()).toEqual(['canary-alice-1'])
    })

    it('at the sign-out of the session it was derived from', async () => {
      const { endpoint, tokens, revoked } = revoking()
      const manager = createTokenManager({ issuer: 'https://as.example', clientId: 'web' }, endpoint.platform)
      await manager.adopt({ accessToken: 'alice', expiresAt: endpoint.clock.now() + 900_000 })
      await tokens.for(manager).getAccessToken()
      await manager.signOut()
      await endpoint.clock.advance(0)
      expect(revoked()).toEqual(['canary-alice-1'])
      manager.dispose()
    })

    it('also at the sign-out of a session of a pool that has left memory meanwhile, by its name', async () => {
      const { endpoint, tokens, revoked } = revoking()
      const pool = createSessionPool(
        { issuer: 'https://as.example', clientId: 'web', maxSessions: 1 },
        endpoint.platform,
      )
      // What docs/start/node.md says.
      const subject = (id: string) => ({ id, token: async () => (await pool.get(id).getAccessToken()).value })
      pool.on('signed_out', ({ account }) => void tokens.forget(account))

      for (const account of ['alice', 'bob']) {
        await pool.get(account).adopt({ accessToken: account, expiresAt: endpoint.clock.now() + 900_000 })
        await tokens.for(subject(account)).getAccessToken()
      }
      expect(pool.size).toBe(1)
      await tokens.for(subject('alice')).getAccessToken()
      await pool.get('alice').signOut()
      await endpoint.clock.advance(0)
      expect(revoked().filter((token) => token.startsWith('canary'))).toEqual(['canary-alice-1'])
    })

    it('also when another person signs in, whose calls get nothing of the first one', async () => {
      const { endpoint, tokens, revoked } = revoking()
      const manager = createTokenManager({ issuer: 'https://as.example', clientId: 'web' }, endpoint.platform)
      const signIn = (accessToken: string) => {
        const iat = endpoint.clock.now() / 1000
        const person = idToken({ iss: 'https://as.example', aud: 'web', sub: accessToken, iat, exp: iat + 600 })
        return manager.adopt({ accessToken, idToken: person, expiresAt: endpoint.clock.now() + 900_000 })
      }
      await signIn('alice')
      expect((await tokens.for(manager).getAccessToken()).value).toBe('canary-alice-1')
      await endpoint.clock.advance(1_000)
      // The same person's new session may be of one grant with the tokens of the old one.
      await signIn('alice')
      expect((await tokens.for(manager).getAccessToken()).value).toBe('canary-alice-2')
      expect(revoked()).toEqual([])
      await endpoint.clock.advance(1_000)
      await signIn('bob')
      expect((await tokens.for(manager).getAccessToken()).value).toMatch(/^canary-bob-/)
      expect(revoked()).toEqual(['canary-alice-2'])
      manager.dispose()
    })

    it('but not a token that the server gave to another subject as well', async () => {
      const { endpoint, tokens, revoked } = revoking()
      endpoint.answer = () =>
        json(200, { access_token: 'of-both', issued_token_type: ACCESS_TOKEN, token_type: 'Bearer', expires_in: 300 })
      for (const token of ['alice', 'bob']) await tokens.for({ token }).getAccessToken()
      await tokens.forget('alice')
      expect(revoked()).toEqual([])
      await tokens.forget('bob')
      expect(revoked()).toEqual(['of-both'])
    })

    it('also at a sign-out of a manager that was disposed of in between', async () => {
      const { endpoint, tokens, revoked } = revoking()
      const manager = createTokenManager({ issuer: 'https://as.example', clientId: 'web' }, endpoint.platform)
      await manager.adopt({ accessToken: 'alice', expiresAt: endpoint.clock.now() + 900_000 })
      const { fetch } = tokens.for(manager)
      await fetch('https://api.example/')
      manager.dispose()
      await manager.signOut()
      await expect(fetch('https://api.example/')).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
      await endpoint.clock.advance(0)
      expect(revoked()).toEqual(['canary-alice-1'])
      manager.dispose()
    })

    it('and a call that is refused for it gets no other one', async () => {
      const { endpoint, tokens } = revoking()
      const { fetch } = tokens.for({ token: 'alice' })
      await fetch('https://api.example/')
      endpoint.accepts = () => {
        // The API has heard of it before its answer.
        void tokens.forget('alice')
        return false
      }
      expect((await fetch('https://api.example/')).status).toBe(401)
      expect(endpoint.requests.filter(({ form }) => form.subject_token)).toHaveLength(1)
    })

    it('and a call that began in the same turn gets none', async () => {
      const { tokens, revoked } = revoking()
      const late = tokens.for({ token: 'alice' }).getAccessToken()
      await Promise.all([expect(late).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' }), tokens.forget('alice')])
      expect(revoked()).toEqual([])
    })

    it('and where the server fails, nothing rejects and an event tells', async () => {
      const { endpoint, tokens, events } = revoking()
      await tokens.for({ token: 'alice' }).getAccessToken()
      endpoint.answer = () => new Response('', { status: 503 })
      await tokens.forget('alice')
      await endpoint.clock.advance(0)
      expect(events).toMatchObject([{ type: 'revocation_failed', kind, reason: 'server_unavailable', final: true }])
    })
  })

  it('STO-14: follows a session, and forgets what was derived from it at its sign-out', async () => {
    const endpoint = exchanging()
    const manager: TokenManager = createTokenManager(
      { issuer: 'https://as.example', clientId: 'web' },
      endpoint.platform,
    )
    await manager.adopt({ accessToken: 'alice', expiresAt: endpoint.clock.now() + 900_000 })
    const tokens = exchange(endpoint)
    expect((await tokens.for(manager).getAccessToken()).value).toBe('canary-alice-1')
    expect((await tokens.for(manager).fetch('https://api.example/')).status).toBe(200)
    expect(endpoint.requests).toHaveLength(1)
    await manager.signOut()
    await endpoint.clock.advance(0)
    await expect(tokens.for(manager).getAccessToken()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    await manager.adopt({ accessToken: 'bob', expiresAt: endpoint.clock.now() + 900_000 })
    expect((await tokens.for(manager).getAccessToken()).value).toMatch(/^canary-bob-/)
  })

  it('is bounded', async () => {
    const endpoint = exchanging()
    const tokens = exchange(endpoint, { maxTokens: 10 })
    for (let user = 0; user < 30; user++) await tokens.for({ token: `u${user}` }).getAccessToken()
    await tokens.for({ token: 'u29' }).getAccessToken()
    expect(endpoint.requests).toHaveLength(30)
    await tokens.for({ token: 'u0' }).getAccessToken()
    expect(endpoint.requests).toHaveLength(31)
  })

  it('a subject token that the server no longer accepts is ERR_GRANT_REJECTED', async () => {
    const endpoint = exchanging()
    endpoint.answer = () => json(400, { error: 'invalid_grant' })
    await expect(exchange(endpoint).for({ token: 'alice' }).getAccessToken()).rejects.toMatchObject({
      code: 'ERR_GRANT_REJECTED',
    })
  })

  it('ERR-01: a subject token that cannot be had is a passing fault, and nothing of it is told', async () => {
    const endpoint = exchanging()
    const subject = { id: 'a', token: () => Promise.reject(new Error('canary-secret')) }
    const error = await exchange(endpoint)
      .for(subject)
      .getAccessToken()
      .catch((e) => e)
    expect(error).toMatchObject({ code: 'ERR_TEMPORARILY_UNAVAILABLE' })
    expect(inspect(error, { depth: 9 })).not.toContain('canary')
    expect(endpoint.requests).toEqual([])
  })

  it('refuses subjects that cannot be told apart, and wrong options', () => {
    const tokens = exchange(exchanging())
    expect(() => tokens.for({ token: () => 'alice' })).toThrow('subject.id')
    expect(() => tokens.for({ token: '' })).toThrow('subject')
    expect(() => tokens.for({ token: 'a', actor: { token: '' } })).toThrow('actor.token')
    expect(() => exchange(exchanging(), { requestedTokenType: '' })).toThrow('requestedTokenType')
    expect(() => exchange(exchanging(), { store: {} } as object)).toThrow('store')
  })
})

describe('createJwtBearer', () => {
  it('sends a new assertion about the subject for every request, and caches by subject', async () => {
    const endpoint = tokenEndpoint()
    let made = 0
    const tokens = createJwtBearer(
      { ...endpoint.options, assertion: async (subject) => `jwt-${subject}-${++made}` },
      endpoint.platform,
    )
    await Promise.all([tokens.for('alice').getAccessToken(), tokens.for('alice').getAccessToken()])
    await tokens.for('bob').fetch('https://other.example/')
    await tokens.for('alice').getAccessToken()
    expect(endpoint.requests.map(({ form }) => form)).toEqual([
      { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'jwt-alice-1', client_id: 'svc' },
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: 'jwt-bob-2',
        client_id: 'svc',
        resource: 'urn:other',
        scope: 'read',
      },
    ])
    await tokens.forget('alice')
    await tokens.for('alice').getAccessToken()
    expect(endpoint.requests[2]?.form.assertion).toBe('jwt-alice-3')
  })

  it('refuses to be made without assertions', () => {
    const endpoint = tokenEndpoint()
    expect(() => createJwtBearer(endpoint.options as never, endpoint.platform)).toThrow('assertion')
  })
})
