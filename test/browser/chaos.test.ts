import { expect, it } from 'vitest'
import { otherEngines } from '../../scripts/programs.mjs'
import type { EngineName } from '../chaos/engine.ts'
import { runChaos } from '../chaos/run-chaos.ts'
import { summary } from '../chaos/summary.ts'

const { there } = otherEngines()
const engines: readonly EngineName[] = ['chromium', ...there]
const seed = 1
/** On a loaded machine browsers take long to start, and the last calls long to be answered. */
const timeout = 400_000

for (const engine of engines) {
  it(
    `COO-01 COO-04 RT-10: ten seconds of chaos in ${engine}: no session is lost and nothing is presented twice but for a cause outside`,
    async () => {
      const result = await runChaos({ engine, duration: 10_000, seed })
      console.log(summary(result))
      expect(result.violations).toEqual([])
      expect(result.calls.answered).toBeGreaterThan(0)
    },
    timeout,
  )
}

it(
  'finds reuse where there is some: with neither lock nor lease, in Chromium',
  async () => {
    const result = await runChaos({
      engine: 'chromium',
      duration: 3_000,
      seed,
      leaseless: true,
      only: ['tab opened'],
      enough: ({ requests }) => requests.filter(({ reused, overlapping }) => reused && overlapping).length > 2,
    })
    expect(result.reuse.get('our own contexts')).toBeGreaterThan(0)
    expect(result.violations.join()).toContain('a refresh token came twice')
  },
  timeout,
)
