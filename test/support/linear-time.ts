import { expect } from 'vitest'

/**
 * Holds `run` to linear time, however fast the machine is: a hundred times as much may take two thousand times as long. Work that goes back
 * and forth takes ten thousand times as long.
 */
export async function expectLinearTime(size: number, run: (size: number) => unknown): Promise<void> {
  const took = async (much: number) => {
    const began = performance.now()
    await run(much)
    return performance.now() - began
  }
  const little = Math.ceil(size / 100)
  await took(little)
  expect(await took(size)).toBeLessThan(2_000 * Math.max(1, await took(little)))
}
