// Prints what many sessions of one process cost: memory for each, time to hand one out, timers.
// npm run bench -- session-pool; SESSIONS=1000 for another number.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { alwaysOnline, memoryStore, noChannel, queueLock, systemClock, webCrypto } from '../src/index.ts'
import { sessionLimits } from '../src/manager/session-limits.ts'
import type { Clock } from '../src/ports.ts'
import { createSessionPool } from '../src/session-pool/create-session-pool.ts'

const SESSIONS = Number(process.env.SESSIONS ?? 100_000)
const MAX_AGE = 30 * 86_400_000

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

async function heap(): Promise<number> {
  // What was let go of in this turn is collected in a later one.
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    collect()
  }
  return process.memoryUsage().heapUsed
}

function countedClock() {
  const counted = { timers: 0, most: 0 }
  const clock: Clock = {
    ...systemClock,
    at(time, run) {
      counted.most = Math.max(counted.most, ++counted.timers)
      let over = false
      const end = () => {
        if (!over) counted.timers--
        over = true
      }
      const stop = systemClock.at(time, () => {
        end()
        run()
      })
      return () => {
        end()
        stop()
      }
    },
  }
  return { clock, counted }
}

async function measure(maxSessions: number): Promise<void> {
  const { clock, counted } = countedClock()
  const store = memoryStore<unknown>()
  const issuer = 'https://as.example'
  const start = await heap()
  const pool = createSessionPool(
    {
      issuer,
      clientId: 'web',
      scope: 'openid notes',
      maxSessions,
      limits: sessionLimits({ maxAge: MAX_AGE }),
      resources: ['https://api.example/'],
      metadata: { issuer, token_endpoint: `${issuer}/token` },
    },
    {
      store,
      lock: queueLock(),
      channel: noChannel,
      lifecycle: alwaysOnline,
      clock,
      crypto: webCrypto,
      fetch: () => Promise.reject(new Error('there is no server')),
    },
  )
  for (let user = 0; user < SESSIONS; user++) {
    const secret = user.toString(36).padStart(12, '0')
    await pool.get(`user-${user}`).adopt({
      accessToken: `at-${secret}${'x'.repeat(785)}`,
      refreshToken: `rt-${secret}${'x'.repeat(49)}`,
      expiresAt: Date.now() + 3_600_000,
    })
  }
  const full = await heap()
  const { size, alarms } = pool
  const inMemory = time(() => pool.get(`user-${SESSIONS - 1 - Math.floor(Math.random() * size)}`))
  const fromMemory = await timeAsync((index) =>
    pool.get(`user-${SESSIONS - 1 - (index % Math.min(size, 1_000))}`).getAccessToken(),
  )
  const fromStore =
    size < SESSIONS
      ? await timeAsync((index) => pool.get(`user-${(index * 7919) % (SESSIONS - size)}`).getAccessToken())
      : undefined
  const { timers } = counted
  pool.dispose()
  const stored = (await heap()) - start
  const us = (ms: number) => `${(ms * 1000).toFixed(1)} µs`
  console.log(`${SESSIONS} sessions signed in, at most ${maxSessions} in memory:`)
  console.log(
    `  memory for each in memory   ${Math.round((full - start - stored) / size)} bytes (without what the store holds)`,
  )
  console.log(`  what the store holds        ${Math.round(stored / SESSIONS)} bytes each`)
  console.log(`  handing one out             ${us(inMemory)}`)
  console.log(`  and its access token        ${us(fromMemory)}`)
  if (fromStore !== undefined) console.log(`  the same, read from a store ${us(fromStore)}`)
  console.log(`  timers of the platform      ${timers}, for ${alarms} alarms`)
}

function time(run: () => unknown): number {
  const start = performance.now()
  for (let index = 0; index < 100_000; index++) run()
  return (performance.now() - start) / 100_000
}

async function timeAsync(run: (index: number) => Promise<unknown>): Promise<number> {
  const start = performance.now()
  for (let index = 0; index < 5_000; index++) await run(index)
  return (performance.now() - start) / 5_000
}

await measure(SESSIONS)
await measure(Math.ceil(SESSIONS / 10))
