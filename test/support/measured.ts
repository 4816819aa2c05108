import { expect } from 'vitest'

/** Whether this run measures how long callers wait: `npm run bench -- waits`, on a machine that has nothing else to do. */
export const isMeasured = process.env.MEASURE === '1'

/** Holds a wait to its bound, ms. Elsewhere than in a run that measures it says nothing: there the machine may be busy. */
export function expectWithin(took: number, bound: number): void {
  if (isMeasured) expect(took).toBeLessThanOrEqual(bound)
}
