import { describe, expect, it } from 'vitest'
import { metadataFrom } from '../../src/manager/metadata-from.ts'
import { authorizationResponse, type PendingAuthorization } from '../../src/protocol/authorization-code.ts'
import type { AuthorizationServerOptions } from '../../src/protocol/authorization-server.ts'
import { checkIdToken, type IdTokenClaims } from '../../src/protocol/id-token.ts'
import { saying } from '../support/sentences.ts'
import { clientOf, idToken, metadataAt } from './scripted-server.ts'

const origin = 'https://as.example'
const template = `${origin}/{tenantid}/v2.0`
const tid = '11111111-2222-4333-8444-555555555555'
const other = '99999999-2222-4333-8444-555555555555'
const now = Math.floor(Date.now() / 1000)
const claims = { iss: `${origin}/${tid}/v2.0`, tid, sub: 'p', aud: 'spa', exp: now + 60, iat: now, nonce: 'n' }
const pending = { nonce: 'n', createdAt: now * 1000 }

function check(given: object, options: Partial<AuthorizationServerOptions> = {}, previous?: IdTokenClaims) {
  const server = clientOf(
    { origin },
    { issuer: template, metadata: metadataFrom({ metadata: metadataAt(template) }), ...options },
  )
  return checkIdToken(server, idToken({ ...claims, ...given }), 'at', previous ? { previous } : { pending })
}

describe('an issuer with a place for the tenant', () => {
  it('is that of the tenant whom tid names', async () => {
    expect(await check({})).toMatchObject({ claims: { iss: claims.iss } })
    const upper = tid.replace('4333', 'ABCD')
    expect(await check({ tid: upper, iss: `${origin}/${upper}/v2.0` })).toHaveProperty('claims')
  })

  it.each([
    ['of another tenant than tid names', { tid: other }],
    ['without tid', { tid: undefined }],
    ['with a tid that is no GUID', { tid: 'contoso', iss: `${origin}/contoso/v2.0` }],
    [
      'with a tid that is a path',
      { tid: '../../../../../../../../../../evil', iss: `${origin}/../../../../../../../../../../evil/v2.0` },
    ],
    ['with a tid that is an object', { tid: { toString: 1 } }],
    ['with a tid that is a list', { tid: [tid] }],
    ['on another host', { iss: `https://evil.example/${tid}/v2.0` }],
    ['with something behind it', { iss: `${claims.iss}/` }],
    ['that is the template itself', { iss: template }],
    ['that is the template itself, with its place as tid', { iss: template, tid: '{tenantid}' }],
    ['that is the template itself, without tid', { iss: template, tid: undefined }],
    ['without a tenant', { iss: `${origin}//v2.0`, tid: '' }],
    ['that is missing', { iss: undefined }],
  ])('one %s is refused', async (_, given) => {
    expect(await check(given)).toMatchObject({ reason: 'id_token_iss', message: expect.stringContaining('iss') })
  })

  it('stays that of the person’s tenant at every refresh', async () => {
    expect(await check({}, {}, claims)).toHaveProperty('claims')
    const elsewhere = { tid: other, iss: `${origin}/${other}/v2.0` }
    expect(await check(elsewhere, {}, claims)).toMatchObject({ reason: 'id_token_iss' })
  })

  it('without a place for it tid changes nothing', async () => {
    const issuer = `${origin}/${tid}/v2.0`
    const single = { issuer, metadata: metadataAt(issuer) }
    expect(await check({}, single)).toHaveProperty('claims')
    expect(await check({ tid: other, iss: `${origin}/${other}/v2.0` }, single)).toMatchObject({
      reason: 'id_token_iss',
    })
    expect(await check({ iss: template }, single)).toMatchObject({ reason: 'id_token_iss' })
  })

  it('may be filled in, or not, where the answer to an authorization request names it', async () => {
    const server = clientOf(
      { origin },
      { issuer: template, metadata: metadataFrom({ metadata: metadataAt(template) }) },
    )
    const redirectUri = 'https://app.example/cb'
    const answer = (iss: string) =>
      authorizationResponse(server, `${redirectUri}?code=c&state=s&iss=${encodeURIComponent(iss)}`, {
        ...{ state: 's', codeVerifier: 'v', redirectUri, issuer: template, scope: '', createdAt: 0 },
      } satisfies PendingAuthorization)
    for (const iss of [template, claims.iss]) expect(await answer(iss)).toBe('c')
    for (const iss of [
      `https://evil.example/${tid}/v2.0`,
      `${origin}/contoso/v2.0`,
      `${claims.iss}x`,
      `${origin}/${tid}/${tid}/v2.0`,
    ])
      await expect(answer(iss)).rejects.toMatchObject({ reason: 'issuer_mismatch' })
  })
})

describe('a nonce that is missing', () => {
  it.each([undefined, null])('is refused (%s), and the message names the symbol that allows it', async (nonce) => {
    expect(await check({ nonce })).toMatchObject({
      reason: 'id_token_nonce',
      message: saying(/has no nonce.*allowMissingNonce/),
    })
  })

  it('is accepted where that is allowed, and a wrong one never', async () => {
    const lenient = { missingNonce: true }
    for (const nonce of [undefined, null]) expect(await check({ nonce }, lenient)).toHaveProperty('claims')
    for (const nonce of ['', 'm', 7, {}])
      expect(await check({ nonce }, lenient)).toMatchObject({ reason: 'id_token_nonce' })
  })
})

describe('a claim that is null', () => {
  it.each(['at_hash', 'azp', 'auth_time', 'acr'])(
    'counts as absent, at the sign-in and at a refresh: %s',
    async (name) => {
      const accepted = { claims: { sub: 'p' } }
      expect(await check({ [name]: null })).toMatchObject(accepted)
      expect(await check({ [name]: null }, {}, { ...claims, auth_time: 1 })).toMatchObject(accepted)
      expect(await check({ auth_time: 1 }, {}, { ...claims, [name]: null } as object as IdTokenClaims)).toMatchObject(
        accepted,
      )
    },
  )

  it('among the audiences of several clients azp is needed even so', async () => {
    expect(await check({ aud: ['spa', 'other'], azp: null })).toMatchObject({ reason: 'id_token_aud' })
  })

  it('a missing time of issue tells no difference of the clocks', async () => {
    const { message } = (await check({ iat: null })) as Error
    expect(message).toEqual(saying('The ID token has no iat'))
    expect(message).not.toContain('NaN')
  })
})

describe('the nonce of an ID token after a refresh', () => {
  const { nonce, ...without } = claims

  it.each([
    ['it has none', { nonce: undefined }, claims],
    ['it has null', { nonce: null }, claims],
    ['the one before had none', { nonce }, without],
    ['it is the same', { nonce }, claims],
  ])('is accepted if %s', async (_, given, previous) => {
    expect(await check(given, {}, previous)).toHaveProperty('claims')
  })

  it('is refused if both have one and they differ', async () => {
    expect(await check({ nonce: 'm' }, {}, claims)).toMatchObject({ reason: 'id_token_nonce' })
  })
})

it.each(['aud', 'sub', 'exp', 'iat'])('an ID token without %s is refused by name', async (name) => {
  expect(await check({ [name]: undefined })).toMatchObject({
    reason: `id_token_${name}`,
    message: saying(`The ID token has no ${name}`),
  })
})
