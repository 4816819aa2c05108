import { describe, expect, it } from 'vitest'
import { createTokenManager, type SessionState, type TokenManager, TokenManagerError } from '../../src/index.ts'
import { createTestTokenManager, jsonResponse, type TestState } from '../../src/testing/index.ts'
import { world } from '../support/world.ts'

const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('createTestTokenManager', () => {
  it('has every member of a real one, each bound', () => {
    const real = createTokenManager({ issuer: 'https://as.example', clientId: 'spa' }, undefined)
    const test: TokenManager = createTestTokenManager()
    for (const [name, member] of Object.entries(real))
      expect(typeof test[name as keyof TokenManager]).toBe(typeof member)
  })

  it.each<[TestState, SessionState['status'], string | undefined]>([
    ['loading', 'loading', undefined],
    ['signedOut', 'signedOut', 'none'],
    ['signedIn', 'signedIn', 'ok'],
    ['suspended', 'signedIn', 'suspended'],
    [{ status: 'signedOut', reason: 'rejected' }, 'signedOut', 'rejected'],
  ])('%s is %s, %s', (state, status, detail) => {
    const { state: is } = createTestTokenManager({ state })
    expect([is.status, 'reason' in is ? is.reason : 'health' in is ? is.health : undefined]).toEqual([status, detail])
  })

  it('shows the claims it was given', async () => {
    const tokens = createTestTokenManager({ claims: { sub: 'alice', name: 'Alice' }, scope: 'notes' })
    const state = await tokens.ready()
    expect(state).toMatchObject({
      session: { subject: 'alice', claims: { sub: 'alice', name: 'Alice' }, scope: 'notes' },
    })
  })

  it('tells subscribers what a real one tells them: now, then on change, later and once', async () => {
    const heard = async (tokens: TokenManager, end: () => Promise<unknown>) => {
      const states: string[] = []
      const stop = tokens.subscribe(({ status }) => states.push(status))
      await settle()
      const ended = end()
      states.push('called')
      await ended
      await settle()
      stop()
      return states
    }
    const real = await world().signedIn()
    const test = createTestTokenManager()
    const expected = ['signedIn', 'called', 'signedOut']
    expect(await heard(real.manager, () => real.manager.signOut())).toEqual(expected)
    expect(await heard(test, () => test.signOut())).toEqual(expected)
  })

  it('keeps the same state until something changed', async () => {
    const tokens = createTestTokenManager()
    const before = tokens.state
    let heard = 0
    tokens.subscribe(() => heard++)
    tokens.set('signedIn')
    await settle()
    expect([tokens.state === before, heard]).toEqual([true, 1])
    tokens.set('suspended')
    await settle()
    expect([tokens.state === before, heard]).toEqual([false, 2])
  })

  it('waits while it is loading, and each wait can be ended', async () => {
    const tokens = createTestTokenManager({ state: 'loading' })
    const seen: string[] = []
    void tokens.ready().then(({ status }) => seen.push(status))
    void tokens.fetch('/notes').then(({ status }) => seen.push(`${status}`))
    const leaving = new AbortController()
    const left = tokens.getAccessToken({ signal: leaving.signal })
    const gone = tokens.getAccessToken({ signal: AbortSignal.abort('gone') })
    leaving.abort('left')
    await expect(left).rejects.toBe('left')
    await expect(gone).rejects.toBe('gone')
    await settle()
    expect(seen).toEqual([])
    tokens.set('signedIn')
    await settle()
    expect(seen.sort()).toEqual(['200', 'signedIn'])
  })

  it.each<[TestState, string, string]>([
    ['signedOut', 'ERR_SIGNED_OUT', 'none'],
    ['suspended', 'ERR_TEMPORARILY_UNAVAILABLE', 'server_unavailable'],
  ])('has no token when it is %s', async (state, code, reason) => {
    const tokens = createTestTokenManager({ state })
    for (const call of [
      tokens.getAccessToken(),
      tokens.fetch('/notes'),
      tokens.headersFor('/notes'),
      tokens.refresh(),
    ]) {
      const error = await call.then(undefined, (failure) => failure)
      expect(error).toBeInstanceOf(TokenManagerError)
      expect(error).toMatchObject({ code, reason })
    }
    expect(tokens.requests).toEqual([])
  })

  it('records each request with its token and its body, and gives the answer', async () => {
    const tokens = createTestTokenManager({ answer: async (request) => jsonResponse(await request.json(), 201) })
    const response = await tokens.fetch('/notes', { method: 'POST', body: '{"text":"milk"}' })
    expect([response.status, await response.json()]).toEqual([201, { text: 'milk' }])
    await tokens.fetch(new Request('https://api.example/notes', { method: 'PUT', body: '[]' }))
    const [first, second] = tokens.requests
    expect([first?.method, first?.url, await first?.text()]).toEqual([
      'POST',
      'https://app.example/notes',
      '{"text":"milk"}',
    ])
    expect([second?.method, second?.url, await second?.text()]).toEqual(['PUT', 'https://api.example/notes', '[]'])
    expect(first?.headers.get('authorization')).toBe('Bearer test-access-token')
    expect((await tokens.headersFor('/x')).get('authorization')).toBe('Bearer test-access-token')
  })

  it('answers a 401 with one new token and one more request', async () => {
    const tokens = createTestTokenManager({
      accessToken: 'at',
      answer: ({ headers }) => new Response(null, { status: headers.get('authorization') === 'Bearer at' ? 401 : 200 }),
    })
    const told: string[] = []
    tokens.on('refreshed', ({ type }) => told.push(type))
    expect((await tokens.fetch('/notes')).status).toBe(200)
    expect(tokens.requests.map(({ headers }) => headers.get('authorization'))).toEqual(['Bearer at', 'Bearer at-1'])
    expect((await tokens.refresh()).value).toBe('at-2')
    await settle()
    expect(told).toEqual(['refreshed', 'refreshed'])
  })

  it('sends tokens nowhere else, once it is told where', async () => {
    const resources = [{ url: 'https://api.example/', resource: 'urn:api' }]
    const strict = createTestTokenManager({ resources })
    await expect(strict.fetch('https://evil.example/')).rejects.toMatchObject({ code: 'ERR_TARGET_NOT_ALLOWED' })
    await expect(strict.headersFor('https://evil.example/')).rejects.toMatchObject({ code: 'ERR_TARGET_NOT_ALLOWED' })
    const bare = createTestTokenManager({ resources, unlisted: 'bare' })
    await bare.fetch('https://evil.example/')
    expect(bare.requests[0]?.headers.has('authorization')).toBe(false)
    expect(await bare.getAccessToken({ resource: 'urn:api' })).toMatchObject({ resource: 'urn:api' })
  })

  it('signs in and out by its methods, and records the calls', async () => {
    const tokens = createTestTokenManager({ state: 'signedOut', whenSignedOut: 'bare' })
    const told: string[] = []
    tokens.on('signed_in', ({ type, subject }) => told.push(`${type} ${subject}`))
    tokens.on('signed_out', ({ type, reason }) => told.push(`${type} ${reason}`))
    await tokens.fetch('/public')
    expect(await tokens.signIn({ returnTo: '/notes' })).toMatchObject({ session: { returnTo: '/notes' } })
    const report = await tokens.signOut()
    expect([report.local, await report.revoked, tokens.state.status]).toEqual(['removed', 'revoked', 'signedOut'])
    await tokens.adopt({ accessToken: 'elsewhere' })
    await tokens.completeSignIn()
    tokens.dispose()
    await settle()
    expect(tokens.calls.map(({ method }) => method)).toEqual([
      'signIn',
      'signOut',
      'adopt',
      'completeSignIn',
      'dispose',
    ])
    expect(told).toEqual(['signed_in test-user', 'signed_out signed_out', 'signed_in test-user', 'signed_in test-user'])
    expect(tokens.requests[0]?.headers.has('authorization')).toBe(false)
  })

  it('lets any event be heard', async () => {
    const tokens = createTestTokenManager()
    const steps: string[] = []
    const stop = tokens.on('degraded', ({ step }) => steps.push(step))
    tokens.emit('degraded', { step: 'lock_unavailable' })
    await settle()
    stop()
    tokens.emit('degraded', { step: 'channel_unavailable' })
    await settle()
    expect(steps).toEqual(['lock_unavailable'])
  })
})
