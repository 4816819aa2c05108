import { accessSync, constants, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/**
 * The Chromium that the suite and the demo's check drive: `CHROMIUM_PATH`, else one on the `PATH`, else Playwright's own.
 *
 * @returns {string | undefined} its path; `undefined` if there is none
 */
export function findChromium() {
  return findProgram(process.env.CHROMIUM_PATH, names) ?? (process.env.CHROMIUM_PATH ? undefined : downloaded())
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
