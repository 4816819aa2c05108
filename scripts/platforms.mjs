import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { root } from './entries.mjs'
import { appFolder, frameworkApps, platformPackages, platformsFolder, reactNativeApps } from './platform-packages.mjs'
import { run } from './run.mjs'
import { runtimesHere, testRuntimes } from './runtimes.mjs'
import { setUp } from './setup.mjs'
import { readTotals, totalsLine } from './totals.mjs'
import { vitest } from './vitest.mjs'

// npm run test:platforms                   the built package wherever it has to run or compile
// npm run test:platforms -- jest "node 24" of that what has one of these words in its name; same-app is bench/same-app
// npm run test:platforms -- node --rooms   on each Node also what is tested of the rooms that a service uses
//
// What that takes is heavy and of no use for anything else, so it is installed into cache folders and not with the repository.
const frameworks = /** @type {(keyof typeof frameworkApps)[]} */ (Object.keys(frameworkApps))
const hosts = ['workerd', 'jest', 'typescript', 'eslint', 'react-native', 'site', 'pages', ...frameworks]
const given = process.argv.slice(2)
const isRooms = given.includes('--rooms')
const words = given.filter((word) => !word.startsWith('--')).map((word) => word.toLowerCase())
const isAsked = (/** @type {string} */ name) =>
  words.length === 0 || words.some((word) => name.toLowerCase().includes(word))

const chosenHosts = hosts.filter(isAsked)
const chosenRuntimes = runtimesHere().filter(({ name }) => isAsked(name))
if (chosenHosts.length + chosenRuntimes.length === 0) {
  const all = [...hosts, ...runtimesHere().map(({ name }) => name)]
  console.error(`No platform is called "${words.join(' ')}". There are: ${all.join(', ')}`)
  process.exit(1)
}

const isReactNative = chosenHosts.includes('react-native')
const chosenFrameworks = frameworks.filter((name) => chosenHosts.includes(name))
const isPages = chosenHosts.includes('site') || chosenHosts.includes('pages')
const isInBrowser = isReactNative || isPages || chosenFrameworks.length > 0
setUp({ browser: isInBrowser, javaScriptCore: isReactNative })
await must(['node', 'node_modules/rollup/dist/bin/rollup', '--config', '--silent'], 'the package could not be built')
const totals = []
if (chosenHosts.length > 0) totals.push(await testHosts())
if (chosenRuntimes.length > 0) totals.push(await testRuntimes(chosenRuntimes, isRooms))
console.log(`\n${totalsLine(totals)}`)
process.exitCode = totals.every(({ failed }) => failed === 0) ? 0 : 1

/** Programs that run or compile the package: test/platforms. */
async function testHosts() {
  const installations = [{ folder: platformsFolder, dependencies: platformPackages }]
  if (isReactNative) installations.push(...apps(reactNativeApps))
  installations.push(...apps(Object.fromEntries(chosenFrameworks.map((name) => [name, frameworkApps[name]]))))
  await Promise.all(installations.map(install))
  for (const { folder } of installations) copyPackage(`${folder}/node_modules/tokenward`)

  const command = vitest('--project=platforms', '--reporter=verbose', ...chosenHosts.map((host) => `platforms/${host}`))
  const { output, ok } = await run(command, { limit: 1_800_000, show: true })
  return readTotals(output, ok)
}

/**
 * What to install for apps.
 *
 * @param {Record<string, Record<string, string>>} packagesOf by their names
 */
function apps(packagesOf) {
  return Object.entries(packagesOf).map(([name, dependencies]) => ({
    folder: appFolder(/** @type {Parameters<typeof appFolder>[0]} */ (name)),
    dependencies,
    withoutPeers: name === 'migration',
  }))
}

/** @param {{ folder: string, dependencies: Record<string, string>, withoutPeers?: boolean }} installation */
async function install({ folder, dependencies, withoutPeers }) {
  const wanted = JSON.stringify({ private: true, dependencies })
  // Written when the installation has succeeded.
  const record = `${folder}/installed.json`
  if (existsSync(record) && readFileSync(record, 'utf8') === wanted) return

  console.log(`\n> Installing what the platforms need: ${folder.slice(root.length)}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/package.json`, wanted)
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  if (withoutPeers) options.push('--legacy-peer-deps')
  await must(['npm', 'install', '--prefix', folder, ...options], 'the packages could not be installed')
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
