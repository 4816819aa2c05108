import { systemClock } from '../in-process/system-clock.ts'
import type { Channel } from '../ports.ts'
import {
  checkClient,
  guard,
  type IoredisClient,
  isIoredis,
  type NodeRedisClient,
  type RedisClient,
} from './redis-client.ts'

/** Options of {@link redisChannel}. */
export interface RedisChannelOptions {
  /** A client of `ioredis` or of `redis`. You open and close it. It publishes; a duplicate of it listens. */
  readonly client: RedisClient
  /** The beginning of the name of every channel. Default `'tokenward:'`. */
  readonly prefix?: string
}

/** A connection that only listens. It has the methods of both libraries. */
interface Subscriber {
  readonly stream?: { unref?(): void }
  on(event: string, listener: (...values: string[]) => void): unknown
  connect(): Promise<unknown>
  unref?(): void
  subscribe(name: string, listener?: (text: string, name: string) => void): Promise<unknown>
  unsubscribe(name: string): Promise<unknown>
  disconnect(): unknown
  destroy(): unknown
}

interface Listening {
  readonly subscriber: Subscriber
  connect(): Promise<unknown>
  close(): void
}

const RETRY = 1_000

/**
 * Wakes other processes and hosts by publish and subscribe. If a message is lost, the others notice the change at most `confirmInterval` later. The
 * connection that listens opens at the first `subscribe`, and closes with the last one (a manager's `dispose()`). If the client gives up, it is
 * connected again every second. It does not keep the process alive, if the library allows that.
 * @throws TokenManagerError `ERR_INVALID_OPTION`
 */
export function redisChannel({ client, prefix = 'tokenward:' }: RedisChannelOptions): Channel {
  checkClient(client)

  const self = crypto.randomUUID()
  const listeners = new Map<string, Set<(message: unknown) => void>>()
  let listening: Listening | undefined

  const hear = (text: string, name: string) => {
    try {
      const { from, message } = JSON.parse(text) as { from: string; message: unknown }
      if (from === self) return

      for (const listener of [...(listeners.get(name) ?? [])]) listener(message)
    } catch {
      // The message is not from this library.
    }
  }

  /** Subscribes to a channel. Tries again until that succeeds, or until there is no listener any more. */
  const listen = (to: Listening, name: string) => {
    const isWanted = () => listening === to && listeners.has(name)
    const again = () => {
      if (!isWanted()) return

      systemClock.at(systemClock.elapsed() + RETRY, () => listening === to && listen(to, name))
    }

    attempt(async () => {
      await to.connect()
      await to.subscriber.subscribe(name, hear)
    }).catch(again)
  }

  return {
    post(name, message) {
      try {
        const text = JSON.stringify({ from: self, message })
        void attempt(() => client.publish(prefix + name, text)).catch(() => {})
      } catch {
        // The message cannot be written as JSON. Any message may be lost.
      }
    },
    subscribe(to, listener) {
      const name = prefix + to
      const own = (message: unknown) => listener(message)
      const before = listeners.get(name)
      const all = before ?? new Set()
      listeners.set(name, all.add(own))
      listening ??= open(client, hear, () => {
        for (const each of listeners.keys()) if (listening) listen(listening, each)
      })
      if (!before) listen(listening, name)

      return () => {
        if (!all.delete(own) || all.size > 0) return

        listeners.delete(name)
        const { subscriber } = listening as Listening
        void attempt(() => subscriber.unsubscribe(name)).catch(() => {})
        if (listeners.size > 0) return

        listening?.close()
        listening = undefined
      }
    },
  }
}

/** @param listen called when a connection is new and has to subscribe to all channels again */
function open(client: RedisClient, hear: (text: string, name: string) => void, listen: () => void): Listening {
  return isIoredis(client) ? openIoredis(client, hear, listen) : openNodeRedis(client)
}

function openIoredis(client: IoredisClient, hear: (text: string, name: string) => void, listen: () => void): Listening {
  const { isCluster, duplicate } = client as { isCluster?: boolean; duplicate(options?: object): unknown }
  // ioredis must not subscribe again by itself. If that failed, its rejection would not be handled and would end the process.
  const own = isCluster ? [] : [{ autoResubscribe: false }]
  const subscriber = guard(duplicate.apply(client, own as []) as Subscriber)
  subscriber.on('message', (name = '', text = '') => hear(text, name))
  subscriber.on('connect', () => subscriber.stream?.unref?.())
  if (!isCluster) subscriber.on('ready', listen)

  let closed = false
  const again = () => {
    if (!closed) void attempt(() => subscriber.connect()).catch(() => {})
  }
  // The connection can end in spite of its retryStrategy, if a failover happens while it asks the sentinels for the primary.
  subscriber.on('end', () => closed || systemClock.at(systemClock.elapsed() + RETRY, again))

  return {
    subscriber,
    connect: async () => {},
    close() {
      closed = true
      subscriber.disconnect()
    },
  }
}

function openNodeRedis(client: NodeRedisClient): Listening {
  const subscriber = guard(client.duplicate() as Subscriber)
  let connecting: Promise<unknown> | undefined
  return {
    subscriber,
    async connect() {
      connecting ??= attempt(() => subscriber.connect())
      try {
        await connecting
      } catch (error) {
        connecting = undefined
        throw error
      }
      subscriber.unref?.()
    },
    close: () => void attempt(async () => subscriber.destroy()).catch(() => {}),
  }
}

/** Calls `run`. An error that it throws becomes a rejection. */
async function attempt<T>(run: () => Promise<T>): Promise<T> {
  return run()
}
