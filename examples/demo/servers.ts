import type { IncomingMessage, ServerResponse } from 'node:http'
import { allowInsecureLoopback, createBackchannelLogout, createDenylist } from 'tokenward/resource-server'
import { type Api, startApi } from './api.ts'
import { type AuthorizationServer, startAuthorizationServer } from './authorization-server.ts'
import { startLoopbackServer } from './loopback-server.ts'
import type { Attempt, Knob, World } from './page/world.ts'
import { createPage } from './page-server.ts'
import { steal } from './thief.ts'

/** The demo's three servers. */
export interface Servers {
  /** Where the page is. */
  readonly url: string
  readonly authorizationServer: AuthorizationServer
  readonly api: Api
  /** Stops all three; nothing is left running. */
  stop(): Promise<void>
}

/** Starts authorization server, API and page on 127.0.0.1. `ttl` in seconds; `port` is the page's, 0 takes a free one. */
export async function startServers({ ttl, port }: { ttl: number; port: number }): Promise<Servers> {
  let world: World = { down: false, offline: false, ahead: 0 }
  let respond = (_req: IncomingMessage, res: ServerResponse) => void res.writeHead(503).end()
  const page = await startLoopbackServer((req, res) => respond(req, res), port)
  const authorizationServer = await startAuthorizationServer({
    redirectUris: [`${page.origin}/callback`],
    accessTokenTtl: ttl,
    dpop: 'required with nonces',
    pushed: true,
    backchannelLogoutUri: `${page.origin}/backchannel-logout`,
  })
  const { issuer, audience, clientId } = authorizationServer
  const denylist = createDenylist()
  const api = await startApi({
    issuer,
    audience,
    origins: [page.origin],
    denylist,
    dpop: { required: true, nonce: {} },
  })
  const logOut = createBackchannelLogout({ issuer, clientId, denylist, [allowInsecureLoopback]: true })
  // Loopback answers faster than the eye: a little of what a network takes.
  authorizationServer.setLatency(120)

  let theft: readonly Attempt[] = []
  const turn = async (knob: Knob, by: number) => {
    if (knob === 'down' || knob === 'up') {
      await authorizationServer.setDown(knob === 'down' && 'refused')
      world = { ...world, down: knob === 'down' }
    }
    if (knob === 'offline' || knob === 'online') world = { ...world, offline: knob === 'offline' }
    if (knob === 'deny') api.denyNextToken()
    if (knob === 'revoke') {
      authorizationServer.revokeGrants()
      await denylist.deny({ issuer, clientId, before: Date.now() })
    }
    if (knob === 'logout') await authorizationServer.logOutEverywhere()
    if (knob === 'steal' && authorizationServer.lastIssued) {
      const before = api.requests.length
      const attempts = await steal(authorizationServer.lastIssued, { issuer, clientId, api: `${api.origin}/notes` })
      // The API tells a thief less than it knows.
      theft = attempts.map((one, i) => ({ ...one, reason: api.requests[before + i]?.reason ?? one.reason }))
    }
    if (knob === 'expire') world = { ...world, ahead: world.ahead + by }
  }
  const counts = () => ({
    refreshes: authorizationServer.requests.filter(
      ({ grantType, outcome }) => grantType === 'refresh_token' && outcome === 'ok',
    ).length,
    reused: authorizationServer.reuseCount,
    revoked: authorizationServer.revocations.filter(({ status }) => status === 200).length,
  })
  respond = await createPage({
    connect: [issuer, api.origin],
    setting: () => ({ issuer, clientId, api: api.origin, world, counts: counts(), theft }),
    turn,
    logOut,
  })
  return {
    url: `${page.origin}/`,
    authorizationServer,
    api,
    stop: async () => void (await Promise.all([page.refuse(), authorizationServer.stop(), api.stop()])),
  }
}
