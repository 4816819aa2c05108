import type { Lock } from '../ports.ts'

/**
 * Web Locks: exclusive among all tabs and workers of the origin, given back by the browser when the holder goes.
 * Names are readable by every script of the origin, and must not begin with `-`.
 */
export function webLock(): Lock {
  return {
    spans: 'store',
    // Neither `steal` nor `ifAvailable`: the old holder of a stolen lock runs on, and neither may be joined with `signal`.
    request: async (name, { signal }, run) => navigator.locks.request(name, { signal }, run),
  }
}
