import { run, seconds } from './run.mjs'
import { setUp } from './setup.mjs'
import { readFailures, readTotals, totalsLine } from './totals.mjs'

setUp({ browser: true, otherEngines: true, redis: true })

const minute = 60_000
/** @type {{ header?: { glibcVersionRuntime?: string } }} */
const report = process.report.getReport()
const glibc = report.header?.glibcVersionRuntime
const parts = [
  { name: 'check', command: ['node', 'scripts/check.mjs'], limit: 6 * minute },
  {
    name: 'node suite',
    command: [
      'node',
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project=node',
      '--reporter=default',
      '--reporter=./scripts/vitest-totals.mjs',
    ],
    limit: 8 * minute,
  },
  {
    name: 'browser suite',
    command: [
      'node',
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project=browser',
      '--reporter=verbose',
      '--reporter=./scripts/vitest-totals.mjs',
    ],
    limit: 12 * minute,
  },
  {
    name: 'simulation',
    command: [
      'node',
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project=simulation',
      '--reporter=default',
      '--reporter=./scripts/vitest-totals.mjs',
    ],
    limit: 5 * minute,
  },
  { name: 'platforms', command: ['node', 'scripts/platforms.mjs'], limit: 8 * minute },
  // Their binaries come for Linux with glibc on x64.
  ...(process.platform === 'linux' && process.arch === 'x64' && glibc
    ? [{ name: 'other runtimes', command: ['node', 'scripts/runtimes.mjs', '--package'], limit: 8 * minute }]
    : []),
  { name: 'demo', command: ['node', 'scripts/demo.mjs', '--check'], limit: 4 * minute },
]

const started = performance.now()
const results = []
for (const [index, { name, command, limit }] of parts.entries()) {
  console.log(`\n=== ${index + 1}/${parts.length} ${name}\n`)
  const outcome = await run(command, { limit, show: true })
  results.push({ name, ...outcome, totals: readTotals(outcome.output, outcome.ok) })
}

for (const { name, output, ok, totals } of results) {
  if (!ok || totals.failed > 0) console.log(`\n--- what failed in ${name}\n\n${readFailures(output)}`)
}

const width = Math.max(...parts.map(({ name }) => name.length))
console.log('\n===')
for (const { name, totals, ms, problem } of results) {
  console.log(
    `${name.padEnd(width)} ${seconds(ms).padStart(8)}   ${totalsLine([totals])}${problem ? `   (${problem})` : ''}`,
  )
}
console.log(`${'all'.padEnd(width)} ${seconds(performance.now() - started).padStart(8)}\n`)
console.log(totalsLine(results.map(({ totals }) => totals)))
process.exitCode = results.every(({ ok, totals }) => ok && totals.failed === 0) ? 0 : 1
