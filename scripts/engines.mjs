import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from './chromium.mjs'

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
  const root = '/usr/lib'
  if (!existsSync(root)) return
  for (const folder of readdirSync(root)) {
    const path = join(root, folder, 'webkit2gtk-4.1', 'MiniBrowser')
    if (existsSync(path)) return path
  }
  return undefined
}
