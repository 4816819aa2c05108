import { invalidOption } from '../errors.ts'

/** The part of a client of `ioredis` that is used. It is a `Redis`, with or without sentinels, or a `Cluster`. */
export interface IoredisClient {
  /** Runs a Lua script by its hash (EVALSHA). */
  evalsha(sha1: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>
  /** Runs a Lua script (EVAL). */
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>
  /** Sends several commands together, over one connection. */
  pipeline(): unknown
  /** Publishes a message (PUBLISH). */
  publish(channel: string, message: string): Promise<unknown>
  /** Makes another connection with the same options. */
  duplicate(): unknown
  /** Calls `listener` for errors of the connection. */
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** The part of a client of `redis` (node-redis) that is used. It comes from `createClient`, `createCluster` or `createSentinel`, and is connected. */
export interface NodeRedisClient {
  /** Runs a Lua script by its hash (EVALSHA). */
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  /** Runs a Lua script (EVAL). */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  /** Sends several commands together, over one connection. */
  multi(): unknown
  /** Publishes a message (PUBLISH). */
  publish(channel: string, message: string): Promise<unknown>
  /** Makes another connection with the same options. */
  duplicate(): unknown
  /** Calls `listener` for errors of the connection. */
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** A client of `ioredis` or of `redis`, of any server that speaks their protocol (Redis 6.2 or newer, Valkey). */
export type RedisClient = IoredisClient | NodeRedisClient

/** The arguments of a Lua script. */
export interface ScriptCall {
  readonly key: string
  readonly values: readonly string[]
  /** Waits after the script until that many replicas have its writes, for at most `ms` milliseconds (WAIT). Absent: it does not wait. */
  readonly wait?: { readonly replicas: number; readonly ms: number } | undefined
}

/** The result of a script, and how many replicas have its writes. `Infinity` if it did not wait for them. */
export interface ScriptAnswer {
  readonly reply: readonly unknown[]
  readonly replicas: number
}

/** A batch of two commands. It has the methods of both libraries. */
interface Batch {
  eval(script: string, ...rest: unknown[]): Batch
  wait(replicas: number, ms: number): Batch
  sendCommand(words: readonly string[]): Batch
  exec(): Promise<readonly (readonly [Error | null, unknown])[]>
  execAsPipeline(): Promise<readonly unknown[]>
}

const guarded = new WeakSet<object>()

/** Adds a listener for `error`. Without one, a broken connection ends the process (node-redis) or fills the console (ioredis). */
export function guard<T extends object>(client: T): T {
  if (!guarded.has(client)) (client as Pick<RedisClient, 'on'>).on('error', () => {})
  guarded.add(client)
  return client
}

/**
 * Checks that `client` is a client, and adds a listener for its errors.
 * @throws TokenManagerError `ERR_INVALID_OPTION`
 */
export function checkClient(client: RedisClient): void {
  if (isIoredis(client) === undefined) throw invalidOption('client', 'a client of ioredis or of redis')
  guard(client)
}

/** Whether `client` is a client of `ioredis`. `undefined` if it is no client of Redis. */
export function isIoredis(client: RedisClient): client is IoredisClient
export function isIoredis(client: unknown): boolean | undefined {
  const isClient = has(client, 'publish') && has(client, 'duplicate') && has(client, 'on')
  if (!isClient) return undefined
  if (has(client, 'evalsha')) return true

  return has(client, 'evalSha') ? false : undefined
}

function has(client: unknown, method: string): boolean {
  const members = (client ?? {}) as Record<string, unknown>
  return typeof members[method] === 'function'
}

/** The beginning of a script. It sets `now` to the time of Redis, in epoch milliseconds. */
export const LUA_NOW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`

/** Makes a function that runs `script`. It sends only the hash, and the whole script if the server does not know it yet. */
export function scriptRunner(client: RedisClient, script: string): (call: ScriptCall) => Promise<ScriptAnswer> {
  const run = isIoredis(client) ? onIoredis(client) : onNodeRedis(client)
  let hash: Promise<string> | undefined

  return async (call) => {
    // With WAIT the whole script is sent. Both commands are in one batch, and if the server did not know the hash, WAIT would wait in vain.
    if (call.wait) return run('script', script, call)

    hash ??= sha1(script)
    const known = await hash
    try {
      return await run('hash', known, call)
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      return run('script', script, call)
    }
  }
}

function isUnknownScript(error: unknown): boolean {
  const { message } = (error ?? {}) as { message?: unknown }
  return String(message).includes('NOSCRIPT')
}

type Run = (by: 'hash' | 'script', text: string, call: ScriptCall) => Promise<ScriptAnswer>

function onIoredis(client: IoredisClient): Run {
  return async (by, text, { key, values, wait }) => {
    const rest = [1, key, ...values] as const
    if (!wait) {
      const reply = by === 'hash' ? client.evalsha(text, ...rest) : client.eval(text, ...rest)
      return answer(await reply)
    }

    // A batch uses one connection, to the node that has the key. WAIT is only about writes of its own connection.
    const batch = client.pipeline() as Batch
    const [ran, waited] = await batch
      .eval(text, ...rest)
      .wait(wait.replicas, wait.ms)
      .exec()
    const error = ran?.[0] ?? waited?.[0]
    if (error) throw error
    return answer(ran?.[1], Number(waited?.[1]))
  }
}

function onNodeRedis(client: NodeRedisClient): Run {
  return async (by, text, { key, values, wait }) => {
    const rest = { keys: [key], arguments: [...values] }
    if (!wait) {
      const reply = by === 'hash' ? client.evalSha(text, rest) : client.eval(text, rest)
      return answer(await reply)
    }

    const batch = client.multi() as Batch
    const [ran, replicas] = await batch
      .eval(text, rest)
      .sendCommand(['WAIT', String(wait.replicas), String(wait.ms)])
      .execAsPipeline()
    return answer(ran, Number(replicas))
  }
}

function answer(reply: unknown, replicas = Infinity): ScriptAnswer {
  return { reply: reply as readonly unknown[], replicas }
}

async function sha1(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
