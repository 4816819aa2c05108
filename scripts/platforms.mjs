import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { root } from './entries.mjs'
import { platformPackages, platformsFolder, reactNativeApps, reactNativeFolder } from './platform-packages.mjs'
import { run } from './run.mjs'
import { setUp } from './setup.mjs'

// npm run platforms             the built package where other programs run or compile it: test/platforms
// npm run platforms -- jest     the files whose name holds the word
//
// What that takes is heavy and of no use for anything else, so it is installed into cache folders and not with the repository.
setUp({ browser: false, javaScriptCore: true })
const installations = [
  { folder: platformsFolder, dependencies: platformPackages },
  ...Object.entries(reactNativeApps).map(([name, dependencies]) => ({
    folder: reactNativeFolder(/** @type {keyof typeof reactNativeApps} */ (name)),
    dependencies,
  })),
]
const build = ['node', 'node_modules/rollup/dist/bin/rollup', '--config', '--silent']
await Promise.all([must(build, 'the package could not be built'), ...installations.map(install)])
for (const { folder } of installations) copyPackage(`${folder}/node_modules/tokenward`)

const vitest = ['node', 'node_modules/vitest/vitest.mjs', 'run', '--project=platforms']
const reporters = ['--reporter=verbose', '--reporter=./scripts/vitest-totals.mjs']
const { ok } = await run([...vitest, ...reporters, ...process.argv.slice(2)], { limit: 400_000, show: true })
process.exitCode = ok ? 0 : 1

/** @param {{ folder: string, dependencies: Record<string, string> }} installation */
async function install({ folder, dependencies }) {
  const wanted = JSON.stringify({ private: true, dependencies })
  // Written when the installation has succeeded.
  const record = `${folder}/installed.json`
  if (existsSync(record) && readFileSync(record, 'utf8') === wanted) return
  console.log(`\n> Installing what the platforms need: ${folder.slice(root.length)}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/package.json`, wanted)
  const command = [
    'npm',
    'install',
    '--prefix',
    folder,
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--loglevel=error',
  ]
  await must(command, 'the packages could not be installed')
  writeFileSync(record, wanted)
}

/** @param {string} copy where the built package goes */
function copyPackage(copy) {
  rmSync(copy, { recursive: true, force: true })
  cpSync(`${root}dist`, `${copy}/dist`, { recursive: true })
  cpSync(`${root}package.json`, `${copy}/package.json`)
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
