import { run, seconds } from './run.mjs'
import { setUp } from './setup.mjs'
import { readFailures, readTotals, totalsLine } from './totals.mjs'
import { vitest } from './vitest.mjs'

// npm test                           everything that has to hold
// npm test -- browser                one part of it
// npm test -- browser worker tabs    of a part with vitest the files whose name holds one of the words

const minute = 60_000

/** @typedef {Parameters<typeof setUp>[0]} Needed */

/** @type {readonly { name: string, needs: Needed, command: string[], limit: number }[]} */
const parts = [
  {
    name: 'check',
    needs: { browser: false },
    command: ['node', 'scripts/check.mjs'],
    limit: 20 * minute,
  },
  {
    name: 'production',
    needs: { browser: false },
    command: vitest('--project=production*'),
    limit: 20 * minute,
  },
  {
    name: 'hostile',
    needs: { browser: false },
    command: vitest('--project=hostile'),
    limit: 20 * minute,
  },
  {
    name: 'node',
    needs: { browser: false, redis: true },
    command: vitest('--project=node'),
    limit: 20 * minute,
  },
  {
    name: 'browser',
    needs: { browser: true, otherEngines: true, redis: true },
    command: vitest('--project=browser', '--reporter=verbose'),
    limit: 20 * minute,
  },
  {
    name: 'simulation',
    needs: { browser: false },
    command: vitest('--project=simulation'),
    limit: 20 * minute,
  },
  {
    name: 'demo',
    needs: { browser: true },
    command: ['node', 'scripts/demo.mjs', '--check'],
    limit: 20 * minute,
  },
]

const [asked, ...words] = process.argv.slice(2)
const chosen = parts.filter(({ name }) => asked === undefined || name === asked)
if (chosen.length === 0) {
  console.error(`No part is called "${asked}". There are: ${parts.map(({ name }) => name).join(', ')}`)
  process.exit(1)
}
for (const { needs } of chosen) setUp(needs)

const started = performance.now()
const results = []
for (const [index, { name, command, limit }] of chosen.entries()) {
  console.log(`\n=== ${index + 1}/${chosen.length} ${name}\n`)
  const outcome = await run([...command, ...words], { limit, show: true })
  results.push({ name, ...outcome, totals: readTotals(outcome.output, outcome.ok) })
}

for (const { name, output, ok, totals } of results) {
  if (!ok || totals.failed > 0) console.log(`\n--- what failed in ${name}\n\n${readFailures(output)}`)
}

const width = Math.max(...parts.map(({ name }) => name.length))
console.log('\n===')
for (const { name, totals, ms, problem } of results) {
  const line = `${name.padEnd(width)} ${seconds(ms).padStart(8)}   ${totalsLine([totals])}`
  console.log(problem ? `${line}   (${problem})` : line)
}
console.log(`${'all'.padEnd(width)} ${seconds(performance.now() - started).padStart(8)}\n`)
console.log(totalsLine(results.map(({ totals }) => totals)))
process.exitCode = results.every(({ ok, totals }) => ok && totals.failed === 0) ? 0 : 1
