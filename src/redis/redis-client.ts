import { invalidOption } from '../errors.ts'

/** What is used of a client of `ioredis`: a `Redis` (with sentinels or without) or a `Cluster`. */
export interface IoredisClient {
  /** EVALSHA. */
  evalsha(sha1: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>
  /** EVAL. */
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>
  /** Commands in one go, over one connection. */
  pipeline(): unknown
  /** PUBLISH. */
  publish(channel: string, message: string): Promise<unknown>
  /** Another connection with the same options. */
  duplicate(): unknown
  /** Hears events. */
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** What is used of a client of `redis` (node-redis): from `createClient`, `createCluster` or `createSentinel`, and connected. */
export interface NodeRedisClient {
  /** EVALSHA. */
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  /** EVAL. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  /** Commands in one go, over one connection. */
  multi(): unknown
  /** PUBLISH. */
  publish(channel: string, message: string): Promise<unknown>
  /** Another connection with the same options. */
  duplicate(): unknown
  /** Hears events. */
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** A client of `ioredis` or of `redis`, of any server that speaks their protocol (Redis 6.2 or newer, Valkey). */
export type RedisClient = IoredisClient | NodeRedisClient

/** What a Lua script is run with. */
export interface ScriptCall {
  readonly key: string
  readonly values: readonly string[]
  /** Then waits until so many replicas have what was written, at most for `ms` (WAIT). */
  readonly wait?: { readonly replicas: number; readonly ms: number } | undefined
}

/** What a script gave back, and how many replicas have what it wrote; `Infinity` where that was not asked. */
export interface ScriptAnswer {
  readonly reply: readonly unknown[]
  readonly replicas: number
}

/** The two commands of a batch as either library chains them. */
interface Batch {
  eval(script: string, ...rest: unknown[]): Batch
  wait(replicas: number, ms: number): Batch
  sendCommand(words: readonly string[]): Batch
  exec(): Promise<readonly (readonly [Error | null, unknown])[]>
  execAsPipeline(): Promise<readonly unknown[]>
}

const guarded = new WeakSet<object>()

/** A client without a listener for `error` ends the process (node-redis) or fills the console (ioredis) when a connection breaks. */
export function guard<T extends object>(client: T): T {
  if (!guarded.has(client)) (client as Pick<RedisClient, 'on'>).on('error', () => {})
  guarded.add(client)
  return client
}

/**
 * Makes sure that a client was given, and that its errors are heard.
 * @throws TokenManagerError `ERR_INVALID_OPTION`
 */
export function checkClient(client: RedisClient): void {
  if (isIoredis(client) === undefined) throw invalidOption('client', 'a client of ioredis or of redis')
  guard(client)
}

/** Whether `client` is one of `ioredis`; `undefined` if it is no client of Redis. */
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

/** The beginning of a script: `now`, the wall clock of Redis in ms. */
export const LUA_NOW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`

/** Runs `script` by its hash, and in full where the server does not know it yet. */
export function scriptRunner(client: RedisClient, script: string): (call: ScriptCall) => Promise<ScriptAnswer> {
  const run = isIoredis(client) ? onIoredis(client) : onNodeRedis(client)
  let hash: Promise<string> | undefined
  return async (call) => {
    // WAIT is sent in the same batch: if the server did not know the script, the wait would be for nothing.
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

    // A batch goes over one connection, to the node that has the key. On another connection WAIT would be about other writes.
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
