import { Redis } from 'ioredis'
import { createClient, createSentinel } from 'redis'
import type { RedisClient } from '../../src/redis/redis-client.ts'

/** Where Redis is, and with which library to reach it; can be sent to another process. */
export interface RedisAddress {
  readonly library: 'ioredis' | 'node-redis'
  readonly port?: number
  readonly sentinels?: readonly { readonly host: string; readonly port: number }[]
  /** Of the primary, as the sentinels know it. */
  readonly name?: string
}

/** A client that tries again soon when the connection breaks: within the second that a takeover waits. */
export async function connectRedis({ library, port = 0, sentinels, name = '' }: RedisAddress): Promise<{
  readonly client: RedisClient
  close(): void
}> {
  const soon = () => 100
  if (library === 'ioredis') {
    const always = { retryStrategy: soon, connectTimeout: 1_000 }
    const client = sentinels
      ? new Redis({ ...always, sentinels: [...sentinels], name, sentinelRetryStrategy: soon, failoverDetector: true })
      : new Redis(port, always)
    let closed = false
    // It is over for good when it hears of a failover while it asks the sentinels for the primary.
    client.on('end', () => closed || setTimeout(() => closed || client.connect().catch(() => {}), soon()))
    return {
      client,
      close() {
        closed = true
        client.disconnect()
      },
    }
  }
  const socket = { reconnectStrategy: soon, connectTimeout: 1_000 }
  if (sentinels) {
    const options = { name, sentinelRootNodes: [...sentinels], nodeClientOptions: { socket }, scanInterval: 1_000 }
    const client = createSentinel(options)
    client.on('error', () => {})
    await client.connect()
    return { client, close: () => void client.destroy() }
  }
  const client = createClient({ url: `redis://127.0.0.1:${port}`, socket })
  client.on('error', () => {})
  await client.connect()
  return { client, close: () => client.destroy() }
}
