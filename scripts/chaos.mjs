import { run } from './run.mjs'
import { setUp } from './setup.mjs'

// npm run chaos -- --minutes 10 --engine firefox --seed 7 --verbose   pages in three browser engines
// npm run chaos -- fleet --minutes 5 --seed 7 --verbose               processes on one Redis
// npm run chaos -- worker --engine firefox --rounds 100 --kills 10    pages that go away while a worker refreshes for them
// npm run chaos -- worker --rounds 100                                the same in Chromium, with what only its protocol can do

const kinds = ['pages', 'fleet', 'worker']
const given = process.argv.slice(2)
const kind = given[0]?.startsWith('--') === false ? (given.shift() ?? '') : 'pages'
if (!kinds.includes(kind)) {
  console.error(`chaos: there is no "${kind}". There are: ${kinds.join(', ')}`)
  process.exit(1)
}

const isEveryEngine = kind === 'pages' || given.includes('--engine')
setUp({ browser: kind !== 'fleet', otherEngines: isEveryEngine && kind !== 'fleet', redis: kind === 'fleet' })

const { ok, problem } = await run(...command())
if (problem) console.error(`chaos: ${problem}`)
process.exitCode = ok ? 0 : 1

/** @returns {Parameters<typeof run>} */
function command() {
  const program = (/** @type {string} */ path) => ['node', '--import', './scripts/typescript.mjs', path, ...given]
  const duration = Number(option('--minutes') ?? 1) * 60_000
  // Servers and browsers have to start, and what is under way has to end.
  const around = 180_000

  if (kind === 'fleet') return [program('test/chaos/fleet/main.ts'), { limit: duration + around || around, show: true }]
  // Three engines, one after the other.
  if (kind === 'pages') return [program('test/chaos/main.ts'), { limit: 3 * (duration + around) || around, show: true }]
  if (isEveryEngine) return [program('test/chaos/worker/main.ts'), { limit: 3_600_000, show: true }]

  const vitest = ['node', 'node_modules/vitest/vitest.mjs', 'run', '--project=browser', '--reporter=verbose']
  const env = { WORKER_ROUNDS: option('--rounds') ?? '100' }
  return [[...vitest, 'test/browser/worker.test.ts'], { limit: 3_600_000, show: true, env }]
}

/** @param {string} name */
function option(name) {
  const at = given.indexOf(name)
  return at < 0 ? undefined : given[at + 1]
}
