// Everybody's way to a service's own token, behind one function: what they ask the authorization server with is counted and answered here.
import { bearerTokenAuthenticationPolicy, createEmptyPipeline, createPipelineRequest } from '@azure/core-rest-pipeline'
import { ConfidentialClientApplication } from '@azure/msal-node'
import { OAuth2Client as BadGateway, OAuth2Fetch } from '@badgateway/oauth2-client'
import { OAuth2Client as Google } from 'google-auth-library'
import { createClientCredentials } from '../../src/node/index.ts'

/**
 * @typedef {{ expiresIn: number, refreshIn?: number, fails: boolean, requests: number, latency: number }} Server
 * `expiresIn`, `refreshIn`: seconds; `fails`: it answers 503; `latency`: ms
 */

const issuer = 'https://login.example'
const metadata = { issuer, token_endpoint: `${issuer}/token` }

/** @param {Server} server */
async function tokenRequest(server) {
  const number = ++server.requests
  await new Promise((resolve) => setTimeout(resolve, server.latency))
  if (server.fails) return { status: 503, body: { error: 'temporarily_unavailable' } }
  return {
    status: 200,
    body: {
      access_token: `token-${number}`,
      token_type: 'Bearer',
      expires_in: server.expiresIn,
      ...(server.refreshIn && { refresh_in: server.refreshIn }),
    },
  }
}

/** @param {Server} server */
async function tokenOf(server) {
  const { status, body } = await tokenRequest(server)
  if (status !== 200) throw new Error(`${status}`)
  return body
}

/** @param {Server} server */
const fetchOf = (server) => async () => {
  const { status, body } = await tokenRequest(server)
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
}

/**
 * By name: makes, for a server, a function that gets the token for a resource.
 *
 * `aheadAfter`: for how long its token has to be old until it is refreshed ahead, with what `server` says then, ms.
 */
export const candidates = {
  tokenward: {
    server: { expiresIn: 12 },
    aheadAfter: 10_300,
    create(server) {
      const tokens = createClientCredentials({
        issuer,
        metadata,
        clientId: 'svc',
        refresh: { jitter: 0 },
        fetch: fetchOf(server),
      })
      return (resource) => tokens.getAccessToken({ resource })
    },
  },
  '@azure/msal-node': {
    server: { expiresIn: 3600, refreshIn: 1 },
    aheadAfter: 2_000,
    create(server) {
      const answer = async () => ({ headers: {}, ...(await tokenRequest(server)) })
      const app = new ConfidentialClientApplication({
        auth: {
          clientId: 'svc',
          clientSecret: 'secret',
          authority: `${issuer}/tenant`,
          knownAuthorities: ['login.example'],
          authorityMetadata: JSON.stringify({
            ...metadata,
            issuer: `${issuer}/tenant`,
            authorization_endpoint: `${issuer}/a`,
            jwks_uri: `${issuer}/j`,
          }),
        },
        system: { networkClient: { sendGetRequestAsync: answer, sendPostRequestAsync: answer } },
      })
      return (resource) => app.acquireTokenByClientCredential({ scopes: [`${resource}/.default`] })
    },
  },
  '@azure/core-rest-pipeline': {
    server: { expiresIn: 4 },
    aheadAfter: 0,
    create(server) {
      const credential = {
        async getToken() {
          const { access_token, expires_in } = await tokenOf(server)
          const now = Date.now()
          return { token: access_token, expiresOnTimestamp: now + expires_in * 1000, refreshAfterTimestamp: now + 1 }
        },
      }
      const pipelines = new Map()
      const api = { sendRequest: async (request) => ({ request, status: 200, headers: request.headers }) }
      return (resource) => {
        let pipeline = pipelines.get(resource)
        if (!pipeline) {
          pipeline = createEmptyPipeline()
          pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: [resource] }))
          pipelines.set(resource, pipeline)
        }
        return pipeline.sendRequest(api, createPipelineRequest({ url: 'https://api.example/' }))
      }
    },
  },
  'google-auth-library': {
    server: { expiresIn: 200 },
    aheadAfter: 1_000,
    create(server) {
      const clients = new Map()
      return async (resource) => {
        let client = clients.get(resource)
        if (!client) {
          client = new Google()
          client.refreshHandler = async () => {
            const { access_token, expires_in } = await tokenOf(server)
            return { access_token, expiry_date: Date.now() + expires_in * 1000 }
          }
          clients.set(resource, client)
        }
        return client.getRequestHeaders()
      }
    },
  },
  '@badgateway/oauth2-client': {
    server: { expiresIn: 62 },
    aheadAfter: 1_500,
    create(server) {
      const clients = new Map()
      return (resource) => {
        let client = clients.get(resource)
        if (!client) {
          const oauth = new BadGateway({
            clientId: 'svc',
            clientSecret: 's',
            tokenEndpoint: metadata.token_endpoint,
            fetch: fetchOf(server),
          })
          client = new OAuth2Fetch({
            client: oauth,
            getNewToken: () => oauth.clientCredentials({ resource: [resource] }),
          })
          clients.set(resource, client)
        }
        return client.getAccessToken()
      }
    },
  },
}
