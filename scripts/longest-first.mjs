import { BaseSequencer } from 'vitest/node'

/** They take long for their size: what waits for other processes to start, or for time to go by. */
export const longFiles = [
  'test/browser/chaos.test.ts',
  'test/browser/lost-tab.test.ts',
  'test/browser/worker.test.ts',
  'test/browser/bff-page.test.ts',
  'test/browser/logout-everywhere.test.ts',
  'test/browser/eight-tabs.test.ts',
  'test/browser/demo.test.ts',
  'test/browser/slow-server.test.ts',
  'test/browser/framework-examples.test.ts',
  'test/browser/dpop-engines.test.ts',
  'test/browser/two-sign-ins.test.ts',
  'test/node/session-processes.test.ts',
  'test/node/wild-servers.test.ts',
  'test/redis/fleet-chaos.test.ts',
  'test/redis/bff-hosts.test.ts',
]

/**
 * Begins with the files that take longest, so that none of them runs alone at the end. vitest itself knows how long each took only where it
 * has run before; else it begins with the largest.
 */
export default class LongestFirst extends BaseSequencer {
  /**
   * @override
   * @param {import('vitest/node').TestSpecification[]} files
   */
  async sort(files) {
    const sorted = await super.sort(files)
    const placeOf = (/** @type {import('vitest/node').TestSpecification} */ { moduleId }) => {
      const place = longFiles.findIndex((name) => moduleId.endsWith(name))
      return place < 0 ? longFiles.length : place
    }
    return sorted.toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}
