import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'
import { createTokenManager, TokenManagerError } from '../../src/index.ts'
import * as providers from '../../src/providers/index.ts'
import { createGuard } from '../../src/resource-server/index.ts'
import { anErrorSaying } from '../support/sentences.ts'

const { auth0, authentik, cognito, entra, entraB2c, github, google } = providers
const { betterAuth, djangoOauthToolkit, doorkeeper, glewlwyd, lemonldap, openauth } = providers
const { hydra, identityServer, keycloak, logto, okta, supabase, zitadel } = providers

const tenant = '11111111-2222-4333-8444-555555555555'

const clients = {
  auth0: () => auth0({ domain: 'example.eu.auth0.com', clientId: 'spa' }),
  'auth0, its older logout': () => auth0({ domain: 'example.eu.auth0.com', clientId: 'spa', logout: 'v2' }),
  authentik: () => authentik({ url: 'https://id.example.com/', application: 'notes', clientId: 'spa' }),
  betterAuth: () => betterAuth({ url: 'https://app.example.com/api/auth/', clientId: 'spa' }),
  cognito: () => cognito({ region: 'eu-central-1', userPool: 'eu-central-1_AbCdEfGhI', clientId: 'spa' }),
  djangoOauthToolkit: () => djangoOauthToolkit({ url: 'https://app.example.com/o/', clientId: 'spa' }),
  doorkeeper: () => doorkeeper({ issuer: 'https://app.example.com', clientId: 'spa' }),
  entra: () => entra({ tenant, clientId: 'spa' }),
  'entra, many directories': () => entra({ tenant: 'common', clientId: 'spa' }),
  'entra, personal accounts': () => entra({ tenant: 'consumers', clientId: 'spa' }),
  entraB2c: () => entraB2c({ tenant: 'contoso', tenantId: tenant, policy: 'B2C_1_signin', clientId: 'spa' }),
  github: () => github({ clientId: 'spa' }),
  glewlwyd: () => glewlwyd({ issuer: 'https://id.example.com/api/oidc', clientId: 'spa' }),
  google: () => google({ clientId: 'spa' }),
  hydra: () => hydra({ issuer: 'https://hydra.example.com/', clientId: 'spa' }),
  identityServer: () => identityServer({ url: 'https://id.example.com', clientId: 'spa' }),
  keycloak: () => keycloak({ url: 'https://id.example.com/auth/', realm: 'main', clientId: 'spa' }),
  lemonldap: () => lemonldap({ issuer: 'https://auth.example.com/', clientId: 'spa' }),
  logto: () => logto({ url: 'https://example.logto.app/', clientId: 'spa' }),
  okta: () => okta({ domain: 'example.okta.com', clientId: 'spa' }),
  openauth: () => openauth({ issuer: 'https://auth.example.com', clientId: 'spa' }),
  supabase: () => supabase({ project: 'abcdefghijklmnopqrst', clientId: 'spa' }),
  zitadel: () => zitadel({ url: 'https://example.zitadel.cloud', clientId: 'spa' }),
}

/** The issuer that each says. */
const issuers: Readonly<Record<string, string>> = {
  auth0: 'https://example.eu.auth0.com/',
  'auth0, its older logout': 'https://example.eu.auth0.com/',
  authentik: 'https://id.example.com/application/o/notes/',
  betterAuth: 'https://app.example.com/api/auth',
  cognito: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI',
  djangoOauthToolkit: 'https://app.example.com/o',
  doorkeeper: 'https://app.example.com',
  entra: `https://login.microsoftonline.com/${tenant}/v2.0`,
  'entra, many directories': 'https://login.microsoftonline.com/{tenantid}/v2.0',
  'entra, personal accounts': 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
  entraB2c: `https://contoso.b2clogin.com/${tenant}/v2.0/`,
  github: 'https://github.com/login/oauth',
  glewlwyd: 'https://id.example.com/api/oidc',
  google: 'https://accounts.google.com',
  hydra: 'https://hydra.example.com/',
  identityServer: 'https://id.example.com',
  keycloak: 'https://id.example.com/auth/realms/main',
  lemonldap: 'https://auth.example.com/',
  logto: 'https://example.logto.app/oidc',
  okta: 'https://example.okta.com/oauth2/default',
  openauth: 'https://auth.example.com',
  supabase: 'https://abcdefghijklmnopqrst.supabase.co/auth/v1',
  zitadel: 'https://example.zitadel.cloud',
}

const apis = {
  auth0: () => auth0.api({ domain: 'example.eu.auth0.com' }),
  authentik: () => authentik.api({ url: 'https://id.example.com/', application: 'notes' }),
  cognito: () => cognito.api({ region: 'eu-central-1', userPool: 'eu-central-1_AbCdEfGhI' }),
  entra: () => entra.api({ tenant }),
  'entra, many directories': () => entra.api({ tenants: () => true }),
  entraB2c: () => entraB2c.api({ tenant: 'contoso', tenantId: tenant, policy: 'B2C_1_signin' }),
  glewlwyd: () => glewlwyd.api({ issuer: 'https://id.example.com/api/oidc' }),
  hydra: () => hydra.api({ issuer: 'https://hydra.example.com/' }),
  keycloak: () => keycloak.api({ url: 'https://id.example.com', realm: 'main' }),
  lemonldap: () => lemonldap.api({ issuer: 'https://auth.example.com/' }),
  logto: () => logto.api({ url: 'https://example.logto.app/' }),
  okta: () => okta.api({ domain: 'example.okta.com' }),
  openauth: () => openauth.api({ issuer: 'https://auth.example.com' }),
  supabase: () => supabase.api({ project: 'abcdefghijklmnopqrst' }),
  zitadel: () => zitadel.api({ url: 'https://example.zitadel.cloud' }),
}

describe('every preset', () => {
  it.each(Object.entries(clients))('%s is accepted by createTokenManager, with what is added to it', (_, preset) => {
    const options = { redirectUri: 'https://app.example/cb', resources: ['https://api.example/'] }
    createTokenManager({ ...preset(), ...options }, undefined).dispose()
  })

  it('says the issuer as the provider spells it', () => {
    expect(Object.fromEntries(Object.entries(clients).map(([name, preset]) => [name, preset().issuer]))).toEqual(
      issuers,
    )
  })

  it('says of one provider the same issuer to its client and its API', () => {
    const common = Object.entries(apis).filter(([name]) => name in issuers && name !== 'keycloak')
    for (const [name, preset] of common) expect(preset().issuer).toBe(issuers[name])
  })

  it('has a page in docs/providers, which the index links to', () => {
    const index = readFileSync(`${root}docs/providers/README.md`, 'utf8')
    for (const name of Object.keys(providers)) {
      const page = `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.md`
      expect(index).toContain(`(${page})`)
      expect(readFileSync(`${root}docs/providers/${page}`, 'utf8')).toContain(`...${name}({`)
    }
  })

  it.each(Object.entries(apis))('%s.api is accepted by createGuard', (_, preset) => {
    createGuard({ issuer: preset(), audience: 'https://api.example/' })
  })
})

describe('what is put into a URL', () => {
  const mistakes: Record<string, () => unknown> = {
    'auth0.domain': () => auth0({ domain: 'https://example.eu.auth0.com/', clientId: 'spa' }),
    'cognito.region': () => cognito.api({ region: 'eu/central', userPool: 'x' }),
    'betterAuth.url': () => betterAuth({ url: 'app.example.com', clientId: 'spa' }),
    'djangoOauthToolkit.url': () => djangoOauthToolkit({ url: '/o', clientId: 'spa' }),
    'doorkeeper.issuer': () => doorkeeper({ issuer: 'app.example.com', clientId: 'spa' }),
    'glewlwyd.issuer': () => glewlwyd({ issuer: 'api/oidc', clientId: 'spa' }),
    'lemonldap.issuer': () => lemonldap.api({ issuer: 'auth.example.com' }),
    'openauth.issuer': () => openauth.api({ issuer: 'auth.example.com' }),
    'hydra.issuer': () => hydra.api({ issuer: 'hydra.example.com' }),
    'keycloak.url': () => keycloak.api({ url: 'id.example.com', realm: 'main' }),
    'keycloak.realm': () => keycloak.api({ url: 'https://id.example.com', realm: 'a/b' }),
    'okta.authorizationServer': () => okta.api({ domain: 'example.okta.com', authorizationServer: '../x' }),
    'authentik.application': () => authentik({ url: 'https://id.example.com', application: 'a b', clientId: 'spa' }),
    'cognito.userPool': () => cognito({ region: 'eu-central-1', userPool: '', clientId: 'spa' }),
    'entraB2c.tenantId': () => entraB2c({ tenant: 'a', tenantId: 'a', policy: 'p', clientId: 'spa' }),
    'okta.domain': () => okta({ domain: 'https://example.okta.com', clientId: 'spa' }),
    'supabase.project': () => supabase({ project: 'a.b/c', clientId: 'spa' }),
    'zitadel.url': () => zitadel({ url: 'example.zitadel.cloud', clientId: 'spa' }),
    'entra.tenant': () => entra({ tenant: undefined as never, clientId: 'spa' }),
    'authentik.url': () => authentik.api({ url: 'id.example.com', application: 'notes' }),
    'entraB2c.policy': () => entraB2c.api({ tenant: 'contoso', tenantId: tenant, policy: 'a/b' }),
    'logto.url': () => logto.api({ url: 'https://example.logto.app?x' }),
  }

  it.each(Object.entries(mistakes))('%s is checked where it is given', (name, make) => {
    let thrown: unknown
    try {
      make()
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(TokenManagerError)
    expect(thrown).toMatchObject({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining(`Option ${name} `) })
  })
})

describe('entra', () => {
  const rest = { client_id: 'spa', post_logout_redirect_uri: 'https://app.example/bye' }
  const sent = (id_token_hint: string | undefined) =>
    entra({ tenant, clientId: 'spa' }).endSessionParams?.({ ...rest, id_token_hint })

  it('leaves a long ID token out of the logout, whose URL would be too long for it', () => {
    const longest = 'x'.repeat(1_500)
    expect(sent(longest)).toEqual({ ...rest, id_token_hint: longest })
    expect(sent(`${longest}x`)).toEqual(rest)
    expect(sent(undefined)).toEqual(rest)
  })
})

describe('entra.api', () => {
  const tenants = [tenant]

  it.each([
    ['a tenant and tenants', { tenant, tenants }, 'both are given'],
    ['a tenant and a function', { tenant, tenants: () => true }, 'both are given'],
    ['neither', {}, 'neither is given'],
    ["the word 'common', which no token says", { tenant: 'common' }, 'a GUID'],
  ])('refuses %s at once, and names the options', (_, options, message) => {
    expect(() => entra.api(options)).toThrow(TokenManagerError)
    expect(() => entra.api(options)).toThrow(anErrorSaying(/Option entra\.tenant /) as Error)
    expect(() => entra.api(options)).toThrow(anErrorSaying(message) as Error)
  })
})
