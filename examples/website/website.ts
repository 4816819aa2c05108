import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { type Api, startApi } from '../demo/api.ts'
import { type AuthorizationServer, startAuthorizationServer } from '../demo/authorization-server.ts'
import { bundled } from '../demo/bundled.ts'
import { startFrontServer } from './front.ts'

/** The whole website, and what is behind it. */
export interface Website {
  /** Where a browser goes. */
  readonly url: string
  readonly authorizationServer: AuthorizationServer
  readonly api: Api
  /** Those that run. If one of them ends, the others get all requests from then on. */
  readonly hosts: readonly Host[]
  /** Stops everything. */
  stop(): Promise<void>
}

/** One process of the website. */
export interface Host {
  readonly origin: string
  readonly process: ChildProcess
}

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Starts Redis, an authorization server, an API, and two hosts of the website behind one address, all on 127.0.0.1. */
export async function startWebsite({ accessTokenTtl = 60 } = {}): Promise<Website> {
  const folder = await mkdtemp(join(tmpdir(), 'website-'))
  const front = await startFrontServer()
  const [redis, page] = await Promise.all([startRedis(folder), buildPage(folder)])

  const clientSecret = randomBytes(32).toString('base64url')
  const authorizationServer = await startAuthorizationServer({
    redirectUris: [],
    accessTokenTtl,
    website: {
      clientId: 'web',
      clientSecret,
      redirectUri: `${front.origin}/auth/callback`,
      postLogoutRedirectUri: `${front.origin}/`,
      backchannelLogoutUri: `${front.origin}/auth/backchannel`,
    },
  })
  const { issuer, audience } = authorizationServer
  const api = await startApi({ issuer, audience, origins: [] })

  const env = {
    ISSUER: issuer,
    SITE: front.origin,
    API: `${api.origin}/notes`,
    CLIENT_SECRET: clientSecret,
    SEALING_KEY: randomBytes(32).toString('base64'),
    REDIS: redis.path,
    PAGE: page,
  }
  let hosts: readonly Host[] = await Promise.all([startHost(env), startHost(env)])
  const share = () => front.sendTo(...hosts.map(({ origin }) => origin))
  for (const host of hosts)
    host.process.once('exit', () => {
      hosts = hosts.filter((one) => one !== host)
      share()
    })
  share()

  return {
    url: `${front.origin}/`,
    authorizationServer,
    api,
    get hosts() {
      return hosts
    },
    async stop() {
      await Promise.all(hosts.map(({ process }) => ended(process, 'SIGTERM')))
      await Promise.all([front.close(), authorizationServer.stop(), api.stop(), ended(redis.process, 'SIGTERM')])
      await rm(folder, { recursive: true })
    },
  }
}

/** A host in a process of its own, once it listens. */
async function startHost(env: NodeJS.ProcessEnv): Promise<Host> {
  const program = ['--import', file('../../scripts/typescript.mjs'), file('host.ts')]
  const child = spawn(process.execPath, program, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  for await (const text of child.stdout.setEncoding('utf8')) {
    said += text
    const [, port] = /port: (\d+)/.exec(said) ?? []
    if (port !== undefined) return { origin: `http://127.0.0.1:${port}`, process: child }
  }
  throw new Error('The host ended before it listened')
}

/** A Redis of its own, reached by a socket in `folder`, which keeps nothing. */
async function startRedis(folder: string) {
  const path = join(folder, 'redis.sock')
  const options = ['--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no', '--dir', folder]
  const child = spawn('redis-server', options, { stdio: 'ignore' })
  await once(child, 'spawn')
  const client = new Redis({ path, retryStrategy: () => 50, maxRetriesPerRequest: null })
  client.on('error', () => {})
  await client.ping()
  client.disconnect()
  return { path, process: child }
}

/** What a bundler makes of the page. */
async function buildPage(folder: string): Promise<string> {
  await copyFile(file('page/index.html'), join(folder, 'index.html'))
  await writeFile(join(folder, 'app.js'), await bundled(file('page/app.ts')))
  return folder
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
}
