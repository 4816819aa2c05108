// The authorization server is down while tokens are still good and due to be refreshed ahead: who can still call its APIs?
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { candidates } from './candidates.mjs'

const CALLS = 20
const OVER = 1_400
const WATCH = 5_500

const name = process.argv[2]
if (name) await one(name)
else {
  console.log(`${CALLS} calls for a token that is still good, while every request for the next one is answered 503:\n`)
  const results = await Promise.all(Object.keys(candidates).map(watch))
  for (const { name, failed, first, requests, ended } of results)
    console.log(
      `  ${name.padEnd(28)} ${`${failed ?? '?'} of ${CALLS} failed`.padEnd(16)}  ${`${requests ?? '?'} requests`.padEnd(12)}  ${ended}${first ? `, first error: ${first}` : ''}`,
    )
}

/** @param {string} name */
async function one(name) {
  const { server: settings, aheadAfter, create } = candidates[name]
  const server = { fails: false, requests: 0, latency: 5, ...settings }
  const token = create(server)
  await token('urn:a')
  await new Promise((resolve) => setTimeout(resolve, aheadAfter))
  server.fails = true
  server.requests = 0
  let failed = 0
  let first
  for (let call = 0; call < CALLS; call++) {
    await token('urn:a').catch((error) => {
      failed++
      first ??= String(error.errorCode ?? error.code ?? error.message).slice(0, 60)
    })
    await new Promise((resolve) => setTimeout(resolve, OVER / CALLS))
  }
  process.send({ failed, first, requests: server.requests })
  await new Promise((resolve) => setTimeout(resolve, WATCH))
  process.exit(0)
}

/** @param {string} name */
function watch(name) {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(import.meta.url), [name], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: process.execArgv,
    })
    let result = {}
    child.on('message', (message) => {
      result = message
    })
    child.on('exit', (code) =>
      resolve({ name, ...result, ended: code === 0 ? 'goes on' : `process ended (exit code ${code})` }),
    )
  })
}
