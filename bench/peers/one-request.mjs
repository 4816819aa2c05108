// 10,000 calls at the same time for the tokens of 20 resources: how many requests reach the authorization server?
import { candidates } from './candidates.mjs'

const CALLS = 10_000
const RESOURCES = 20

console.log(`${CALLS} calls at once for the tokens of ${RESOURCES} resources, the server answers after 50 ms:\n`)
for (const [name, { create }] of Object.entries(candidates)) {
  const server = { fails: false, requests: 0, latency: 50, expiresIn: 3600 }
  const token = create(server)
  const start = performance.now()
  const answers = await Promise.allSettled(Array.from({ length: CALLS }, (_, call) => token(`urn:${call % RESOURCES}`)))
  const ms = performance.now() - start
  const failed = answers.filter(({ status }) => status === 'rejected').length
  console.log(`  ${name.padEnd(28)} ${`${server.requests} requests`.padEnd(16)}  ${failed} failed  ${ms.toFixed(0)} ms`)
}
process.exit(0)
