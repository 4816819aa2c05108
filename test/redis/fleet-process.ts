import { allowInsecureLoopback, createTokenManager, type TokenManagerError } from 'tokenward/node'
import { redisChannel, redisStore } from 'tokenward/redis'
import type { AuthorizationServerMetadata } from '../../src/index.ts'
import { connectRedis, type RedisAddress } from '../support/redis-connection.ts'

/** What one process of the fleet is told. */
export interface FleetSettings {
  readonly redis: RedisAddress
  readonly metadata: AuthorizationServerMetadata
  readonly api: string
  /** The sealing key, hexadecimal. */
  readonly key: string
}

/** What it tells. */
export type FleetMessage =
  | { readonly type: 'ready'; readonly status: string }
  | {
      readonly type: 'done'
      /** How many calls came to what: a status, or the code of an error. */
      readonly outcomes: Readonly<Record<string, number>>
      /** From the order to the last answer, ms. */
      readonly took: number
    }

const { redis, metadata, api, key }: FleetSettings = JSON.parse(process.argv[2] ?? '{}')
const { client, close } = await connectRedis(redis)
const tokens = createTokenManager({
  issuer: metadata.issuer,
  metadata,
  clientId: 'fleet',
  resources: [api],
  [allowInsecureLoopback]: true,
  store: redisStore({ client, key: Buffer.from(key, 'hex') }),
  channel: redisChannel({ client }),
})
const tell = (message: FleetMessage) => process.send?.(message)

process.on('message', async (times: number) => {
  if (times === 0) {
    tokens.dispose()
    close()
    return process.disconnect()
  }
  const outcomes: Record<string, number> = {}
  const began = performance.now()
  const call = async () => {
    const outcome = await tokens.fetch(api).then(
      (response) => String(response.status),
      ({ code, name }: TokenManagerError) => code ?? name,
    )
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  await Promise.all(Array.from({ length: times }, call))
  tell({ type: 'done', outcomes, took: Math.round(performance.now() - began) })
})
const { status } = await tokens.ready()
tell({ type: 'ready', status })
