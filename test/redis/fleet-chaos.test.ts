import { describe, expect, it } from 'vitest'
import { fleetSummary } from '../chaos/fleet/fleet-summary.ts'
import { runFleetChaos } from '../chaos/fleet/run-fleet-chaos.ts'

/** On a busy machine processes take long to start, and the last calls long to be answered, ms. */
const PATIENCE = 420_000

describe.concurrent('a fleet', () => {
  it(
    'COO-01 COO-04 RT-10: eight seconds of chaos: nothing is presented twice but for a lost answer, and all agree in the end',
    async () => {
      const rhythm = { every: [200, 600], calm: [500, 1_500] } as const
      const enough = ({ answered }: { readonly answered: number }) => answered > 10
      const story: string[] = []
      const log = (line: string) => void story.push(line)
      const result = await runFleetChaos({ duration: 8_000, enough, seed: 5, size: 4, log, ...rhythm })
      console.log(fleetSummary(result))
      if (result.violations.length > 0) console.log(story.join('\n'))
      expect(result.violations).toEqual([])
      expect(result.calls.answered).toBeGreaterThan(10)
    },
    PATIENCE,
  )

  it(
    'finds reuse where there is some: with nobody seeing a lease',
    async () => {
      const result = await runFleetChaos({
        duration: 6_000,
        enough: ({ hasOwnReuse }) => hasOwnReuse,
        seed: 1,
        size: 4,
        leaseless: true,
        only: ['process started'],
      })
      expect(result.reuse.get('our own contexts')).toBeGreaterThan(0)
      expect(result.violations.join()).toContain('a refresh token came twice')
    },
    PATIENCE,
  )
})
