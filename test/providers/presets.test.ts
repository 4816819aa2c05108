import { describe, expect, it } from 'vitest'
import { createTokenManager, TokenManagerError } from '../../src/index.ts'
import { auth0, cognito, entra, hydra, keycloak, okta } from '../../src/providers/index.ts'
import { createGuard } from '../../src/resource-server/index.ts'

const tenant = '11111111-2222-4333-8444-555555555555'

const clients = {
  auth0: () => auth0({ domain: 'example.eu.auth0.com', clientId: 'spa' }),
  entra: () => entra({ tenant, clientId: 'spa' }),
}

const apis = {
  auth0: () => auth0.api({ domain: 'example.eu.auth0.com' }),
  cognito: () => cognito.api({ region: 'eu-central-1', userPool: 'eu-central-1_AbCdEfGhI' }),
  entra: () => entra.api({ tenant }),
  'entra, many directories': () => entra.api({ tenants: () => true }),
  hydra: () => hydra.api({ issuer: 'https://hydra.example.com/' }),
  keycloak: () => keycloak.api({ url: 'https://id.example.com', realm: 'main' }),
  okta: () => okta.api({ domain: 'example.okta.com' }),
}

describe('every preset', () => {
  it.each(Object.entries(clients))('%s is accepted by createTokenManager, with what is added to it', (_, preset) => {
    const options = { redirectUri: 'https://app.example/cb', resources: ['https://api.example/'] }
    createTokenManager({ ...preset(), ...options }, undefined).dispose()
  })

  it.each(Object.entries(apis))('%s.api is accepted by createGuard', (_, preset) => {
    createGuard({ issuer: preset(), audience: 'https://api.example/' })
  })
})

describe('what is put into a URL', () => {
  const mistakes: Record<string, () => unknown> = {
    'auth0.domain': () => auth0({ domain: 'https://example.eu.auth0.com/', clientId: 'spa' }),
    'cognito.region': () => cognito.api({ region: 'eu/central', userPool: 'x' }),
    'hydra.issuer': () => hydra.api({ issuer: 'hydra.example.com' }),
    'keycloak.url': () => keycloak.api({ url: 'id.example.com', realm: 'main' }),
    'keycloak.realm': () => keycloak.api({ url: 'https://id.example.com', realm: 'a/b' }),
    'okta.authorizationServer': () => okta.api({ domain: 'example.okta.com', authorizationServer: '../x' }),
    'entra.tenant': () => entra({ tenant: undefined as never, clientId: 'spa' }),
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
