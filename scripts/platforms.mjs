import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { root } from './entries.mjs'
import { platformPackages, platformsFolder } from './platform-packages.mjs'
import { run } from './run.mjs'
import { setUp } from './setup.mjs'

// npm run platforms             the built package where other programs run or compile it: test/platforms
// npm run platforms -- jest     the files whose name holds the word
//
// What that takes is heavy and of no use for anything else, so it is installed into a cache folder and not with the repository.
setUp({ browser: false })
await install()
await must(['node', 'node_modules/rollup/dist/bin/rollup', '--config', '--silent'], 'the package could not be built')
const copy = `${platformsFolder}/node_modules/tokenward`
rmSync(copy, { recursive: true, force: true })
cpSync(`${root}dist`, `${copy}/dist`, { recursive: true })
cpSync(`${root}package.json`, `${copy}/package.json`)

const vitest = ['node', 'node_modules/vitest/vitest.mjs', 'run', '--project=platforms']
const reporters = ['--reporter=verbose', '--reporter=./scripts/vitest-totals.mjs']
const { ok } = await run([...vitest, ...reporters, ...process.argv.slice(2)], { limit: 400_000, show: true })
process.exitCode = ok ? 0 : 1

async function install() {
  const wanted = JSON.stringify({ private: true, dependencies: platformPackages })
  // Written when the installation has succeeded.
  const record = `${platformsFolder}/installed.json`
  if (existsSync(record) && readFileSync(record, 'utf8') === wanted) return
  console.log('\n> Installing what the platforms need')
  mkdirSync(platformsFolder, { recursive: true })
  writeFileSync(`${platformsFolder}/package.json`, wanted)
  const command = ['npm', 'install', '--prefix', platformsFolder, '--no-audit', '--no-fund', '--ignore-scripts']
  await must(command, 'the packages could not be installed')
  writeFileSync(record, wanted)
}

/**
 * @param {string[]} command
 * @param {string} failure what it means when it fails
 */
async function must(command, failure) {
  const { ok, output, problem } = await run(command, { limit: 400_000 })
  if (ok) return
  console.error(`${output}platforms: ${failure}: ${problem}`)
  process.exit(1)
}
