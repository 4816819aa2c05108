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

/** Whether `client` is one of `ioredis`; `undefined` if it is no client of Redis. */
export function isIoredis(client: RedisClient): client is IoredisClient
export function isIoredis(client: unknown): boolean | undefined {
  const { evalsha, evalSha, publish, duplicate, on } = Object(client) as Record<string, unknown>
  const is = (...members: unknown[]) => members.every((one) => typeof one === 'function')
  return is(publish, duplicate, on) ? (is(evalsha) ? true : is(evalSha) ? false : undefined) : undefined
}

/** Runs `script` by its hash, and in full where the server does not know it yet. */
export function scriptRunner(client: RedisClient, script: string): (call: ScriptCall) => Promise<ScriptAnswer> {
  const run = isIoredis(client) ? onIoredis(client) : onNodeRedis(client)
  let hash: Promise<string> | undefined
  return async (call) => {
    // Beside a WAIT, a script that is not known would have been waited for in vain.
    if (call.wait) return run('script', script, call)
    hash ??= sha1(script)
    const known = await hash
    try {
      return await run('hash', known, call)
    } catch (error) {
      if (!String(Object(error).message).includes('NOSCRIPT')) throw error
      return run('script', script, call)
    }
  }
}

type Run = (by: 'hash' | 'script', text: string, call: ScriptCall) => Promise<ScriptAnswer>

function onIoredis(client: IoredisClient): Run {
  return async (by, text, { key, values, wait }) => {
    const rest = [1, key, ...values] as const
    if (!wait) return answer(await (by === 'hash' ? client.evalsha(text, ...rest) : client.eval(text, ...rest)))
    // One batch goes over one connection, of the node that has the key: elsewhere WAIT would speak of other writes.
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
    if (!wait) return answer(await (by === 'hash' ? client.evalSha(text, rest) : client.eval(text, rest)))
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
