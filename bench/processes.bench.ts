// Prints how long it takes until several processes on one `fileStore` all have the new token, when each asks 25 times as the old one expires
// and the server takes 300 ms: medians of rounds in turn.
// npm run bench -- processes; PROCESSES=32 and ROUNDS=9 for other numbers.
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Place, ways } from './processes/session.ts'

const PROCESSES = Number(process.env.PROCESSES ?? 8)
const ROUNDS = Number(process.env.ROUNDS ?? 5)
const CALLS = 25
const LATENCY = 300

const program = fileURLToPath(new URL('processes/process.ts', import.meta.url))
const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
const now = () => performance.timeOrigin + performance.now()

let requests = 0
const server = createServer(async (_, response) => {
  const token = `${++requests}`
  await sleep(LATENCY)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: 300, refresh_token: token }))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const times = new Map(Object.keys(ways).map((way) => [way, [] as number[]]))
for (let round = 0; round < ROUNDS; round++) for (const [way, all] of times) all.push(await rush(way))
server.close()

console.log(`${PROCESSES} processes × ${CALLS} calls, server ${LATENCY} ms, medians of ${ROUNDS} rounds in turns`)
for (const [way, all] of times) console.log(`${way}: ${median(all).toFixed(0)} ms`)
process.exit()

/** Milliseconds from the word to all processes until the last one has its tokens. */
async function rush(way: string): Promise<number> {
  const children = Array.from({ length: PROCESSES }, () => fork(program))
  const exits = children.map((child) => once(child, 'exit'))
  await Promise.all(children.map(heard))
  const path = await mkdtemp(join(tmpdir(), 'tokenward-bench-'))
  const place: Place = { issuer, path, key: randomBytes(32).toString('hex') }
  // Until then all of them have to have read it.
  const expiresAt = Date.now() + 2_000 + 100 * PROCESSES
  await ways[way]?.(place).begin(expiresAt)
  const readers = children.map(heard)
  for (const child of children) child.send({ way, place })
  await Promise.all(readers)
  if (Date.now() > expiresAt) throw new Error('The machine took too long to read the session')
  await sleep(expiresAt + 200 - Date.now())

  requests = 0
  const began = now()
  const ends = children.map(heard)
  for (const child of children) child.send(CALLS)
  const ended = Math.max(...(await Promise.all(ends)).map(Number))
  await Promise.all(exits)
  await rm(path, { recursive: true })
  if (requests !== 1) throw new Error(`${way}: ${requests} token requests`)
  return ended - began
}

async function heard(child: ChildProcess): Promise<unknown> {
  const [message] = await once(child, 'message')
  return message
}
