import { describe, expect, it } from 'vitest'
import { authorizationCodeGrant, type PendingAuthorization } from '../../src/protocol/authorization-code.ts'
import { refreshTokenGrant } from '../../src/protocol/refresh-token.ts'
import type { IdTokenClaims, TokenResponse } from '../../src/protocol/token-set.ts'
import { saying } from '../support/sentences.ts'
import { clientOf, idToken, memoryFetch, shiftedClock } from './scripted-server.ts'

const origin = 'https://as.example'
const accessToken = 'jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y'
const tokens = { access_token: accessToken, token_type: 'Bearer', expires_in: 60, refresh_token: 'rt2' }

/** What a refresh makes of a 200 with this body. */
function refreshed(body: unknown, previous?: IdTokenClaims, offset = 0) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const client = clientOf(
    { origin },
    {},
    { fetch: memoryFetch(() => new Response(text)).fetch, clock: shiftedClock(offset) },
  )
  return refreshTokenGrant(client, { refreshToken: 'rt1', beforeSend: () => true, ...(previous && { previous }) })
}

/** What a code exchange makes of a 200 with this body. */
function exchanged(body: unknown, pending: Partial<PendingAuthorization> = {}, offset = 0) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const client = clientOf(
    { origin },
    {},
    { fetch: memoryFetch(() => new Response(text)).fetch, clock: shiftedClock(offset) },
  )
  return authorizationCodeGrant(client, 'c', {
    state: 's',
    codeVerifier: 'v',
    redirectUri: 'https://app.example/cb',
    issuer: origin,
    scope: 'openid read write',
    nonce: 'n',
    createdAt: Date.now(),
    ...pending,
  })
}

async function usable(answer: ReturnType<typeof refreshed>): Promise<TokenResponse> {
  const it = await answer
  if (it.kind !== 'tokens') throw new Error(`${it.kind} ${'error' in it ? it.error.reason : ''}`)
  return it.response
}

describe('token answer', () => {
  it.each(['Bearer', 'bearer', 'BEARER'])('ACQ-21: token_type %s is Bearer', async (token_type) => {
    expect(await usable(refreshed({ ...tokens, token_type }))).toMatchObject({ accessToken, tokenType: 'Bearer' })
  })

  it.each([{}, { token_type: null }])(
    'ACQ-21: without token_type (%j) it is Bearer, and that is told once',
    async (more) => {
      const steps: string[] = []
      const { token_type: _, ...rest } = tokens
      const { fetch } = memoryFetch(() => new Response(JSON.stringify({ ...rest, ...more })))
      const client = clientOf({ origin }, { onDegraded: (step) => steps.push(step) }, { fetch })
      const refresh = () => refreshTokenGrant(client, { refreshToken: 'rt1', beforeSend: () => true })
      expect(await usable(refresh())).toMatchObject({ accessToken, tokenType: 'Bearer' })
      expect(await usable(refresh())).toMatchObject({ accessToken, tokenType: 'Bearer' })
      expect(steps).toEqual(['token_type_missing'])
    },
  )

  it.each(['mac', 'dpop', '', 'N_A', 'constructor', '__proto__', 7])(
    'ACQ-21: token_type %s is not used',
    async (token_type) => {
      expect(await refreshed({ ...tokens, token_type })).toMatchObject({
        kind: 'invalid',
        refreshToken: 'rt2',
        error: { code: 'ERR_RESPONSE_INVALID', reason: 'unsupported_token_type' },
      })
    },
  )

  it.each(['', undefined, null, 7, {}, 'a b', 'a\nb', 'a\u0000', 'ä', 'a\r\nX: y'])(
    'USE-06, ACQ-21: access_token %j never becomes a header, and the refresh token beside it is handed on',
    async (access_token) => {
      const answer = await refreshed({ ...tokens, access_token })
      expect(answer).toMatchObject({
        kind: 'invalid',
        refreshToken: 'rt2',
        error: { reason: 'invalid_token_response' },
      })
    },
  )

  it('ACQ-23: an access token is opaque: 8 KiB of anything printable are as good as a JWT', async () => {
    const opaque = '!~'.repeat(4096)
    expect(await usable(refreshed({ ...tokens, access_token: opaque }))).toMatchObject({ accessToken: opaque })
  })

  it.each([
    ['60', 60],
    ['"3600"', 3600],
    ['"60.5"', 60.5],
    ['1.5', 1.5],
    ['0', 0],
    ['-5', 0],
    ['"-5"', 0],
    ['"soon"', 0],
    ['""', 0],
    ['{}', 0],
    ['false', 0],
    ['1e999', 315_360_000],
    ['1e300', 315_360_000],
    ['"99999999999999999999"', 315_360_000],
  ])('ACQ-21: expires_in %s is %d s', async (expires_in, seconds) => {
    const { obtainedAt, expiresAt, refreshToken } = await usable(
      refreshed(`{"access_token":"a","token_type":"bearer","refresh_token":"rt2","expires_in":${expires_in}}`),
    )
    expect(expiresAt).toBe(obtainedAt + seconds * 1000)
    expect(new Date(expiresAt as number).getTime()).toBe(expiresAt)
    expect(refreshToken).toBe('rt2')
  })

  it('ACQ-22: expires_in of 0 from a grant that has no refresh token is a lifetime that nobody knows', async () => {
    const { refresh_token: _, ...alone } = tokens
    const signIn = { nonce: undefined as never, scope: 'read' }
    for (const expires_in of [0, '0', 0.0, '0.0'])
      expect([expires_in, (await usable(exchanged({ ...alone, expires_in }, signIn))).expiresAt]).toEqual([
        expires_in,
        undefined,
      ])
    // It cannot be used for ever where another is to be had, nor where the server says something else.
    for (const answer of [
      exchanged({ ...tokens, expires_in: 0 }, signIn),
      exchanged({ ...alone, expires_in: -1 }, signIn),
      exchanged({ ...alone, expires_in: 'soon' }, signIn),
      refreshed({ ...alone, expires_in: 0 }),
    ]) {
      const { obtainedAt, expiresAt } = await usable(answer)
      expect(expiresAt).toBe(obtainedAt)
    }
  })

  it('ACQ-22: without expires_in there is no expiry, whatever a JWT access token says', async () => {
    const jwt = idToken({ exp: 1 })
    for (const expires_in of [undefined, null])
      expect(await usable(refreshed({ ...tokens, access_token: jwt, expires_in }))).toHaveProperty(
        'expiresAt',
        undefined,
      )
  })

  it.each([7, null, [7], [['a']], [], '', ' ', 'a"b', 'a\nb'])('a malformed scope %j costs nothing', async (scope) => {
    const response = await usable(refreshed({ ...tokens, scope }))
    expect(response).toMatchObject({ accessToken, refreshToken: 'rt2' })
    expect(response).toHaveProperty('scope', undefined)
    expect(await usable(exchanged({ ...tokens, scope }, { scope: 'read', nonce: undefined as never }))).toMatchObject({
      scope: 'read',
    })
  })

  it.each([
    [['user:read', 'chat'], 'user:read chat'],
    ['repo,gist', 'repo gist'],
    ['repo, gist', 'repo gist'],
    [' read  write ', 'read write'],
  ])('scope %j is %j', async (scope, granted) => {
    expect(await usable(refreshed({ ...tokens, scope }))).toMatchObject({ scope: granted })
  })

  it('a comma in a scope that was asked for with one is part of it', async () => {
    const client = clientOf(
      { origin },
      {},
      memoryFetch(() => new Response(JSON.stringify({ ...tokens, scope: 'a,b c' }))),
    )
    const request = { refreshToken: 'rt1', scope: 'a,b c', beforeSend: () => true }
    expect(await usable(refreshTokenGrant(client, request))).toMatchObject({ scope: 'a,b c' })
  })

  it.each([
    ['access_token', { access_token: undefined }],
    ['token_type', { token_type: 'mac' }],
  ])('what is refused names %s', async (name, more) => {
    expect(await refreshed({ ...tokens, ...more })).toMatchObject({
      error: { message: saying(name) },
    })
  })

  it('ACQ-19: the granted scope is the answer’s, else the one asked for', async () => {
    const id_token = idToken(claims())
    expect(await usable(exchanged({ ...tokens, id_token, scope: 'read' }))).toMatchObject({ scope: 'read' })
    expect(await usable(exchanged({ ...tokens, id_token }))).toMatchObject({ scope: 'openid read write' })
    expect(await usable(refreshed({ ...tokens, scope: 'read' }))).toMatchObject({ scope: 'read' })
    expect(await usable(refreshed(tokens))).toHaveProperty('scope', undefined)
  })

  it('ignores members it does not know', async () => {
    expect(await usable(refreshed({ ...tokens, ext: 1 }))).not.toHaveProperty('ext')
  })
})

const seconds = () => Math.floor(Date.now() / 1000)
const claims = (more: Record<string, unknown> = {}) => ({
  iss: origin,
  sub: 'alice',
  aud: 'spa',
  iat: seconds(),
  exp: seconds() + 300,
  nonce: 'n',
  ...more,
})

describe('ID token after a sign-in', () => {
  it('ACQ-24, ACQ-26: hands on token and claims, iss and sub among them', async () => {
    const id_token = idToken(claims({ name: 'Zoë' }))
    expect(await usable(exchanged({ ...tokens, id_token }))).toMatchObject({
      idToken: id_token,
      claims: { iss: origin, sub: 'alice', name: 'Zoë' },
    })
  })

  it.each<[string, Record<string, unknown>]>([
    ['id_token_iss', { iss: `${origin}/` }],
    ['id_token_iss', { iss: undefined }],
    ['id_token_aud', { aud: 'other' }],
    ['id_token_aud', { aud: ['spa', 'other'] }],
    ['id_token_aud', { aud: [] }],
    ['id_token_aud', { aud: undefined }],
    ['id_token_azp', { azp: 'other' }],
    ['id_token_azp', { aud: ['spa', 'other'], azp: 'other' }],
    ['id_token_sub', { sub: undefined }],
    ['id_token_sub', { sub: '' }],
    ['id_token_sub', { sub: 7 }],
    ['id_token_sub', { sub: 'x'.repeat(256) }],
    ['id_token_sub', { sub: 'ä' }],
    ['id_token_exp', { exp: seconds() - 120 }],
    ['id_token_exp', { exp: undefined }],
    ['id_token_exp', { exp: '9999999999' }],
    ['id_token_iat', { iat: undefined }],
    ['id_token_iat', { iat: seconds() + 3600 }],
    ['id_token_nonce', { nonce: undefined }],
    ['id_token_nonce', { nonce: 'other' }],
    ['id_token_at_hash', { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }],
    ['id_token_at_hash', { at_hash: 7 }],
  ])('ACQ-24: %s for %j', async (reason, change) => {
    expect(await exchanged({ ...tokens, id_token: idToken(claims(change)) })).toMatchObject({
      kind: 'invalid',
      refreshToken: 'rt2',
      error: { code: 'ERR_RESPONSE_INVALID', reason },
    })
  })

  it.each<[string, Record<string, unknown>]>([
    ['one audience in a list', { aud: ['spa'] }],
    ['several audiences, issued to us', { aud: ['project', 'spa'], azp: 'spa' }],
    ['azp equal to us', { azp: 'spa' }],
    ['expired within the leeway', { exp: seconds() - 30 }],
    ['a right at_hash (OpenID Connect Core A.3)', { at_hash: '77QmUPtjPfzWtF2AnpK9RQ' }],
  ])('ACQ-24: accepts %s', async (_, change) => {
    expect(await usable(exchanged({ ...tokens, id_token: idToken(claims(change)) }))).toHaveProperty('claims')
  })

  it.each([
    ['no token', undefined, 'id_token_missing'],
    ['null', null, 'id_token_missing'],
    ['an empty string', '', 'id_token_missing'],
    ['a number', 7, 'id_token_invalid'],
    ['garbage', 'a.b.c', 'id_token_invalid'],
    ['a list as claims', `e30.${btoa('[]')}.x`, 'id_token_invalid'],
    ['two parts', idToken(claims()).split('.').slice(0, 2).join('.'), 'id_token_invalid'],
    ['five parts', `${idToken(claims())}.x.y`, 'id_token_invalid'],
    ['alg none', idToken(claims(), { alg: 'none' }), 'id_token_invalid'],
    ['no alg', idToken(claims(), {}), 'id_token_invalid'],
  ])('ACQ-24: rejects %s', async (_, id_token, reason) => {
    expect(await exchanged({ ...tokens, id_token })).toMatchObject({
      kind: 'invalid',
      refreshToken: 'rt2',
      error: { reason },
    })
  })

  it('ACQ-24: needs no ID token without the scope openid, and checks one that comes', async () => {
    const plain = { scope: 'read', nonce: undefined as never }
    for (const id_token of [undefined, null, ''])
      expect(await usable(exchanged({ ...tokens, id_token }, plain))).not.toHaveProperty('claims')
    expect(await exchanged({ ...tokens, id_token: idToken(claims()) }, plain)).toMatchObject({
      error: { reason: 'id_token_nonce' },
    })
  })

  it('ACQ-24: time is the clock port’s', async () => {
    const id_token = idToken(claims())
    expect(await exchanged({ ...tokens, id_token }, {}, 400_000)).toMatchObject({ error: { reason: 'id_token_exp' } })
    expect(await exchanged({ ...tokens, id_token }, {}, -700_000)).toMatchObject({ error: { reason: 'id_token_iat' } })
  })

  it.each([
    [0, seconds() - 600, false],
    [0, undefined, false],
    [0, 'now', false],
    [0, seconds(), true],
    [900_000, seconds() - 600, true],
    [300_000, seconds() - 600, false],
    [undefined, undefined, true],
  ])('ACQ-25: max_age %s ms with auth_time %s', async (maxAge, auth_time, fine) => {
    const id_token = idToken(claims({ auth_time }))
    const answer = await exchanged({ ...tokens, id_token }, maxAge === undefined ? {} : { maxAge })
    expect(answer).toMatchObject(
      fine ? { kind: 'tokens' } : { kind: 'invalid', error: { reason: 'id_token_auth_time' } },
    )
  })

  it('ACQ-25: acr has to be one of those asked for', async () => {
    const with_ = (acr?: string) =>
      exchanged({ ...tokens, id_token: idToken(claims({ acr })) }, { acrValues: ['gold', 'silver'] })
    expect(await with_('silver')).toMatchObject({ kind: 'tokens' })
    for (const acr of ['bronze', undefined])
      expect(await with_(acr)).toMatchObject({
        kind: 'invalid',
        error: { code: 'ERR_AUTHORIZATION_REJECTED', reason: 'insufficient_user_authentication' },
      })
  })
})

describe('ID token after a refresh', () => {
  const previous = claims({ auth_time: 1000 }) as unknown as IdTokenClaims

  it('RT-06: none is fine, and so is one that cannot be decoded: the tokens are kept', async () => {
    for (const id_token of [undefined, null, '', 7, 'a.b.c', 'x', `${idToken(claims())}.x.y`]) {
      const response = await usable(refreshed({ ...tokens, id_token }, previous))
      expect(response).toMatchObject({ accessToken, refreshToken: 'rt2' })
      expect(response).not.toHaveProperty('idToken')
      expect(response).not.toHaveProperty('claims')
    }
  })

  it.each<[string, Record<string, unknown>]>([
    ['user_changed', { sub: 'mallory' }],
    ['user_changed', { sub: 'mallory', auth_time: 2000, nonce: 'other', aud: ['spa'], iat: previous.iat + 9 }],
    ['id_token_iss', { iss: 'https://evil.example', sub: 'mallory' }],
    ['id_token_iss', { iss: 'https://evil.example' }],
    ['id_token_aud', { aud: 'other' }],
    ['id_token_aud', { aud: ['spa', 'more'], azp: 'spa' }],
    ['id_token_iat', { iat: previous.iat - 601 }],
    ['id_token_iat', { iat: undefined }],
    ['id_token_exp', { exp: 5 }],
    ['id_token_auth_time', { auth_time: 999 }],
    ['id_token_auth_time', { auth_time: 'soon' }],
    ['id_token_nonce', { nonce: 'other' }],
    ['id_token_at_hash', { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }],
  ])('RT-06: %s for %j', async (reason, change) => {
    const id_token = idToken({ ...previous, ...change })
    expect(await refreshed({ ...tokens, id_token }, previous)).toMatchObject({
      kind: 'invalid',
      refreshToken: 'rt2',
      error: { reason },
    })
  })

  it.each<[string, Record<string, unknown>]>([
    ['the same claims', {}],
    ['an earlier iat, as from a host of the server whose clock is behind', { iat: previous.iat - 600 }],
    ['no nonce', { nonce: undefined }],
    ['no auth_time', { auth_time: undefined }],
    ['a later auth_time, as after a sign-in in another application', { auth_time: 1001 }],
    ['the audience in a list', { aud: ['spa'] }],
  ])('RT-06: accepts %s', async (_, change) => {
    const id_token = idToken({ ...previous, ...change })
    expect(await usable(refreshed({ ...tokens, id_token }, previous))).toMatchObject({ idToken: id_token })
  })

  it('RT-08: a wrong clock does not cost the session', async () => {
    const id_token = idToken(previous as unknown as Record<string, unknown>)
    for (const offset of [-1e12, 3e11])
      expect(await usable(refreshed({ ...tokens, id_token }, previous, offset))).toHaveProperty('claims')
  })
})
