import { totalsLine } from './totals.mjs'

/**
 * The command that runs vitest once, with a last line of totals.
 *
 * @param {...string} args
 * @returns {string[]}
 */
export function vitest(...args) {
  const reporters = args.some((arg) => arg.startsWith('--reporter')) ? [] : ['--reporter=default']
  return ['node', 'node_modules/vitest/vitest.mjs', 'run', ...args, ...reporters, '--reporter=./scripts/vitest.mjs']
}

/** A vitest reporter whose only word is the line of totals. A file that cannot be loaded is a failure, and so is an empty run. */
export default class VitestTotals {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    let passed = 0
    let failed = unhandledErrors.length
    for (const module of modules) {
      failed += module.errors().length
      for (const test of module.children.allTests()) {
        if (test.result().state === 'passed') passed++
        else failed++
      }
    }
    if (passed + failed === 0) failed = 1
    console.log(`\n${totalsLine([{ passed, failed }])}`)
  }
}
