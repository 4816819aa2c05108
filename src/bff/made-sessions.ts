import { AsyncLocalStorage } from 'node:async_hooks'
import { invalidOption } from '../errors.ts'
import { systemClock } from '../in-process/system-clock.ts'
import { between, check } from '../manager/check-options.ts'
import { allowInsecureLoopback } from '../manager/options.ts'
import { sessionLimits } from '../manager/session-limits.ts'
import { createSessionPool } from '../node/create-session-pool.ts'
import { redisChannel } from '../redis/redis-channel.ts'
import { redisDenylistStore } from '../redis/redis-denylist-store.ts'
import { type RedisStoreOptions, redisStore } from '../redis/redis-store.ts'
import { createBackchannelLogout } from '../resource-server/backchannel-logout.ts'
import { createDenylist } from '../resource-server/denylist.ts'
import type { IssuerOptions } from '../resource-server/issuer.ts'
import { apiUrls } from './api-route.ts'
import type { BffClientOptions, BffPoolOptions, BffSiteOptions } from './bff-options.ts'
import { Refused, telling } from './refusal.ts'

const DAY = 86_400_000
const lifetime = between(1_000, Number.MAX_SAFE_INTEGER)

/**
 * Makes the session pool of a backend that was given none, and the handler for logouts at the authorization server.
 * @returns the options of the backend with the pool and the handler in them
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function madeSessions(options: BffClientOptions): BffPoolOptions {
  const { sessions, api, cookie, pageTokens, claims, origins, signInFailed, forwarded, ...further } = options
  const { maxSignIns, onRefusal, clock, ...client } = further
  if (client.redis !== undefined) check({ redis: client.redis }, { redis: [isRedis, '{ client, key }'] }, '')

  const site = { api, cookie, pageTokens, claims, origins, signInFailed, forwarded, maxSignIns, onRefusal, clock }
  const given = Object.entries(site).filter(([, value]) => value !== undefined)
  return { ...Object.fromEntries(given), ...poolOf(client, options) }
}

type ClientOptions = Omit<BffClientOptions, keyof BffSiteOptions | 'sessions'>

function poolOf(options: ClientOptions, { api = {}, clock, onRefusal }: BffSiteOptions) {
  const issuer = issuerOf(options)
  const { now } = clock ?? systemClock
  const { redis, logout: _, idleTimeout = DAY, maxAge = 7 * DAY, ...client } = options
  const { resources = apiUrls(api), [allowInsecureLoopback]: isLoopback = false } = client
  check({ idleTimeout, maxAge }, { idleTimeout: lifetime, maxAge: lifetime }, '')
  const shared = redis && { store: redisStore(redis), channel: redisChannel(placeIn(redis)) }

  // A logout is remembered for as long as a session can last that began before it.
  const denials = redis && { store: redisDenylistStore(placeIn(redis)) }
  const denylist = createDenylist({ maxTokenLifetime: maxAge, now, ...denials })

  const limits = sessionLimits({ idleTimeout, maxAge })
  const sessions = createSessionPool({ ...client, resources, limits, denylist, ...shared, ...(clock && { clock }) })
  const endpoint = createBackchannelLogout({
    issuer,
    clientId: options.clientId,
    denylist,
    now,
    ...(options.fetch && { fetch: options.fetch }),
    onDecision: ({ outcome }) => void outcomes.getStore()?.push(outcome),
    [allowInsecureLoopback]: isLoopback,
  })

  return { sessions, backchannelLogout: toldLogout(endpoint, onRefusal) }
}

/** Gets what was decided about the logout that is being answered. Several may be answered at the same time. */
const outcomes = new AsyncLocalStorage<string[]>()

/** `endpoint`, which then also calls `onRefusal` for logouts that it does not accept. */
function toldLogout(endpoint: (request: Request) => Promise<Response>, onRefusal: BffSiteOptions['onRefusal']) {
  const tell = telling(onRefusal)
  return async (request: Request): Promise<Response> => {
    const own: string[] = []
    const answer = await outcomes.run(own, () => endpoint(request))
    if (answer.ok) return answer

    const what = `A logout of the authorization server was refused: ${own}`
    tell(new Refused(answer.status, 'logout_refused', what), new URL(request.url).pathname)
    return answer
  }
}

function isRedis(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'client' in value && 'key' in value
}

function placeIn({ client, prefix }: RedisStoreOptions) {
  return prefix === undefined ? { client } : { client, prefix }
}

/** The issuer for the logout tokens. If the metadata is given and names the keys' URL, that is used. Otherwise it is discovered. */
function issuerOf({ issuer, metadata, logout }: ClientOptions): IssuerOptions {
  if (issuer?.includes('{')) throw invalidOption('sessions', 'given where an issuer speaks for many tenants')

  const jwksUri = metadata && 'jwks_uri' in metadata ? metadata.jwks_uri : undefined
  return { issuer, ...(typeof jwksUri === 'string' && { jwksUri }), ...(logout && { logout }) }
}
