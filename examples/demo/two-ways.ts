import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { allowInsecureLoopback, clientSecretBasic, createBff, nodeBff } from 'tokenward/bff'
import { type Api, startApi } from './api.ts'
import { type AuthorizationServer, startAuthorizationServer } from './authorization-server.ts'
import { createBesidePage } from './beside-server.ts'
import { startLoopbackServer } from './loopback-server.ts'

/** The same page twice, side by side: once with tokens in it, once with a backend that keeps them. */
export interface TwoWays {
  /** Where the page is. */
  readonly url: string
  readonly authorizationServer: AuthorizationServer
  readonly api: Api
  /** Stops all of it. */
  stop(): Promise<void>
}

/** Starts an authorization server with two clients, an API, and a website with its backend on 127.0.0.1. `ttl` in seconds. */
export async function startTwoWays({ ttl }: { readonly ttl: number }): Promise<TwoWays> {
  let respond: RequestListener = (_, response) => void response.writeHead(503).end()
  const site = await startLoopbackServer((request, response) => respond(request, response))
  const clientSecret = randomBytes(32).toString('base64url')
  const website = {
    clientId: 'web',
    clientSecret,
    redirectUri: `${site.origin}/auth/callback`,
    backchannelLogoutUri: `${site.origin}/auth/backchannel`,
  }
  const authorizationServer = await startAuthorizationServer({
    redirectUris: [`${site.origin}/callback`],
    accessTokenTtl: ttl,
    // Most pages have no key that their tokens are bound to. The demo's first story shows what it takes to have one.
    dpop: 'off',
    website,
  })
  const { issuer, audience, clientId } = authorizationServer
  const api = await startApi({ issuer, audience, origins: [site.origin] })

  const bff = createBff({
    issuer,
    clientId: website.clientId,
    clientAuthentication: clientSecretBasic(clientSecret),
    redirectUri: website.redirectUri,
    scope: 'openid offline_access profile notes',
    api: { '/api/notes': `${api.origin}/notes` },
    [allowInsecureLoopback]: true,
  })
  respond = nodeBff(bff, await createBesidePage({ issuer, clientId, api: `${api.origin}/notes` }))

  return {
    url: `${site.origin}/`,
    authorizationServer,
    api,
    async stop() {
      await Promise.all([site.refuse(), authorizationServer.stop(), api.stop()])
    },
  }
}
