import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** A Redis on 127.0.0.1. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly pid: number
  /** One command, its answer as redis-cli would get it. */
  send(...words: (string | number)[]): Promise<unknown>
  /** Ends it as a power cut does. What it had written to its file is read at the next `start()`. */
  kill(): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
  /** Lets it stand still (SIGSTOP), or go on. */
  hang(still: boolean): void
  stop(): Promise<void>
}

/** A primary, its replicas, and three sentinels that watch over them. What was acknowledged outlives their processes. */
export interface SentinelTrio {
  readonly sentinels: readonly { readonly host: string; readonly port: number }[]
  /** Of the primary in the sentinels' words. */
  readonly name: string
  readonly servers: readonly RedisServer[]
  /** The present primary. */
  primary(): Promise<RedisServer>
  /** Asks the sentinels for a failover; resolves when they name another primary. */
  failOver(): Promise<void>
  /** How many replicas follow the present primary; 0 if it does not say so within 300 ms. */
  following(): Promise<number>
  /** Resolves when there is a primary that has all its replicas. */
  settled(): Promise<void>
  stop(): Promise<void>
}

/** Three primaries that share all slots. */
export interface RedisCluster {
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  readonly servers: readonly RedisServer[]
  stop(): Promise<void>
}

const HOST = '127.0.0.1'
/** How many ports are tried. */
const TRIES = 5
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Where redis-server is: `REDIS_SERVER`, or on the `PATH`. */
function redisBinary(): string {
  const path = process.env.REDIS_SERVER ?? 'redis-server'
  if (spawnSync(path, ['--version']).status === 0) return path
  throw new Error(
    'No redis-server found. Install the package redis-server (Debian: apt-get install redis-server; `npm run setup` does it for root), or set REDIS_SERVER to its path.',
  )
}

/** Starts a Redis that keeps nothing on disk unless `lines` of its configuration say so. */
export async function startRedis(...lines: string[]): Promise<RedisServer> {
  return startAnywhere(lines)
}

/** Starts it at a free port. If somebody takes that port meanwhile, such as a test beside this one, it is started at another. */
async function startAnywhere(lines: readonly string[], sentinel = false): Promise<RedisServer> {
  for (let tries = 1; ; tries++) {
    try {
      return await startServer(await freePort(), lines, sentinel)
    } catch (error) {
      if (tries === TRIES) throw error
    }
  }
}

async function startServer(port: number, lines: readonly string[], sentinel = false): Promise<RedisServer> {
  const binary = redisBinary()
  const folder = mkdtempSync(join(tmpdir(), 'tokenward-redis-'))
  // In a file, where a sentinel can have it rewritten: who was demoted comes back as a replica.
  const config = join(folder, 'redis.conf')
  const log = join(folder, 'redis.log')
  const always = [`port ${port}`, `bind ${HOST}`, `dir ${folder}`, `logfile ${log}`, 'daemonize no']
  writeFileSync(config, [...always, ...(sentinel ? [] : ['save ""']), ...lines, ''].join('\n'))
  let child: ChildProcess
  const control = new Redis({
    host: HOST,
    port,
    lazyConnect: true,
    retryStrategy: () => 50,
    maxRetriesPerRequest: null,
    commandTimeout: 20_000,
  })
  control.on('error', () => {})
  const server: RedisServer = {
    port,
    url: `redis://${HOST}:${port}`,
    get pid() {
      return child.pid as number
    },
    send: (command, ...words) => control.call(String(command), ...words.map(String)),
    async kill() {
      const gone = exited(child)
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      await gone
    },
    async start() {
      child = spawn(binary, [config, ...(sentinel ? ['--sentinel'] : [])], { stdio: 'ignore' })
      running.add(child)
      child.once('exit', () => running.delete(child))
      const gone = exited(child).then(() => {
        throw new Error(`Redis did not start with ${lines.join(', ')}: ${readFileSync(log, 'utf8').slice(-500)}`)
      })
      const info = await Promise.race([control.info('server'), gone])
      if (!info.includes(`process_id:${child.pid}\r`)) throw new Error(`Another Redis has the port ${port}`)
      gone.catch(() => {})
    },
    hang: (still) => void child.kill(still ? 'SIGSTOP' : 'SIGCONT'),
    async stop() {
      control.disconnect()
      if (running.has(child)) await server.kill()
      await removeFolder(folder)
    },
  }
  try {
    await server.start()
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** Tries again while files appear in it: a process that saves outlives the server that started it and was killed. */
async function removeFolder(folder: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      rmSync(folder, { recursive: true, force: true })
      return
    } catch (error) {
      if (tries === 100) throw error
      await sleep(100)
    }
  }
}

/** Starts a primary with `replicas` replicas under three sentinels that give up on a primary after 3 s: on a busy machine it may say nothing for 1 s. */
export async function startSentinels(replicas = 2): Promise<SentinelTrio> {
  const name = 'tokenward'
  // Handed to the kernel before it is acknowledged, which a SIGKILL does not take back.
  const durable = ['appendonly yes', 'appendfsync no', 'repl-diskless-sync-delay 0', 'repl-timeout 5']
  const first = await startRedis(...durable)
  const { port } = first
  const others = await Promise.all(
    Array.from({ length: replicas }, () => startRedis(...durable, `replicaof ${HOST} ${port}`)),
  )
  const servers = [first, ...others]
  await until(async () => String(await first.send('INFO', 'replication')).includes(`connected_slaves:${replicas}`))
  const rules = [
    `sentinel monitor ${name} ${HOST} ${port} 2`,
    `sentinel down-after-milliseconds ${name} 3000`,
    `sentinel failover-timeout ${name} 5000`,
  ]
  const watchers = await Promise.all(Array.from({ length: 3 }, async () => startAnywhere(rules, true)))
  const ask = async () =>
    Number(((await watchers[0]!.send('SENTINEL', 'get-master-addr-by-name', name)) as string[])[1])
  const roleOf = async (server: RedisServer) => {
    const [role = 'none'] = (await Promise.race([server.send('ROLE').catch(() => []), sleep(300, [])])) as string[]
    return role
  }
  const askAll = () =>
    Promise.all(watchers.map((one) => one.send('SENTINEL', 'get-master-addr-by-name', name) as Promise<string[]>))
  /** Sentinels let a primary that comes back wait for 8 s until it may follow the new one; who starts servers need not. */
  const rejoin = async () => {
    const [agreed, ...rest] = (await askAll()).map(([, port]) => port)
    // As long as they do not agree, one of them is about to make another the primary.
    if (!agreed || rest.some((port) => port !== agreed)) return

    const roles = await Promise.all(servers.map(async (server) => ({ server, role: await roleOf(server) })))
    const named = roles.find(({ server }) => String(server.port) === agreed)
    const isNobodyPrimary = roles.every(({ role }) => role === 'slave')
    // A command of ours and one of the sentinels may have crossed, so that all follow each other. Sentinels never get out of that.
    if (isNobodyPrimary) await named?.server.send('REPLICAOF', 'NO', 'ONE')
    if (named?.role !== 'master') return

    for (const { server, role } of roles)
      if (server !== named.server && role === 'master') await server.send('REPLICAOF', HOST, agreed)
  }
  const trio: SentinelTrio = {
    name,
    servers,
    sentinels: watchers.map(({ port }) => ({ host: HOST, port })),
    async primary() {
      const port = await ask()
      return servers.find((server) => server.port === port) ?? first
    },
    async failOver() {
      const before = await ask()
      // Refused while the last one is not over, or no replica is ready.
      await until(async () => {
        if ((await ask()) !== before) return true
        await watchers[0]?.send('SENTINEL', 'failover', name).catch(() => {})
        return false
      })
    },
    async following() {
      const ask = async () => String(await (await trio.primary()).send('INFO', 'replication'))
      const info = await Promise.race([ask().catch(() => ''), sleep(300, '')])
      return info.includes('role:master') ? info.split('state=online').length - 1 : 0
    },
    async settled() {
      const isSettled = async () => {
        await rejoin().catch(() => {})
        return (await trio.following()) >= replicas
      }
      await until(isSettled, async () => {
        const [named, ...roles] = await Promise.all([askAll(), ...servers.map(roleOf)])
        return `the sentinels name ${named.join(' and ')}; ${servers.map(({ port }) => port)} are ${roles}`
      })
    },
    async stop() {
      await Promise.all([...watchers, ...servers].map((server) => server.stop()))
    },
  }
  // A sentinel that does not know the others yet cannot be outvoted, and cannot win either.
  await until(async () => {
    const known = (await watchers[0]?.send('SENTINEL', 'sentinels', name)) as unknown[]
    const replicasKnown = (await watchers[0]?.send('SENTINEL', 'replicas', name)) as unknown[]
    return known.length === 2 && replicasKnown.length === replicas
  })
  return trio
}

/** Starts a cluster of three nodes. */
export async function startCluster(): Promise<RedisCluster> {
  const servers = await Promise.all([0, 1, 2].map(() => startRedis('cluster-enabled yes')))
  const share = Math.ceil(16_384 / servers.length)
  for (const [index, server] of servers.entries()) {
    const last = Math.min(16_384, (index + 1) * share) - 1
    await server.send('CLUSTER', 'ADDSLOTSRANGE', index * share, last)
    await server.send('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
    await server.send('CLUSTER', 'MEET', HOST, servers[0]?.port ?? 0)
  }
  const isUp = async (server: RedisServer) => {
    const info = String(await server.send('CLUSTER', 'INFO'))
    return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3')
  }
  await until(async () => (await Promise.all(servers.map(isUp))).every(Boolean))
  return {
    servers,
    nodes: servers.map(({ port }) => ({ host: HOST, port })),
    async stop() {
      await Promise.all(servers.map((server) => server.stop()))
    },
  }
}

async function until(reached: () => Promise<boolean>, found: () => Promise<string> = async () => ''): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) if (await reached()) return
  throw new Error(`Redis did not get ready within 60 s ${await found()}`)
}

const exited = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise<void>((resolve) => child.once('exit', () => resolve()))

/** Below the ports that the system hands to outgoing connections, which could take one between here and its use. */
async function freePort(): Promise<number> {
  // A cluster's node takes the port 10 000 above as well.
  for (;;) {
    const port = randomInt(10_000, 22_000)
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, HOST, () => server.close(() => resolve(true)))
  })
}
