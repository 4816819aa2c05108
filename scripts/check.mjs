import { run, seconds } from './run.mjs'
import { setUp } from './setup.mjs'
import { readTotals, totalsLine } from './totals.mjs'
import { vitest } from './vitest.mjs'

const bin = (/** @type {string} */ path, /** @type {string[]} */ ...args) => ['node', `node_modules/${path}`, ...args]
// The compiler in Go takes a seventh of the time. Tools and laws that read sources need the API of the other one.
const types = (/** @type {string} */ project) => bin('typescript-7/bin/tsc', '-p', project)

// npm run check                      what must hold before a change goes in
// npm run check -- --whole           the same, and the documents and the package, as in `npm test`
// npm run check -- build size        some steps of it

/**
 * The steps, in the order of how soon they are wanted. A step waits for those in `after` and is left out if one of them failed.
 *
 * @type {readonly { name: string, command: readonly string[], after?: readonly string[], isLater?: boolean }[]}
 */
const steps = [
  { name: 'build', command: bin('rollup/dist/bin/rollup', '--config', '--silent') },
  { name: 'unit tests', command: vitest('--project=unit*', '--maxWorkers=2') },
  { name: 'types of src', command: types('tsconfig.json') },
  { name: 'types of src on node', command: types('tsconfig.node.json') },
  { name: 'types of the rest', command: types('tsconfig.tests.json') },
  { name: 'lint and format', command: bin('@biomejs/biome/bin/biome', 'ci', '--error-on-warnings', '--colors=off') },
  {
    name: 'undocumented exports',
    command: bin('typedoc/bin/typedoc', '--emit', 'none', '--treatValidationWarningsAsErrors'),
  },
  { name: 'unused code', command: bin('knip/bin/knip.js') },
  { name: 'types of dist', command: types('test/package/tsconfig.json'), after: ['build'] },
  { name: 'package tests', command: vitest('--project=package'), after: ['build'] },
  { name: 'documents', command: vitest('--project=documents'), isLater: true },
  { name: 'publint', command: bin('publint/src/cli.js', '--strict'), after: ['build'], isLater: true },
  {
    name: 'are the types wrong',
    command: bin('@arethetypeswrong/cli/dist/index.js', '--pack', '.', '--profile', 'esm-only'),
    after: ['build'],
    isLater: true,
  },
  { name: 'size', command: ['node', 'scripts/size.mjs'], after: ['build'] },
]

setUp({ browser: false })

// However busy the machine is.
const limit = 900_000
const started = performance.now()
const width = Math.max(...steps.map(({ name }) => name.length))
const args = process.argv.slice(2)
const isWhole = args.includes('--whole')
const only = args.filter((arg) => arg !== '--whole')
const chosen = steps.filter(({ name, isLater }) => (only.length > 0 ? only.includes(name) : isWhole || !isLater))
const unknown = only.find((name) => !steps.some((step) => step.name === name))
if (unknown) {
  console.error(`No step is called "${unknown}". There are: ${steps.map(({ name }) => name).join(', ')}`)
  process.exit(1)
}

/** @type {Map<string, import('./run.mjs').Outcome & { skipped?: boolean }>} */
const outcomes = new Map()
const waiting = [...chosen]
// One more than the smallest machine has processors: some of the tests wait.
await Promise.all(Array.from({ length: 3 }, work))

const failed = chosen.filter(({ name }) => !outcomes.get(name)?.ok)
for (const { name, command } of failed) {
  const { output = '', problem = '' } = outcomes.get(name) ?? {}
  console.log(
    `\n--- ${name}: ${problem}\n    ${command.join(' ').replace(/^node node_modules\//, '')}\n\n${output.trim()}`,
  )
}
const size = outcomes.get('size')
if (size?.ok) console.log(`\n${size.output.trim()}`)
console.log(`\ncheck: ${seconds(performance.now() - started)}`)
console.log(
  totalsLine(chosen.map(({ name }) => readTotals(outcomes.get(name)?.output ?? '', outcomes.get(name)?.ok === true))),
)
process.exitCode = failed.length > 0 ? 1 : 0

/** Takes steps until none is left; several of these run side by side. */
async function work() {
  for (;;) {
    const ready = waiting.findIndex(({ after = [] }) =>
      after.every((name) => !chosen.some((step) => step.name === name) || outcomes.has(name)),
    )
    const [step] = ready < 0 ? [] : waiting.splice(ready, 1)
    if (!step) {
      if (waiting.length === 0) return
      await new Promise((resolve) => setTimeout(resolve, 20))
      continue
    }
    const missing = step.after?.find((name) => outcomes.get(name)?.ok === false)
    const outcome = missing
      ? { ok: false, output: '', ms: 0, problem: `not run, because ${missing} failed` }
      : await run(step.command, { limit, env: { NO_COLOR: '1', CI: '1' } })
    outcomes.set(step.name, outcome)
    console.log(`${outcome.ok ? 'ok    ' : 'FAILED'} ${step.name.padEnd(width)} ${seconds(outcome.ms).padStart(7)}`)
  }
}
