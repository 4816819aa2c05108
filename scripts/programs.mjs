import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'

const chromiumNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/**
 * The Chromium that the suite and the demo's check drive: `CHROMIUM_PATH`, else one on the `PATH`, else Playwright's own.
 *
 * @returns {string | undefined} its path; `undefined` if there is none
 */
export function findChromium() {
  return findProgram(process.env.CHROMIUM_PATH, chromiumNames) ?? (process.env.CHROMIUM_PATH ? undefined : downloaded())
}

/**
 * @param {string | undefined} named the only one that counts, if there is a name
 * @param {readonly string[]} names what it is called on the `PATH`
 * @returns {string | undefined} its path
 */
export function findProgram(named, names) {
  if (named) return isProgram(named) ? named : undefined
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isProgram)
}

/**
 * What `chromium.launch()` of playwright-core needs to start it headless, also as root and in a container.
 *
 * @returns {{ executablePath: string, headless: true, args: string[] }}
 */
export function chromiumLaunchOptions() {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('No Chromium found. Run `npm run setup`, or set CHROMIUM_PATH.')
  return {
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  }
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function downloaded() {
  try {
    const path = createRequire(import.meta.url)('playwright-core').chromium.executablePath()
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

/**
 * The Firefox that chaos drives: `FIREFOX_PATH`, else one on the `PATH`.
 *
 * @returns {string | undefined}
 */
export function findFirefox() {
  return findProgram(process.env.FIREFOX_PATH, ['firefox-esr', 'firefox'])
}

/**
 * What it takes to drive WebKitGTK: its driver, its MiniBrowser, and a display to show it on.
 *
 * @returns {{ driver: string, browser: string, xvfb: string } | undefined}
 */
export function findWebKit() {
  const driver = findProgram(undefined, ['WebKitWebDriver'])
  const xvfb = findProgram(undefined, ['Xvfb'])
  const browser = miniBrowser()
  return driver && xvfb && browser ? { driver, browser, xvfb } : undefined
}

/**
 * The engines beside Chromium that can be driven here, and those that cannot.
 *
 * @returns {{ there: ('firefox' | 'webkit')[], missing: ('firefox' | 'webkit')[] }}
 */
export function otherEngines() {
  const all = /** @type {const} */ ([
    ['firefox', findFirefox()],
    ['webkit', findWebKit()],
  ])
  return {
    there: all.filter(([, found]) => found).map(([name]) => name),
    missing: all.filter(([, found]) => !found).map(([name]) => name),
  }
}

/** Debian keeps it with the library. */
function miniBrowser() {
  const libraries = '/usr/lib'
  if (!existsSync(libraries)) return undefined

  for (const folder of readdirSync(libraries)) {
    const path = join(libraries, folder, 'webkit2gtk-4.1', 'MiniBrowser')
    if (existsSync(path)) return path
  }
  return undefined
}

/**
 * What gives a process another wall clock: the environment to start it with, for a clock that is wrong by `skew` milliseconds.
 *
 * @returns {(skew: number) => Record<string, string>}
 */
export function findFaketime() {
  const library = faketimeLibrary()
  if (!library)
    throw new Error(
      'No libfaketime found. Install the package faketime (Debian: apt-get install faketime; `npm run setup` does it for root).',
    )
  return (skew) => ({
    LD_PRELOAD: library,
    FAKETIME: `${skew < 0 ? '' : '+'}${skew / 1000}`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  })
}

/** Where the library lies; `undefined` if it is not installed. */
export function faketimeLibrary() {
  if (process.env.FAKETIME_LIBRARY) return process.env.FAKETIME_LIBRARY
  try {
    const folders = readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/faketime`)
    for (const folder of ['/usr/lib/faketime', ...folders]) {
      if (entriesOf(folder).includes('libfaketime.so.1')) return `${folder}/libfaketime.so.1`
    }
  } catch {
    // Another system.
  }
  return undefined
}

/** @param {string} folder */
function entriesOf(folder) {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
