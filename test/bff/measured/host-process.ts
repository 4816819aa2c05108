import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBff, nodeBff, nodeUpgrade } from 'tokenward/bff'
import { allowInsecureLoopback, clientSecretBasic, createSessionPool } from 'tokenward/node'
import { redisChannel, redisDenylistStore, redisStore } from 'tokenward/redis'
import { createBackchannelLogout, createDenylist } from 'tokenward/resource-server'
import { request } from 'undici'
import { connectRedis } from '../../support/redis-connection.ts'

/** What one host of the site is told. */
export interface HostSettings {
  readonly redisPort: number
  readonly issuer: string
  readonly clientSecret: string
  readonly redirectUri: string
  readonly api: string
  /** The sealing key, hexadecimal. */
  readonly key: string
  /** Limit for a request to the authorization server, ms. */
  readonly requestTimeout?: number
}

/** What it tells: where it is, and how much memory it has, bytes. */
export type HostMessage =
  | { readonly type: 'ready'; readonly port: number; readonly plainPort: number }
  | { readonly type: 'memory'; readonly rss: number }

const settings: HostSettings = JSON.parse(process.argv[2] ?? '{}')
const { issuer, api } = settings
const { client } = await connectRedis({ library: 'ioredis', port: settings.redisPort })
const denylist = createDenylist({ store: redisDenylistStore({ client }), maxTokenLifetime: 30 * 86_400_000 })
await denylist.ready()

const sessions = createSessionPool({
  issuer,
  clientId: 'web',
  clientAuthentication: clientSecretBasic(settings.clientSecret),
  redirectUri: settings.redirectUri,
  scope: 'openid notes',
  resources: [api],
  store: redisStore({ client, key: Buffer.from(settings.key, 'hex') }),
  channel: redisChannel({ client }),
  denylist,
  requestTimeout: settings.requestTimeout ?? 10_000,
  [allowInsecureLoopback]: true,
})
const bff = createBff({
  sessions,
  api: { '/api': { url: api, webSockets: true, maxBodySize: Number.POSITIVE_INFINITY, timeout: 600_000 } },
  backchannelLogout: createBackchannelLogout({ issuer, clientId: 'web', denylist, [allowInsecureLoopback]: true }),
})
const site = createServer(nodeBff(bff)).on('upgrade', nodeUpgrade(bff))

// What it costs at least: the same request, sent on by undici and nothing else.
const plain = createServer(async (incoming, response) => {
  const { statusCode, body } = await request(api + (incoming.url ?? ''))
  response.statusCode = statusCode
  body.pipe(response)
})

const listening = (server: typeof site) =>
  new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
const tell = (message: HostMessage) => process.send?.(message)
process.on('message', () => tell({ type: 'memory', rss: process.memoryUsage().rss }))
process.once('disconnect', () => process.exit())
tell({ type: 'ready', port: await listening(site), plainPort: await listening(plain) })
