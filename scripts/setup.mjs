import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { root } from './entries.mjs'
import { faketimeLibrary, findChromium, otherEngines } from './programs.mjs'

const [minimumMajor, minimumMinor] = [20, 19]

/**
 * Brings what the suite and the demo need and what is not here yet: the npm packages of package-lock.json, a Chromium, and on
 * Debian, for root, Firefox, WebKitGTK, Redis, faketime and a keychain. Needs nothing but Node and npm itself. If something cannot
 * be had it ends the process with a sentence on what to do. It goes on without the other engines, the keychain and openssl, and says so.
 *
 * @param {{ browser: boolean, otherEngines?: boolean, redis?: boolean, javaScriptCore?: boolean }} options whether a Chromium is
 *   needed, whether the other engines are, whether a Redis, wrong clocks and a keychain are, and whether JavaScriptCore's shell is
 */
export function setUp({ browser, otherEngines: others = false, redis = false, javaScriptCore = false }) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < minimumMajor || (major === minimumMajor && minor < minimumMinor)) {
    giveUp(`Node ${minimumMajor}.${minimumMinor} or newer is needed, this is ${process.versions.node}.`)
  }
  if (!packagesAreThere()) {
    step('Installing the npm packages of package-lock.json')
    const command = ['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=warn', '--progress']
    if (!show(command))
      giveUp(`\`${command.join(' ')}\` failed; its output above says why. Is the npm registry reachable?`)
  }
  if (browser) bringChromium()
  if (others) bringOtherEngines()
  if (redis) {
    bringRedis()
    bringKeychain()
  }
  if (javaScriptCore) bringJavaScriptCore()
}

/** Whether node_modules holds what package-lock.json asks for. npm keeps what it installed in node_modules/.package-lock.json. */
export function packagesAreThere() {
  const installed = packagesOf('node_modules/.package-lock.json')
  const wanted = packagesOf('package-lock.json')
  if (!installed || !wanted) return false
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true
    const found = installed[path]
    return found ? found.version === version && existsSync(root + path) : optional === true
  })
}

/**
 * @param {string} path
 * @returns {Record<string, { version: string, optional?: boolean }> | undefined}
 */
function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(root + path, 'utf8')).packages
  } catch {
    return undefined
  }
}

function bringChromium() {
  if (chromiumStarts()) return
  if (process.env.CHROMIUM_PATH)
    giveUp(`CHROMIUM_PATH is ${process.env.CHROMIUM_PATH}, and no Chromium starts from there.`)
  if (canInstall()) {
    step("Installing Debian's chromium package")
    install('chromium')
    if (chromiumStarts()) return
  }
  step("Downloading Playwright's Chromium")
  show(['node', 'node_modules/playwright-core/cli.js', 'install', '--no-shell', 'chromium'])
  if (!chromiumStarts()) {
    giveUp(
      'No Chromium could be found or installed. Install Chromium or Chrome, or set CHROMIUM_PATH to one, and run this again.',
    )
  }
}

function bringOtherEngines() {
  if (otherEngines().missing.length > 0 && canInstall()) {
    step("Installing Debian's Firefox and WebKitGTK")
    install('firefox-esr', 'webkit2gtk-driver', 'xvfb')
  }
  const { missing } = otherEngines()
  if (missing.length > 0) console.log(`Not here, so not run: ${missing.join(', ')}.`)
}

function bringRedis() {
  const missing = () => [
    ...(spawnSync(process.env.REDIS_SERVER ?? 'redis-server', ['--version']).status === 0 ? [] : ['redis-server']),
    ...(faketimeLibrary() ? [] : ['faketime']),
  ]
  if (missing().length > 0 && canInstall()) {
    step("Installing Debian's Redis and faketime")
    install(...missing())
  }
  const lacking = missing()
  if (lacking.length > 0)
    giveUp(`Install ${lacking.join(' and ')} (Debian: apt-get install ${lacking.join(' ')}), and run this again.`)
}

/** What a few tests of `tokenward/node` need: a keychain for keys, openssl for certificates. */
function bringKeychain() {
  const needed = { 'dbus-run-session': 'dbus', 'gnome-keyring-daemon': 'gnome-keyring', openssl: 'openssl' }
  const missing = () =>
    Object.entries(needed).flatMap(([command, name]) => (spawnSync(command, ['--version']).error ? [name] : []))
  if (missing().length > 0 && canInstall()) {
    step("Installing Debian's keychain and openssl")
    install(...missing())
  }
  if (missing().length > 0) console.log(`Not here, so not tested with: ${missing().join(', ')}.`)
}

function bringJavaScriptCore() {
  const isMissing = () => spawnSync('jsc', ['-e', '0']).status !== 0
  if (isMissing() && canInstall()) {
    step("Installing Debian's JavaScriptCore")
    install('libjavascriptcoregtk-4.0-bin')
  }
  if (isMissing()) console.log('Not here, so not tested with: jsc.')
}

function canInstall() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version')
}

/** @param {string[]} packages of Debian */
function install(...packages) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  show(['apt-get', 'update', '-q'], env)
  show(['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...packages], env)
}

/** One that is there but lacks a system library does not count. */
function chromiumStarts() {
  const path = findChromium()
  if (!path) return false
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 30_000 })
  if (status === 0) console.log(`Chromium: ${stdout.trim()} (${path})`)
  return status === 0
}

/**
 * @param {string[]} command
 * @param {Record<string, string>} [env]
 * @returns {boolean} whether it exited with 0
 */
function show([program = '', ...args], env = {}) {
  const { status } = spawnSync(program === 'node' ? process.execPath : program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  return status === 0
}

/** @param {string} text */
function step(text) {
  console.log(`\n> ${text}`)
}

/**
 * @param {string} text
 * @returns {never}
 */
function giveUp(text) {
  console.error(`\n${text}`)
  process.exit(1)
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  setUp({ browser: true, otherEngines: true, redis: true })
