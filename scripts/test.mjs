import { run, seconds } from './run.mjs'
import { setUp } from './setup.mjs'
import { readFailures, readTotals, totalsLine } from './totals.mjs'
import { inTurn } from './turns.mjs'
import { vitest } from './vitest.mjs'

// npm test                           everything that has to hold
// npm test -- browser                one part of it
// npm test -- browser worker tabs    of a part with vitest the files whose name holds one of the words

const minute = 60_000

/** @typedef {Parameters<typeof setUp>[0]} Needed */

/**
 * `waits`: it mostly waits for browsers and other processes, so it runs beside what computes. Of these parts `check` alone reads `dist`,
 * which it builds.
 *
 * @typedef {{ name: string, needs: Needed, command: string[], limit: number, waits?: true }} Part
 */

/** @type {readonly Part[]} */
const parts = [
  {
    name: 'check',
    needs: { browser: false },
    command: ['node', 'scripts/check.mjs', '--whole'],
    limit: 30 * minute,
  },
  {
    name: 'production',
    needs: { browser: false },
    command: vitest('--project=production*'),
    limit: 30 * minute,
  },
  {
    name: 'hostile',
    needs: { browser: false },
    command: vitest('--project=hostile*'),
    limit: 30 * minute,
  },
  {
    name: 'browser',
    needs: { browser: true, otherEngines: true, redis: true },
    command: vitest('--project=browser', '--reporter=verbose'),
    limit: 30 * minute,
    waits: true,
  },
  {
    name: 'node',
    needs: { browser: false, redis: true },
    command: vitest('--project=node'),
    limit: 30 * minute,
    waits: true,
  },
  {
    name: 'simulation',
    needs: { browser: false },
    command: vitest('--project=simulation'),
    limit: 30 * minute,
  },
  {
    name: 'demo',
    needs: { browser: true },
    command: ['node', 'scripts/demo.mjs', '--check'],
    limit: 30 * minute,
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
const nextTurn = inTurn((text) => process.stdout.write(text))
const lanes = [chosen.filter(({ waits }) => !waits), chosen.filter(({ waits }) => waits)]
const results = (await Promise.all(lanes.map(runAll))).flat()

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

/**
 * Runs parts one after the other.
 *
 * @param {readonly Part[]} lane
 */
async function runAll(lane) {
  const results = []
  for (const { name, command, limit } of lane) {
    const { print, end } = nextTurn()
    print(`\n=== ${name}\n\n`)
    const outcome = await run([...command, ...words], { limit, show: print })
    end()
    results.push({ name, ...outcome, totals: readTotals(outcome.output, outcome.ok) })
  }
  return results
}
