import { describe, expect, it } from 'vitest'
import { conformance, document, testFiles, testsIn } from '../scripts/conformance.mjs'

describe('docs/conformance.md', () => {
  const now = conformance(document(), testsIn(testFiles()))

  it('says "shown" only where a test names the statement, and knows every statement that a test names', () => {
    expect(now.problems).toEqual([])
  })

  it('is up to date: `node scripts/conformance.mjs` writes it', () => {
    expect(now.markdown === document(), 'run `node scripts/conformance.mjs`, and commit docs/conformance.md').toBe(true)
  })
})

describe('the check of the document', () => {
  const table = (status: string, id = 'RT-09') => `| ${id} | Long waits. | ${status} |  |`
  const source = "it('RT-09: waits', run)\nit.each([[`RT-09 RT-10: %s`]])('%s', run)\nit('UTF-8 is no id', run)"
  const tests = testsIn({ 'test/a.test.ts': source })

  it('finds tests by the ids their titles begin with', () => {
    expect(tests.map(({ ids, title }) => [ids, title])).toEqual([
      [['RT-09'], 'waits'],
      [['RT-09', 'RT-10'], '…'],
    ])
  })

  it('misses a test for what is marked shown', () => {
    expect(conformance(table('shown'), []).problems).toEqual([expect.stringContaining('RT-09 is marked shown')])
    expect(conformance(`${table('shown')}\nRT-10 to RT-10`, tests).problems).toEqual([])
  })

  it('notices a test for what is marked planned or not applicable', () => {
    for (const status of ['planned: later', 'not applicable: elsewhere']) {
      expect(conformance(`${table(status)}\nRT-10 to RT-10`, tests).problems).toEqual([
        expect.stringContaining(`RT-09 is marked "${status}"`),
      ])
      expect(conformance(table(status), []).problems).toEqual([])
    }
    expect(conformance(`${table('partly: not all')}\nRT-10 to RT-10`, tests).problems).toEqual([])
  })

  it('does not know an id that has no row', () => {
    expect(conformance(table('shown'), tests).problems).toEqual([expect.stringContaining('test/a.test.ts names RT-10')])
  })

  it('refuses a status without its why, and a row twice', () => {
    expect(conformance(table('planned'), []).problems).toEqual([expect.stringContaining('no status')])
    expect(conformance(`${table('planned: later')}\n${table('planned: later')}`, []).problems).toHaveLength(1)
  })

  it('writes the tests, and turns what only lacked a test into shown', () => {
    const { markdown } = conformance(`${table('partly: no test names it yet')}\nRT-10 to RT-10`, tests)
    expect(markdown).toContain('| shown | [a](../test/a.test.ts): waits · … |')
    expect(conformance(markdown, tests).markdown).toBe(markdown)
  })
})
