import { readFileSync } from 'node:fs'
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
 * Of each project the files that take longest first, so that none of them runs alone at the end: vitest itself knows how long each took only
 * where it has run before. Then files with one environment beside each other: for every change of it vitest ends the process that the
 * files share, and the next one loads everything again.
 */
export default class TestOrder extends BaseSequencer {
  /**
   * @override
   * @param {import('vitest/node').TestSpecification[]} files
   */
  async sort(files) {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => byProject(a, b) || placeOf(a) - placeOf(b) || byEnvironment(a, b))
  }
}

/** @typedef {import('vitest/node').TestSpecification} File */

/** @type {(a: File, b: File) => number} */
const byProject = (a, b) => a.project.name.localeCompare(b.project.name)

/** @type {(a: File, b: File) => number} */
const byEnvironment = (a, b) => environmentOf(a).localeCompare(environmentOf(b))

/** @param {File} file */
function placeOf({ moduleId }) {
  const place = longFiles.findIndex((name) => moduleId.endsWith(name))
  return place < 0 ? longFiles.length : place
}

/** @param {File} file */
function environmentOf({ moduleId }) {
  return /@vitest-environment (\S+)/.exec(readFileSync(moduleId, 'utf8'))?.[1] ?? ''
}
