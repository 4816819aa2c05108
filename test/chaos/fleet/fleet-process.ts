import { allowInsecureLoopback, createTokenManager, type Store, type TokenManagerError } from 'tokenward/node'
import { redisChannel, redisStore } from 'tokenward/redis'
import { connectRedis } from '../../support/redis-connection.ts'
import type { Report } from '../page/report.ts'
import { runningTime } from '../running-time.ts'
import type { FleetCommand, FleetMessage, ProcessSettings } from './fleet-settings.ts'

const settings: ProcessSettings = JSON.parse(process.argv[2] ?? '{}')
const { metadata, api, requestTimeout, name: tab, replicas } = settings
const context = `${tab}.0`
const { client } = await connectRedis({ ...settings.redis, library: settings.library })
const shared = redisStore({ client, key: Buffer.from(settings.key, 'hex'), replicas })

const manager = createTokenManager({
  issuer: metadata.issuer,
  metadata,
  clientId: 'chaos',
  resources: [api],
  requestTimeout,
  [allowInsecureLoopback]: true,
  store: noting(settings.leaseless ? leaseless(shared) : shared),
  channel: redisChannel({ client }),
})

const BEAT = 250
const LIMIT = 12

const ran = runningTime()
const pending = new Set<{ readonly since: number }>()
const uncaught: string[] = []
let serial = 0
let resting = false
let family = ''
const empty = () => ({
  begun: 0,
  answered: 0,
  longest: 0,
  failed: {} as Record<string, number>,
  refreshed: 0,
  signedOut: [] as { reason: string; family: string }[],
  story: [] as (readonly [at: number, what: string])[],
})
let since = empty()

async function call() {
  const one = { since: ran() }
  pending.add(one)
  since.begun++
  try {
    const { status } = await manager.fetch(api)
    if (status === 200) since.answered++
    else fail(`status ${status}`)
    family = (await manager.getAccessToken().catch(() => undefined))?.value.split('.')[0] ?? family
  } catch (error) {
    const { code, reason, name } = error as TokenManagerError
    fail(code ? `${code} ${reason}` : name)
  }
  pending.delete(one)
  since.longest = Math.max(since.longest, Math.round(ran() - one.since))
}

function fail(why: string) {
  since.failed[why] = (since.failed[why] ?? 0) + 1
}

function tell() {
  const { begun, answered, longest, failed, ...rest } = since
  since = empty()
  const { state } = manager
  const oldest = Math.max(0, ...[...pending].map((one) => Math.round(ran() - one.since)))
  const report: Report = {
    context,
    tab,
    serial: ++serial,
    family,
    calls: { begun, answered, longest, failed },
    ...rest,
    restored: 0,
    state: state.status === 'signedOut' ? `signedOut ${state.reason}` : state.status,
    health: state.status === 'signedIn' ? state.health : undefined,
    pending: { count: pending.size, oldest },
    uncaught: uncaught.splice(0),
  }
  process.send?.(report satisfies FleetMessage)
}

/** Tells whose session the store holds: a sign-in that it has not taken yet ends with its process. */
function noting(store: Store<unknown>): Store<unknown> {
  let told = ''
  const note = (value: unknown) => {
    const [stored = ''] = (value as { refreshToken?: string } | undefined)?.refreshToken?.split('.') ?? []
    if (stored && stored !== told) process.send?.({ stored } satisfies FleetMessage)
    told = stored || told
  }
  return {
    ...store,
    async get(key) {
      const row = await store.get(key)
      note(row?.value)
      return row
    },
    async swap(key, tag, value, options) {
      const done = await store.swap(key, tag, value, options)
      if (done) note(value)
      return done
    },
  }
}

function leaseless(store: Store<unknown>): Store<unknown> {
  return {
    ...store,
    async get(key) {
      const row = await store.get(key)
      return row && { ...row, value: { ...(row.value as object), lease: undefined } }
    },
  }
}

process.on('message', (command: FleetCommand) => {
  if (command.do === 'rest') resting = true
  else manager.adopt(command.tokens).catch(({ code }) => fail(`adopt ${code}`))
})
// Whoever started this process has gone.
process.on('disconnect', () => process.exit())
process.on('uncaughtException', ({ message }) => uncaught.push(message))
process.on('unhandledRejection', (reason) => uncaught.push(String(reason)))
manager.on('refreshed', () => {
  since.refreshed++
  since.story.push([Date.now() - settings.skew, 'refreshed'])
})
manager.on('signed_out', ({ reason }) => since.signedOut.push({ reason, family }))
setInterval(tell, BEAT)
await manager.ready()
const [low, high] = settings.pace
for (;;) {
  await new Promise((resolve) => setTimeout(resolve, low + Math.random() * (high - low)))
  if (!resting && pending.size < LIMIT && isWorthACall()) void call()
}

/** Signed out there is nothing to call for, but whoever could not read does not know yet. */
function isWorthACall() {
  const { state } = manager
  return state.status === 'signedIn' || (state.status === 'signedOut' && state.reason === 'storage_lost')
}
