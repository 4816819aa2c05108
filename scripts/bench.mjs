import { readdirSync } from 'node:fs'
import { testFiles } from './conformance.mjs'
import { root } from './entries.mjs'
import { installPeers } from './peers.mjs'
import { run } from './run.mjs'
import { setUp } from './setup.mjs'
import { vitest } from './vitest.mjs'

// npm run bench                  every file of bench/
// npm run bench -- fetch         bench/fetch.bench.ts
// npm run bench -- peers         the same jobs done with other libraries: every script of bench/peers
// npm run bench -- peers fetch   one of them
// npm run bench -- peers browser the same in Chromium's tabs: what a call costs, and how long eight tabs wait (ROUNDS=9: more rounds)
// npm run bench -- waits         how long callers wait, in Chromium's tabs and on Node with Redis: tests that hold waits to their bounds

const [first, ...others] = process.argv.slice(2)
if (first === 'peers') await peers(others)
else if (first === 'waits') await waits()
else await own(process.argv.slice(2))

/** @param {readonly string[]} asked */
async function own(asked) {
  setUp({ browser: false })
  const ending = '.bench.ts'
  const names = readdirSync(`${root}bench`)
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
  await each(asked, names, (name) => `bench/${name}${ending}`)
}

/** @param {readonly string[]} asked */
async function peers(asked) {
  const inBrowser = 'browser'
  const onNode = ['one-request', 'refresh-ahead', 'fetch', 'guard']
  const isBrowserNeeded = asked.length === 0 || asked.includes(inBrowser)
  setUp({ browser: isBrowserNeeded })
  await installPeers()
  await each(asked, [...onNode, inBrowser], (name) => `bench/peers/${name}.mjs`)
}

async function waits() {
  setUp({ browser: true, redis: true })
  const measuring = Object.entries(testFiles())
    .filter(([name]) => /^test\/(browser|node|redis)\/.*\.test\.ts$/.test(name))
    .filter(([, source]) => source.includes('expectWithin('))
    .map(([name]) => name)

  const command = vitest('--project=browser', '--project=node', '--no-file-parallelism', '--reporter=verbose')
  const { ok } = await run([...command, ...measuring], { limit: 900_000, show: true, env: { MEASURE: '1' } })
  process.exitCode = ok ? 0 : 1
}

/**
 * @param {readonly string[]} asked default all
 * @param {readonly string[]} names
 * @param {(name: string) => string} pathOf
 */
async function each(asked, names, pathOf) {
  const unknown = asked.find((name) => !names.includes(name))
  if (unknown) {
    console.error(`No benchmark is called "${unknown}". There are: ${names.join(', ')}`)
    process.exit(1)
  }
  for (const name of asked.length > 0 ? asked : names) {
    console.log(`\n=== ${name}\n`)
    const command = ['node', '--import', './scripts/typescript.mjs', pathOf(name)]
    const { ok } = await run(command, { limit: 900_000, show: true })
    if (!ok) process.exitCode = 1
  }
}
