import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { isTransient } from '../../src/errors.ts'
import { systemClock } from '../../src/in-process/system-clock.ts'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import { webText } from '../../src/in-process/web-text.ts'
import type { Crypto } from '../../src/ports.ts'
import {
  type AuthorizationRequestOptions,
  authorizationCodeGrant,
  authorizationRequest,
  authorizationResponse,
} from '../../src/protocol/authorization-code.ts'
import { authorizationServer } from '../../src/protocol/authorization-server.ts'
import { bareFetch, clientOf, memoryFetch, metadataAt, reply, scriptedServer } from './scripted-server.ts'

const origin = 'https://as.example'
const redirectUri = 'https://app.example/cb1'
const options: AuthorizationRequestOptions = { redirectUri, scope: 'openid read', statePrefix: 'tw.' }
const { fetch: forbidden, calls: sent } = memoryFetch(() => new Response('', { status: 500 }))
const server = clientOf({ origin }, {}, { fetch: forbidden })

const paramsOf = (url: string) => Object.fromEntries(new URL(url).searchParams)

describe('authorizationRequest', () => {
  it('ACQ-01, ACQ-02, ACQ-19: is a code request with S256 and nothing that was not asked for', async () => {
    const began = Date.now()
    const { url, pending } = await authorizationRequest(server, options)
    expect(url.startsWith(`${origin}/authorize?`)).toBe(true)
    expect(paramsOf(url)).toEqual({
      response_type: 'code',
      client_id: 'spa',
      redirect_uri: redirectUri,
      scope: 'openid read',
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
    expect(pending).toMatchObject({ redirectUri, issuer: origin, scope: 'openid read' })
    expect(pending.createdAt).toBeGreaterThanOrEqual(began)
    expect(pending.state).toMatch(/^tw\.[\w-]{43}$/)
    expect(url).not.toContain(pending.codeVerifier)
  })

  it('ACQ-02: makes the challenge of RFC 7636 appendix B', async () => {
    const bytes = Buffer.from('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk', 'base64url')
    const crypto: Crypto = { ...webCrypto, randomBytes: () => new Uint8Array(bytes) }
    const metadata = metadataAt(origin)
    const fixed = authorizationServer(
      { issuer: origin, metadata, clientId: 'spa', requestTimeout: 1000 },
      { fetch: bareFetch, clock: systemClock, crypto, text: webText },
    )
    const { url, pending } = await authorizationRequest(fixed, options)
    expect(pending.codeVerifier).toBe('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')
    expect(paramsOf(url).code_challenge).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
  })

  it('ACQ-02, ACQ-03: nothing random repeats', async () => {
    const all = new Set<string | undefined>()
    for (let i = 0; i < 1000; i++) {
      const { pending } = await authorizationRequest(server, options)
      for (const value of [pending.state, pending.nonce, pending.codeVerifier]) all.add(value?.replace('tw.', ''))
    }
    expect(all.size).toBe(3000)
  })

  it('sends no nonce without openid, and a scope that only looks like it is not it', async () => {
    const { url, pending } = await authorizationRequest(server, { ...options, scope: 'openid2 read' })
    expect(paramsOf(url)).not.toHaveProperty('nonce')
    expect(pending.nonce).toBeUndefined()
  })

  it('ACQ-25: sends max_age 0 and keeps what has to be checked', async () => {
    const { url, pending } = await authorizationRequest(server, {
      ...options,
      maxAge: 0,
      acrValues: ['gold', 'silver'],
    })
    expect(paramsOf(url)).toMatchObject({ max_age: '0', acr_values: 'gold silver' })
    expect(pending).toMatchObject({ maxAge: 0, acrValues: ['gold', 'silver'] })
    expect(paramsOf((await authorizationRequest(server, { ...options, maxAge: 61_500 })).url)).toMatchObject({
      max_age: '61',
    })
  })

  it('sends what else was asked for, and keeps the endpoint’s own query', async () => {
    const tenant = clientOf(
      { origin },
      { metadata: metadataAt(origin, { authorization_endpoint: `${origin}/a?tenant=x%20y` }) },
    )
    const { url } = await authorizationRequest(tenant, {
      ...options,
      prompt: 'login',
      loginHint: 'a+b@c.example',
      uiLocales: ['de', 'en'],
      extra: { audience: 'api', prompt: 'none' },
    })
    expect(url.startsWith(`${origin}/a?tenant=x%20y&`)).toBe(true)
    expect(paramsOf(url)).toMatchObject({
      prompt: 'login',
      login_hint: 'a+b@c.example',
      ui_locales: 'de en',
      audience: 'api',
    })
  })

  it('says which endpoint the metadata lacks', async () => {
    const lacking = clientOf({ origin }, { metadata: { issuer: origin } })
    await expect(authorizationRequest(lacking, options)).rejects.toMatchObject({ reason: 'endpoint_missing' })
  })
})

const { pending } = await authorizationRequest(server, options)

describe('authorizationResponse', () => {
  const at = (params: Record<string, string>, base = redirectUri) => `${base}?${new URLSearchParams(params)}`
  const good = { code: 'canary-code', state: pending.state }
  const strict = clientOf(
    { origin },
    { metadata: metadataAt(origin, { authorization_response_iss_parameter_supported: true }) },
    { fetch: forbidden },
  )

  it('ACQ-04: takes the code of a good answer, with and without iss', async () => {
    expect(await authorizationResponse(server, at(good), pending)).toBe('canary-code')
    expect(await authorizationResponse(server, at({ ...good, iss: origin }), pending)).toBe('canary-code')
    expect(await authorizationResponse(strict, at({ ...good, iss: origin }), pending)).toBe('canary-code')
    expect(await authorizationResponse(server, `${at(good)}#_=_`, pending)).toBe('canary-code')
  })

  it.each<[string, string, string, typeof server?]>([
    ['ACQ-04: iss with a slash more', at({ ...good, iss: `${origin}/` }), 'issuer_mismatch'],
    ['ACQ-04: an empty iss', at({ ...good, iss: '' }), 'issuer_mismatch'],
    ['ACQ-04: iss missing', at(good), 'issuer_missing', strict],
    [
      'ACQ-04: a foreign error',
      at({ error: 'access_denied', state: pending.state, iss: 'https://evil.example' }),
      'issuer_mismatch',
    ],
    ['ACQ-04: an error without iss', at({ error: 'access_denied', state: pending.state }), 'issuer_missing', strict],
    ['ACQ-04: two iss', `${at({ ...good, iss: origin })}&iss=https://evil.example`, 'authorization_error'],
    ['ACQ-03: another state', at({ ...good, state: 'tw.other' }), 'state_mismatch'],
    ['ACQ-03: no state', at({ code: 'c' }), 'state_mismatch'],
    ['ACQ-09: another path', at(good, 'https://app.example/cb2'), 'redirect_uri_mismatch'],
    ['ACQ-09: a longer path', at(good, `${redirectUri}/x`), 'redirect_uri_mismatch'],
    ['ACQ-09: another origin', at(good, 'https://evil.example/cb1'), 'redirect_uri_mismatch'],
    ['ACQ-09: the address in the query', at(good, `https://evil.example/?${redirectUri}`), 'redirect_uri_mismatch'],
    ['ACQ-09: another scheme', at(good, 'http://app.example/cb1'), 'redirect_uri_mismatch'],
    ['ACQ-01: a token in the fragment', `${at(good)}#access_token=canary-at`, 'unsupported_flow'],
    ['ACQ-01: an ID token in the fragment', `${at(good)}#x=y&id_token=canary-id`, 'unsupported_flow'],
    ['ACQ-01: a code in the fragment', `${redirectUri}#code=canary-code&state=${pending.state}`, 'unsupported_flow'],
    ['no code', at({ state: pending.state }), 'authorization_error'],
    ['an empty code', at({ ...good, code: '' }), 'authorization_error'],
    ['two codes', `${at(good)}&code=x`, 'authorization_error'],
    ['an error', at({ state: pending.state, error: 'invalid_request' }), 'authorization_error'],
    ['an error beside a code', at({ ...good, error: 'invalid_request' }), 'authorization_error'],
    ['login_required', at({ state: pending.state, error: 'login_required' }), 'interaction_required'],
    ['interaction_required', at({ state: pending.state, error: 'interaction_required' }), 'interaction_required'],
    ['consent_required', at({ state: pending.state, error: 'consent_required' }), 'interaction_required'],
    ['no query', redirectUri, 'redirect_uri_mismatch'],
    ['nothing', '', 'redirect_uri_mismatch'],
  ])('%s is rejected, and nothing is sent', async (_, url, reason, client = server) => {
    const error = await authorizationResponse(client, url, pending).catch((error) => error)
    expect(error).toMatchObject({ name: 'TokenManagerError', code: 'ERR_AUTHORIZATION_REJECTED', reason })
    expect(`${error.stack} ${inspect(error, { depth: 9, showHidden: true })}`).not.toMatch(/canary|tw\.[\w-]{20}/)
    expect(sent).toEqual([])
  })

  it.each(['temporarily_unavailable', 'server_error'])('%s will pass, as the server says', async (error) => {
    const answer = at({ state: pending.state, error, error_description: 'authentication_expired' })
    const failure = await authorizationResponse(server, answer, pending).catch((error) => error)
    expect(failure).toMatchObject({ code: 'ERR_TEMPORARILY_UNAVAILABLE', reason: 'authorization_error', error })
    expect(isTransient(failure)).toBe(true)
  })

  it.each([
    ['https://app.example/cb', 'https://app.example/cb/'],
    ['https://app.example/cb/', 'https://app.example/cb'],
    ['https://app.example/', 'https://app.example/'],
    ['com.example.app:/', 'com.example.app:/'],
  ])('takes the answer to %s at %s: hosts of files add slashes and take them away', async (redirectUri, reached) => {
    expect(await authorizationResponse(server, at(good, reached), { ...pending, redirectUri })).toBe('canary-code')
  })

  it('access_denied is a cancelled sign-in', async () => {
    await expect(
      authorizationResponse(server, at({ state: pending.state, error: 'access_denied', iss: origin }), pending),
    ).rejects.toMatchObject({ code: 'ERR_AUTHORIZATION_CANCELLED', reason: 'cancelled', error: 'access_denied' })
  })

  it('ACQ-04: the request has to have gone to this server', async () => {
    await expect(
      authorizationResponse(server, at(good), { ...pending, issuer: 'https://other.example' }),
    ).rejects.toMatchObject({ reason: 'issuer_mismatch' })
  })

  it.each([
    ['https://app.example', 'https://app.example/?'],
    ['https://app.example/cb?x=1', 'https://app.example/cb?x=1&'],
    ['com.example.app:/cb', 'com.example.app:/cb?'],
  ])('ACQ-09: accepts the redirect URI %s at %s', async (redirectUri, base) => {
    const url = `${base}${new URLSearchParams(good)}`
    expect(await authorizationResponse(server, url, { ...pending, redirectUri })).toBe('canary-code')
  })
})

describe('authorizationCodeGrant', () => {
  const tokens = { access_token: 'at', token_type: 'bearer', expires_in: 60, scope: 'read' }

  async function redeem(script: Parameters<typeof scriptedServer>[0], requestTimeout = 2000) {
    const as = await scriptedServer(script)
    const client = clientOf(as, { requestTimeout })
    const { pending } = await authorizationRequest(client, { ...options, scope: 'read' })
    const url = `${redirectUri}?${new URLSearchParams({ code: 'a+b/c ', state: pending.state })}`
    return {
      as,
      pending,
      answer: await authorizationCodeGrant(client, await authorizationResponse(client, url, pending), pending),
    }
  }

  it('ACQ-09, ACQ-17: sends the code once, with the same redirect URI, the verifier and no secret', async () => {
    const { as, pending, answer } = await redeem(reply(200, tokens))
    expect(answer).toMatchObject({ kind: 'tokens', response: { accessToken: 'at', scope: 'read' } })
    expect(as.seen.map(({ form }) => form)).toEqual([
      {
        grant_type: 'authorization_code',
        code: 'a+b/c ',
        redirect_uri: redirectUri,
        code_verifier: pending.codeVerifier,
        client_id: 'spa',
      },
    ])
    expect(as.seen[0]?.headers).not.toHaveProperty('authorization')
    expect(as.seen[0]?.headers).not.toHaveProperty('cookie')
  })

  it.each<[string, Parameters<typeof scriptedServer>[0], object]>([
    ['a reset', (_, response) => response.destroy(), {}],
    ['silence', () => {}, {}],
    ['500', reply(500), { status: 500 }],
    ['HTML', reply(200, '<p>hi</p>'), { status: 200 }],
  ])('ACQ-11: after %s the code is not sent again', async (_, script, details) => {
    const { as, answer } = await redeem(script, 700)
    expect(answer).toMatchObject({
      kind: 'transient',
      lost: true,
      error: { code: 'ERR_AUTHORIZATION_REJECTED', reason: 'code_exchange_indeterminate', ...details },
    })
    expect(as.seen).toHaveLength(1)
  })

  it('ACQ-02: never falls back to plain after a refusal', async () => {
    const { as, answer } = await redeem(reply(400, { error: 'invalid_request' }))
    expect(answer).toMatchObject({ kind: 'refused', error: { error: 'invalid_request' } })
    expect(as.seen).toHaveLength(1)
  })

  it('a used code is rejected; an overloaded server is not a lost answer', async () => {
    expect((await redeem(reply(400, { error: 'invalid_grant' }))).answer).toMatchObject({ kind: 'rejected' })
    expect((await redeem(reply(503))).answer).toMatchObject({
      kind: 'transient',
      lost: false,
      error: { reason: 'server_unavailable' },
    })
  })
})
