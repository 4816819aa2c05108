import {
  allowInsecureLoopback,
  alwaysOnline,
  createTokenManager,
  type Fetch,
  memoryStore,
  noChannel,
  queueLock,
  systemClock,
  type TokenManager,
  webCrypto,
} from 'tokenward'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { notesOverKy } from '../../examples/browser-ky.ts'
import { notesOverOpenapiFetch } from '../../examples/browser-openapi-fetch.ts'
import { type Api, startApi } from '../../examples/demo/api.ts'
import { type AuthorizationServer, startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import { plainOAuthClient } from './demo/plain-oauth-client.ts'

const redirectUri = 'http://127.0.0.1:4711/callback'

describe.each([
  ['ky', notesOverKy],
  ['openapi-fetch', notesOverOpenapiFetch],
])('the example over %s', (_, notesOver) => {
  let server: AuthorizationServer
  let api: Api
  let tokens: TokenManager
  let notes: ReturnType<typeof notesOver>

  beforeEach(async () => {
    server = await startAuthorizationServer({ redirectUris: [redirectUri], autoLogin: 'alice' })
    api = await startApi({ issuer: server.issuer, audience: server.audience, origins: [] })
    tokens = createTokenManager(
      { issuer: server.issuer, clientId: server.clientId, resources: [api.origin], [allowInsecureLoopback]: true },
      {
        store: memoryStore(),
        lock: queueLock(),
        channel: noChannel,
        lifecycle: alwaysOnline,
        clock: systemClock,
        crypto: webCrypto,
        fetch,
      },
    )
    const answer = await plainOAuthClient(server, redirectUri).signIn()
    await tokens.adopt({
      accessToken: answer.access_token,
      expiresAt: Date.now() + answer.expires_in * 1000,
      ...(answer.refresh_token && { refreshToken: answer.refresh_token }),
      ...(answer.id_token && { idToken: answer.id_token }),
      scope: answer.scope,
    })
    notes = notesOver(tokens.fetch, `${api.origin}/`)
  })
  afterEach(async () => {
    tokens.dispose()
    await Promise.all([server.stop(), api.stop()])
  })

  const statuses = () => api.requests.map(({ status }) => status)
  const refreshes = () => server.requests.filter(({ grantType }) => grantType === 'refresh_token').length

  it('carries the token', async () => {
    expect((await notes.list())?.notes[0]).toBe('Hello alice')
    expect([statuses(), refreshes()]).toEqual([[200], 0])
  })

  it('INV-01: answers a GET whose token the API refused, after one refresh and one retry', async () => {
    api.denyNextToken()
    expect((await notes.list())?.notes[0]).toBe('Hello alice')
    expect([statuses(), refreshes()]).toEqual([[401, 200], 1])
  })

  it('USE-09: sends a POST again with its body', async () => {
    api.denyNextToken()
    expect((await notes.add('milk'))?.notes[0]).toBe('Hello alice')
    expect([statuses(), refreshes()]).toEqual([[401, 200], 1])
  })

  it('RT-03: refreshes once for many refused calls at a time', async () => {
    api.denyNextToken()
    const answers = await Promise.all(Array.from({ length: 10 }, () => notes.list()))
    expect(answers.map((answer) => answer?.notes[0])).toEqual(Array(10).fill('Hello alice'))
    expect([refreshes(), server.reuseCount]).toEqual([1, 0])
  })

  it('lets the error through when nobody is signed in, without a second try', async () => {
    await tokens.signOut()
    let calls = 0
    const counting: Fetch = (input, init) => {
      calls++
      return tokens.fetch(input, init)
    }
    const list = notesOver(counting, `${api.origin}/`).list()
    await expect(list).rejects.toMatchObject({ name: 'TokenManagerError', code: 'ERR_SIGNED_OUT' })
    expect([calls, statuses()]).toEqual([1, []])
  })
})
