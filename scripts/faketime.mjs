import { readdirSync } from 'node:fs'

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
