import { describe, expect, it } from 'vitest'
import * as providers from '../../src/providers/index.ts'
import type { Denial } from '../../src/resource-server/denial.ts'
import { createDenylist } from '../../src/resource-server/denylist.ts'
import type { IssuerOptions } from '../../src/resource-server/issuer.ts'
import { NOW, SECONDS, type TestIssuer, testIssuer } from '../resource-server/test-issuer.ts'
import { guardedApi } from '../support/guarded-api.ts'

const { glewlwyd, lemonldap, openauth } = providers
const { auth0, authentik, cognito, entra, entraB2c, hydra, keycloak, logto, okta, supabase, zitadel } = providers

// What real providers put into access tokens, from their documentation; the values are made up.
const API = 'https://api.example.com/'
const tenant = '11111111-2222-4333-8444-555555555555'
const guid = '66666666-7777-4888-8999-000000000000'
const user = { subject: 'user' } as const

interface Row {
  readonly provider: string
  readonly issuer: IssuerOptions
  readonly audience?: string
  readonly typ?: string
  readonly claims: Readonly<Record<string, unknown>>
  /** What a handler sees, and a denylist looks at. */
  readonly client: string
  readonly id?: string
  readonly session?: string
  readonly scope?: string
  readonly kind: 'user' | 'client' | undefined
  /** Why a guard that knows nothing of the provider refuses it, and what it tells the operator. */
  readonly bare: readonly [reason: string, detail: RegExp]
}

const auth0Issuer = auth0.api({ domain: 'example.eu.auth0.com' })
const keycloak26 = keycloak.api({ url: 'https://id.example.com', realm: 'main' })
const keycloak24 = keycloak.api({ url: 'https://id.example.com/auth', realm: 'main', version: 24 })
const oktaIssuer = okta.api({ domain: 'example.okta.com' })
const cognitoIssuer = cognito.api({ region: 'eu-central-1', userPool: 'eu-central-1_AbCdEfGhI' })
const hydraIssuer = hydra.api({ issuer: 'https://hydra.example.com/' })
const authentikIssuer = authentik.api({ url: 'https://id.example.com', application: 'notes' })
const b2cIssuer = entraB2c.api({ tenant: 'contoso', tenantId: tenant, policy: 'B2C_1_signin' })
const logtoIssuer = logto.api({ url: 'https://example.logto.app' })
const supabaseIssuer = supabase.api({ project: 'abcdefghijklmnopqrst' })
const glewlwydIssuer = glewlwyd.api({ issuer: 'https://id.example.com/api/oidc' })
const lemonldapIssuer = lemonldap.api({ issuer: 'https://auth.example.com' })
const zitadelIssuer = zitadel.api({ url: 'https://example-a1b2c3.zitadel.cloud' })

const adfsIssuer: IssuerOptions = {
  issuer: 'http://adfs.example.com/adfs/services/trust',
  jwksUri: 'https://adfs.example.com/adfs/discovery/keys',
  types: ['JWT'],
  // Its ID tokens have no scp.
  requiredClaims: ['sub', 'appid', 'iat', 'scp'],
  claims: { client: 'appid', scope: 'scp', id: false, session: false },
}
const sapIssuer: IssuerOptions = {
  issuer: 'example.accounts.ondemand.com',
  jwksUri: 'https://example.accounts.ondemand.com/oauth2/certs',
  types: ['JWT', undefined],
  claims: { client: 'azp', session: false },
  subjectKind: ({ user_uuid }) => (user_uuid === undefined ? 'client' : 'user'),
}
const fusionAuthIssuer: IssuerOptions = {
  issuer: 'acme.com',
  jwksUri: 'https://id.example.com/.well-known/jwks.json',
  types: ['JWT'],
  claims: { client: 'applicationId' },
  requiredValues: { tty: ['at'] },
}

const ofKeycloak = { aud: API, azp: 'spa', sub: 'a1b2', typ: 'Bearer', jti: 'k1', scope: 'openid notes', acr: '1' }
const ofAuthentik = { aud: 'notes-app', azp: 'notes-app', acr: 'goauthentik.io/providers/oauth2/default' }
const ofB2c = { aud: guid, azp: 'spa', ver: '1.0', tfp: 'B2C_1_signin' }
const ofSupabase = {
  aud: 'authenticated',
  role: 'authenticated',
  client_id: 'oauth-app',
  session_id: 's9',
  aal: 'aal1',
}
const ofZitadel = { aud: ['2840@notes', '2840'], nbf: SECONDS }
const person = { ...ofKeycloak, sid: 's1', preferred_username: 'anna', realm_access: { roles: ['reader'] } }

const rows: readonly Row[] = [
  {
    provider: 'Auth0, a person',
    issuer: auth0Issuer,
    typ: 'JWT',
    claims: {
      sub: 'auth0|5f7c',
      aud: [API, 'https://example.eu.auth0.com/userinfo'],
      azp: 'spa',
      scope: 'openid notes',
      permissions: ['notes'],
    },
    client: 'spa',
    scope: 'openid notes',
    kind: 'user',
    bare: ['type_wrong', /^typ is "JWT", wanted at\+jwt; issuer: auth0\.api/],
  },
  {
    provider: 'Auth0, a client itself',
    issuer: auth0Issuer,
    typ: 'JWT',
    claims: { sub: 'm2m@clients', aud: API, azp: 'm2m', gty: 'client-credentials' },
    client: 'm2m',
    kind: 'client',
    bare: ['type_wrong', /auth0\.api/],
  },
  {
    provider: 'Auth0 with the profile of RFC 9068, a client itself',
    issuer: auth0.api({ domain: 'example.eu.auth0.com', profile: 'rfc9068' }),
    typ: 'at+jwt',
    claims: { sub: 'm2m@clients', aud: API, client_id: 'm2m', jti: 'a1' },
    client: 'm2m',
    id: 'a1',
    kind: 'client',
    bare: ['passed', /^$/],
  },
  {
    provider: 'Entra v2, a person',
    issuer: entra.api({ tenant }),
    audience: guid,
    typ: 'JWT',
    claims: {
      ...{ aud: guid, azp: 'spa', azpacr: '0', scp: 'notes read', uti: 'u1', oid: 'o', tid: tenant, sub: 'pairwise' },
      ver: '2.0',
    },
    client: 'spa',
    id: 'u1',
    scope: 'notes read',
    kind: 'user',
    bare: ['type_wrong', /entra\.api/],
  },
  {
    provider: 'Entra v2, an application itself',
    issuer: entra.api({ tenant }),
    audience: guid,
    typ: 'JWT',
    claims: {
      ...{ aud: guid, azp: 'daemon', azpacr: '1', idtyp: 'app', roles: ['Notes.Read'], uti: 'u2', tid: tenant },
      ...{ oid: 'o', sub: 'o', ver: '2.0' },
    },
    client: 'daemon',
    id: 'u2',
    kind: 'client',
    bare: ['type_wrong', /entra\.api/],
  },
  {
    provider: 'Entra v2, an application itself, without idtyp',
    issuer: entra.api({ tenant }),
    audience: guid,
    typ: 'JWT',
    claims: { aud: guid, azp: 'daemon', roles: ['Notes.Read'], uti: 'u3', tid: tenant, oid: 'o', sub: 'o', ver: '2.0' },
    client: 'daemon',
    id: 'u3',
    kind: undefined,
    bare: ['type_wrong', /entra\.api/],
  },
  {
    provider: 'Entra v1',
    issuer: entra.api({ tenant, version: 1 }),
    audience: `api://${guid}`,
    typ: 'JWT',
    claims: {
      ...{ aud: `api://${guid}`, appid: 'spa', appidacr: '0', scp: 'notes', uti: 'u4', tid: tenant, sub: 'pairwise' },
      ver: '1.0',
    },
    client: 'spa',
    id: 'u4',
    scope: 'notes',
    kind: 'user',
    bare: ['type_wrong', /entra\.api/],
  },
  {
    provider: 'Okta, a person',
    issuer: oktaIssuer,
    claims: {
      aud: API,
      cid: 'spa',
      uid: '00u1',
      sub: 'anna@example.com',
      scp: ['openid', 'notes'],
      jti: 'AT.1',
      ver: 1,
    },
    client: 'spa',
    id: 'AT.1',
    scope: 'openid notes',
    kind: 'user',
    bare: ['type_wrong', /^typ is missing, wanted at\+jwt; issuer: okta\.api/],
  },
  {
    provider: 'Okta, a client itself',
    issuer: oktaIssuer,
    claims: { aud: API, cid: '0oa1', sub: '0oa1', scp: ['notes'], jti: 'AT.2', ver: 1 },
    client: '0oa1',
    id: 'AT.2',
    scope: 'notes',
    kind: 'client',
    bare: ['type_wrong', /okta\.api/],
  },
  {
    provider: 'Cognito, a person',
    issuer: cognitoIssuer,
    audience: 'app1',
    claims: {
      ...{ sub: 'c1', client_id: 'app1', token_use: 'access', scope: 'openid notes', username: 'anna', version: 2 },
      ...{ origin_jti: 'family', jti: 'c1', auth_time: SECONDS - 5 },
    },
    client: 'app1',
    id: 'c1',
    session: 'family',
    scope: 'openid notes',
    kind: 'user',
    bare: ['type_wrong', /cognito\.api/],
  },
  {
    provider: 'Cognito, a client itself',
    issuer: cognitoIssuer,
    audience: 'app2',
    claims: { sub: 'app2', client_id: 'app2', token_use: 'access', scope: 'api/notes', jti: 'c2', auth_time: SECONDS },
    client: 'app2',
    id: 'c2',
    scope: 'api/notes',
    kind: 'client',
    bare: ['type_wrong', /cognito\.api/],
  },
  {
    provider: 'Keycloak, a person',
    issuer: keycloak26,
    typ: 'JWT',
    claims: { ...person, aud: [API, 'account'] },
    client: 'spa',
    id: 'k1',
    session: 's1',
    scope: 'openid notes',
    kind: 'user',
    bare: ['type_wrong', /keycloak\.api/],
  },
  {
    provider: 'Keycloak whose API has no audience mapper',
    issuer: keycloak26,
    audience: 'account',
    typ: 'JWT',
    claims: { ...person, aud: 'account' },
    client: 'spa',
    id: 'k1',
    session: 's1',
    scope: 'openid notes',
    kind: 'user',
    bare: ['type_wrong', /keycloak\.api/],
  },
  {
    provider: 'Keycloak with at+jwt switched on',
    issuer: keycloak26,
    typ: 'at+jwt',
    claims: person,
    client: 'spa',
    id: 'k1',
    session: 's1',
    scope: 'openid notes',
    kind: 'user',
    bare: ['claim_missing', /^wanted client_id, the token has azp; issuer: keycloak\.api/],
  },
  {
    provider: 'Keycloak with DPoP on, for a token that is not bound',
    issuer: keycloak26,
    typ: 'JWT',
    claims: { ...person, typ: 'DPoP' },
    client: 'spa',
    id: 'k1',
    session: 's1',
    scope: 'openid notes',
    kind: 'user',
    bare: ['type_wrong', /keycloak\.api/],
  },
  {
    provider: 'Keycloak up to 24, with a nonce',
    issuer: keycloak24,
    typ: 'JWT',
    claims: { ...person, nonce: 'n' },
    client: 'spa',
    id: 'k1',
    session: 's1',
    scope: 'openid notes',
    kind: 'user',
    bare: ['type_wrong', /keycloak\.api/],
  },
  {
    provider: 'Keycloak, a service account',
    issuer: keycloak26,
    typ: 'JWT',
    claims: { ...ofKeycloak, azp: 'job', preferred_username: 'service-account-job' },
    client: 'job',
    id: 'k1',
    scope: 'openid notes',
    kind: 'client',
    bare: ['type_wrong', /keycloak\.api/],
  },
  {
    provider: 'Keycloak, a service account with its own scope mapper and at+jwt',
    issuer: keycloak26,
    typ: 'at+jwt',
    claims: { ...ofKeycloak, azp: 'job', client_id: 'job', clientHost: '10.0.0.1', clientAddress: '10.0.0.1' },
    client: 'job',
    id: 'k1',
    scope: 'openid notes',
    kind: 'client',
    bare: ['passed', /^$/],
  },
  {
    provider: 'Keycloak, a service account that nothing names',
    issuer: keycloak26,
    typ: 'JWT',
    claims: { ...ofKeycloak, azp: 'job' },
    client: 'job',
    id: 'k1',
    scope: 'openid notes',
    kind: undefined,
    bare: ['type_wrong', /keycloak\.api/],
  },
  {
    provider: 'Ory Hydra, a person',
    issuer: hydraIssuer,
    typ: 'JWT',
    claims: { aud: [API], client_id: 'spa', scp: ['openid', 'notes'], ext: {}, sub: 'anna', jti: 'h1' },
    client: 'spa',
    id: 'h1',
    scope: 'openid notes',
    kind: 'user',
    bare: ['type_wrong', /hydra\.api/],
  },
  {
    provider: 'Ory Hydra, a client itself',
    issuer: hydraIssuer,
    typ: 'JWT',
    claims: { aud: [API], client_id: 'job', scp: ['notes'], ext: {}, sub: 'job', jti: 'h2' },
    client: 'job',
    id: 'h2',
    scope: 'notes',
    kind: 'client',
    bare: ['type_wrong', /hydra\.api/],
  },
  {
    provider: 'LemonLDAP::NG 2.16, a person',
    issuer: lemonldapIssuer,
    audience: 'notes-app',
    typ: 'JWT',
    claims: { aud: ['notes-app'], client_id: 'notes-app', sub: 'dwho', jti: 'l1', scope: 'openid profile' },
    client: 'notes-app',
    id: 'l1',
    scope: 'openid profile',
    kind: 'user',
    bare: ['type_wrong', /^typ is "JWT", wanted at\+jwt; option types of the issuer$/],
  },
  {
    provider: 'Glewlwyd 2.7, a person, with the scope as aud where no API was named',
    issuer: glewlwydIssuer,
    audience: 'openid notes',
    typ: 'at+jwt',
    claims: {
      aud: 'openid notes',
      client_id: 'spa',
      sub: 'n145',
      jti: 'g1',
      type: 'access_token',
      scope: 'openid notes',
    },
    client: 'spa',
    id: 'g1',
    scope: 'openid notes',
    kind: 'user',
    bare: ['passed', /^$/],
  },
  {
    provider: 'Glewlwyd 2.7, a client itself',
    issuer: glewlwydIssuer,
    audience: 'notes',
    typ: 'at+jwt',
    claims: { aud: 'notes', client_id: 'job', sub: 'job', jti: 'g2', type: 'access_token', scope: 'notes' },
    client: 'job',
    id: 'g2',
    scope: 'notes',
    kind: 'client',
    bare: ['passed', /^$/],
  },
  {
    provider: 'OpenAuth 0.4',
    issuer: openauth.api({ issuer: 'https://auth.example.com' }),
    audience: 'spa',
    typ: 'JWT',
    claims: { mode: 'access', type: 'user', properties: { id: 'alice' }, aud: 'spa', sub: 'user:0fcc' },
    client: 'spa',
    kind: undefined,
    bare: ['type_wrong', /^typ is "JWT", wanted at\+jwt/],
  },
  {
    provider: 'Better Auth 1.7, a person, for an API that was named by resource',
    issuer: { issuer: 'https://app.example.com/api/auth' },
    typ: 'at+jwt',
    claims: {
      aud: [API, 'https://app.example.com/api/auth/oauth2/userinfo'],
      ...{ client_id: 'spa', azp: 'spa', sub: 'cGGT', sid: 'b2', jti: 'b1', scope: 'openid offline_access notes' },
    },
    client: 'spa',
    id: 'b1',
    session: 'b2',
    scope: 'openid offline_access notes',
    kind: undefined,
    bare: ['passed', /^$/],
  },
  {
    provider: 'authentik, a person',
    issuer: authentikIssuer,
    audience: 'notes-app',
    typ: 'JWT',
    claims: { ...ofAuthentik, sub: '9c2e', uid: 'x9', sid: 'h4sh', nonce: 'n', auth_time: SECONDS - 9, amr: ['pwd'] },
    client: 'notes-app',
    id: 'x9',
    session: 'h4sh',
    kind: 'user',
    bare: ['type_wrong', /authentik\.api/],
  },
  {
    provider: 'authentik, newer, with scope',
    issuer: authentikIssuer,
    audience: 'notes-app',
    typ: 'at+jwt',
    claims: { ...ofAuthentik, sub: '9c2e', uid: 'x8', sid: 'h4sh', scope: 'openid notes', auth_time: SECONDS - 9 },
    client: 'notes-app',
    id: 'x8',
    session: 'h4sh',
    scope: 'openid notes',
    kind: 'user',
    bare: ['claim_missing', /^wanted client_id, the token has azp; issuer: authentik\.api/],
  },
  {
    provider: 'authentik, a client itself, which has an auth_time too',
    issuer: authentikIssuer,
    audience: 'notes-app',
    typ: 'JWT',
    claims: { ...ofAuthentik, sub: 'f00d', uid: 'x7', auth_time: SECONDS },
    client: 'notes-app',
    id: 'x7',
    kind: undefined,
    bare: ['type_wrong', /authentik\.api/],
  },
  {
    provider: 'authentik, a client itself, with its name',
    issuer: authentikIssuer,
    audience: 'notes-app',
    typ: 'JWT',
    claims: { ...ofAuthentik, sub: 'f00d', uid: 'x6', preferred_username: 'ak-notes-client_credentials' },
    client: 'notes-app',
    id: 'x6',
    kind: 'client',
    bare: ['type_wrong', /authentik\.api/],
  },
  {
    provider: 'Azure AD B2C, a person',
    issuer: b2cIssuer,
    audience: guid,
    typ: 'JWT',
    claims: { ...ofB2c, oid: 'o', sub: 'o', scp: 'notes read', nonce: 'n', nbf: SECONDS },
    client: 'spa',
    scope: 'notes read',
    kind: 'user',
    bare: ['type_wrong', /entraB2c\.api/],
  },
  {
    provider: 'Azure AD B2C, an application itself',
    issuer: b2cIssuer,
    audience: guid,
    typ: 'JWT',
    claims: { ...ofB2c, sub: 'o', roles: ['Notes.Read'] },
    client: 'spa',
    kind: undefined,
    bare: ['type_wrong', /entraB2c\.api/],
  },
  {
    provider: 'Logto, a person',
    issuer: logtoIssuer,
    typ: 'at+jwt',
    claims: { aud: API, client_id: 'spa', sub: 'u1', scope: 'read:notes', jti: 'l1' },
    client: 'spa',
    id: 'l1',
    scope: 'read:notes',
    kind: 'user',
    bare: ['passed', /^$/],
  },
  {
    provider: 'Logto, a machine-to-machine app',
    issuer: logtoIssuer,
    typ: 'at+jwt',
    claims: { aud: API, client_id: 'job', sub: 'job', scope: 'read:notes', jti: 'l2' },
    client: 'job',
    id: 'l2',
    scope: 'read:notes',
    kind: 'client',
    bare: ['passed', /^$/],
  },
  {
    provider: 'Supabase, what an OAuth client got for a person',
    issuer: supabaseIssuer,
    audience: 'authenticated',
    typ: 'JWT',
    claims: { ...ofSupabase, sub: 'u1', user_id: 'u1', amr: [{ method: 'password', timestamp: SECONDS }] },
    client: 'oauth-app',
    session: 's9',
    kind: 'user',
    bare: ['type_wrong', /supabase\.api/],
  },
  {
    provider: 'Supabase, newer, with scope, for somebody anonymous',
    issuer: supabaseIssuer,
    audience: 'authenticated',
    typ: 'JWT',
    claims: { ...ofSupabase, sub: 'u2', is_anonymous: true, scope: 'openid email' },
    client: 'oauth-app',
    session: 's9',
    scope: 'openid email',
    kind: undefined,
    bare: ['type_wrong', /supabase\.api/],
  },
  {
    provider: 'ZITADEL, a person',
    issuer: zitadelIssuer,
    audience: '2840',
    typ: 'JWT',
    claims: { ...ofZitadel, sub: '1630', client_id: '2840@notes', jti: 'V2_1-at_2' },
    client: '2840@notes',
    id: 'V2_1-at_2',
    kind: undefined,
    bare: ['type_wrong', /zitadel\.api/],
  },
  {
    provider: 'ZITADEL, older, a service user',
    issuer: zitadelIssuer,
    audience: '2840',
    claims: { ...ofZitadel, sub: '1631', client_id: 'job', jti: 'V2_3-at_4' },
    client: 'job',
    id: 'V2_3-at_4',
    kind: undefined,
    bare: ['type_wrong', /zitadel\.api/],
  },
  {
    provider: 'ADFS, whose issuer is an http URL',
    issuer: adfsIssuer,
    audience: 'microsoft:identityserver:notes',
    typ: 'JWT',
    claims: {
      ...{ aud: 'microsoft:identityserver:notes', apptype: 'Public', appid: guid, ver: '1.0', nbf: SECONDS },
      ...{ authmethod: 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password', scp: 'openid notes', sub: 'p4=' },
    },
    client: guid,
    scope: 'openid notes',
    kind: undefined,
    bare: ['type_wrong', /^typ is "JWT", wanted at\+jwt/],
  },
  {
    provider: 'SAP Cloud Identity Services, whose issuer is a host name',
    issuer: sapIssuer,
    audience: 'notes-api',
    claims: { aud: ['notes-api', 'spa'], azp: 'spa', sub: 'P0001', user_uuid: 'u7', zone_uuid: tenant, jti: 's1' },
    client: 'spa',
    id: 's1',
    kind: 'user',
    bare: ['type_wrong', /wanted at\+jwt/],
  },
  {
    provider: 'FusionAuth, whose issuer is acme.com until somebody sets one',
    issuer: fusionAuthIssuer,
    audience: guid,
    typ: 'JWT',
    claims: {
      ...{ aud: guid, applicationId: guid, sub: 'ca56', sid: 'f2', jti: 'f1', tid: tenant, tty: 'at', roles: [] },
      ...{ auth_time: SECONDS - 9, authenticationType: 'PASSWORD', scope: 'openid offline_access' },
    },
    client: guid,
    id: 'f1',
    session: 'f2',
    scope: 'openid offline_access',
    kind: 'user',
    bare: ['type_wrong', /^typ is "JWT", wanted at\+jwt/],
  },
  {
    provider: 'a small server whose aud is the scope',
    issuer: { issuer: 'https://small.example.com', types: ['JWT'], subjectKind: 'not_the_client' },
    audience: 'openid api',
    typ: 'JWT',
    claims: { aud: 'openid api', client_id: 'spa', sub: 'anna', jti: 'x1', scope: 'openid api' },
    client: 'spa',
    id: 'x1',
    scope: 'openid api',
    kind: 'user',
    bare: ['type_wrong', /option types of the issuer$/],
  },
]

const times = { iat: SECONDS, exp: SECONDS + 300 }

/** The provider as its clients and its APIs see it, and an API with its preset or with nothing but its name. */
async function world({ issuer: { issuer, jwksUri }, audience = API }: Row) {
  const as = await testIssuer(issuer)
  const fetch: TestIssuer['fetch'] = async (url, init) =>
    String(url) === jwksUri ? Response.json({ keys: as.keys }) : as.fetch(url, init)
  const denylist = createDenylist({ now: () => NOW })
  return {
    denylist,
    api: (options: string | IssuerOptions) => guardedApi(as, { issuer: options, audience, fetch, denylist }),
    tokenOf: ({ typ, claims }: Row) => as.sign({ iss: issuer, ...times, ...claims }, { typ }),
  }
}

describe.each(rows.map((row) => [row.provider, row] as const))('%s', (_, row) => {
  const { issuer, client, id, session, scope, kind, bare } = row

  it('passes with its preset, and a handler reads the same names as from any other', async () => {
    const { api, tokenOf } = await world(row)
    const { client_id, jti, sid, scope: granted, ...all } = await api(issuer).call(await tokenOf(row))
    expect([client_id, jti, sid, granted]).toEqual([client, id, session, scope])
    expect(all.iss).toBe(issuer.issuer)
    if (scope !== undefined) await api(issuer).call(await tokenOf(row), { scope: scope.split(' ') })
  })

  it('is refused by a guard that knows its issuer alone, and the operator reads what would take it', async () => {
    const { api, tokenOf } = await world(row)
    const [reason, detail] = bare
    // Without a description the keys are where the metadata says.
    const named = { issuer: issuer.issuer, ...(issuer.jwksUri !== undefined && { jwksUri: issuer.jwksUri }) }
    const token = await tokenOf(row)
    if (reason === 'passed') {
      expect(await api(named).outcome(token)).toBe('passed')
      expect(await api(named).outcome(token, user)).toBe('subject_not_a_user')
      return
    }
    const refused = await api(named).refusal(token)
    expect([refused.reason, refused.detail]).toEqual([reason, expect.stringMatching(detail)])
    expect(JSON.stringify(refused.headers)).not.toContain('.api')
  })

  it(`is ${kind ?? 'nobody that could be told'}`, async () => {
    const { api, tokenOf } = await world(row)
    const token = await tokenOf(row)
    if (kind === 'user') return void (await api(issuer).call(token, user))
    const refused = await api(issuer).refusal(token, user)
    const detail = kind === 'client' ? 'a client got the token for itself' : 'option subjectKind'
    expect([refused.reason, refused.detail]).toEqual(['subject_not_a_user', expect.stringContaining(detail)])
  })

  it('can be denied by all that it names, and what it does not name is told', async () => {
    const place = { issuer: issuer.issuer, before: NOW }
    const denials: readonly (readonly [Denial, string | undefined, string])[] = [
      [{ ...place, clientId: client }, client, 'revoked'],
      [{ issuer: issuer.issuer, jti: id ?? 'x', expiresAt: NOW + 300_000 }, id, 'revoked'],
      [{ ...place, sid: session ?? 'x' }, session, 'session_ended'],
    ]
    for (const [denial, named, reason] of denials) {
      const { api, tokenOf, denylist } = await world(row)
      const token = await tokenOf(row)
      const guard = api(issuer)
      expect(await guard.outcome(token)).toBe('passed')
      const told = await denylist.deny(denial).then(
        () => 'nothing',
        ({ code }) => code,
      )
      // A token of an issuer that names sign-ins, but not this one's, cannot be told from one that is denied; a client has none.
      const outcome = told === 'nothing' && (named !== undefined || kind !== 'client') ? reason : 'passed'
      expect([denial, await guard.outcome(token)]).toEqual([denial, outcome])
      if (named !== undefined) expect(told).toBe('nothing')
    }
  })
})

describe('a preset lets no ID token of its provider pass', () => {
  const idTokens: readonly (readonly [string, IssuerOptions, string | undefined, Record<string, unknown>])[] = [
    ['Auth0', auth0Issuer, 'JWT', { sub: 'auth0|5f7c', sid: 's', email: 'anna@example.com' }],
    ['Entra v2', entra.api({ tenant }), 'JWT', { sub: 'p', oid: 'o', tid: tenant, uti: 'u', ver: '2.0', roles: ['x'] }],
    ['Entra v1', entra.api({ tenant, version: 1 }), 'JWT', { sub: 'p', tid: tenant, uti: 'u', ver: '1.0' }],
    ['Okta', oktaIssuer, undefined, { sub: '00u1', ver: 1, jti: 'ID.1', amr: ['pwd'], auth_time: SECONDS }],
    ['Cognito', cognitoIssuer, undefined, { sub: 'c', token_use: 'id', jti: 'c', origin_jti: 'f', client_id: API }],
    ['Keycloak', keycloak26, 'JWT', { ...person, typ: 'ID', at_hash: 'x' }],
    ['Keycloak, a refresh token', keycloak26, 'JWT', { ...person, typ: 'Refresh' }],
    ['Keycloak up to 24', keycloak24, 'JWT', { ...person, typ: 'ID', nonce: 'n' }],
    ['Ory Hydra', hydraIssuer, 'JWT', { sub: 'anna', jti: 'h', sid: 's', at_hash: 'x', rat: SECONDS }],
    ['authentik', authentikIssuer, 'JWT', { sub: '9c2e', sid: 'h4sh', auth_time: SECONDS, at_hash: 'x' }],
    ['authentik, without at_hash', authentikIssuer, 'JWT', { sub: '9c2e', sid: 'h4sh', auth_time: SECONDS }],
    ['Azure AD B2C', b2cIssuer, 'JWT', { sub: 'o', oid: 'o', tfp: 'B2C_1_signin', ver: '1.0', auth_time: SECONDS }],
    [
      'LemonLDAP::NG',
      lemonldapIssuer,
      'JWT',
      { sub: 'dwho', azp: API, acr: 'loa-1', auth_time: SECONDS, at_hash: 'x' },
    ],
    ['Glewlwyd', glewlwydIssuer, 'JWT', { sub: 'n145', azp: API, auth_time: 0, amr: ['password'], at_hash: 'x' }],
    ['Logto', logtoIssuer, 'JWT', { sub: 'u1', client_id: 'spa', at_hash: 'x' }],
    ['Supabase', supabaseIssuer, 'JWT', { sub: 'u1', client_id: 'oauth-app', auth_time: SECONDS }],
    ['ZITADEL', zitadelIssuer, 'JWT', { sub: '1630', azp: 'spa', client_id: 'spa', amr: ['pwd'], at_hash: 'x' }],
    ['ZITADEL, without at_hash', zitadelIssuer, undefined, { sub: '1630', azp: 'spa', client_id: 'spa' }],
  ]

  it.each(idTokens)('%s', async (provider, issuer, typ, claims) => {
    const row = {
      provider,
      issuer,
      claims: { aud: API, ...claims },
      client: '',
      kind: undefined,
      bare: ['', /x/],
    } as const
    const { api, tokenOf } = await world(row)
    for (const more of [{}, { nonce: 'n' }]) {
      const token = await tokenOf({ ...row, ...(typ !== undefined && { typ }), claims: { ...row.claims, ...more } })
      expect(['type_wrong', 'claim_missing']).toContain(await api(issuer).outcome(token))
    }
  })
})

describe('Entra for many directories', () => {
  const issuer = entra.api({ tenants: [tenant] })
  const mine = `https://login.microsoftonline.com/${tenant}/v2.0`
  const claims = { aud: API, azp: 'spa', scp: 'notes', uti: 'u', tid: tenant, sub: 'p', ver: '2.0', ...times }

  async function outcomeOf(iss: string, member: Record<string, unknown> = {}) {
    const as = await testIssuer('https://login.microsoftonline.com/common')
    const requests: string[] = []
    const api = guardedApi(as, {
      issuer,
      async fetch(url) {
        requests.push(String(url))
        return Response.json({ keys: as.keys.map((key) => ({ ...key, ...member })) })
      },
    })
    return [await api.outcome(await as.sign({ ...claims, iss }, { typ: 'JWT' }), user), ...requests]
  }

  const keys = 'https://login.microsoftonline.com/common/discovery/v2.0/keys'

  it('takes tokens of those that count, with the keys that all share', async () => {
    expect(await outcomeOf(mine)).toEqual(['passed', keys])
    expect(await outcomeOf(mine.replace(tenant, guid))).toEqual(['issuer_unknown'])
  })

  it('takes no key of one directory for a token of another', async () => {
    const template = 'https://login.microsoftonline.com/{tenantid}/v2.0'
    expect(await outcomeOf(mine, { issuer: template })).toEqual(['passed', keys])
    expect(await outcomeOf(mine, { issuer: mine })).toEqual(['passed', keys])
    expect((await outcomeOf(mine, { issuer: mine.replace(tenant, guid) }))[0]).toBe('key_unknown')
    expect((await outcomeOf(mine, { issuer: 1 }))[0]).toBe('key_unknown')
  })
})
