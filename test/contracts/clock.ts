import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/ports.ts'

const thirtyDays = 30 * 24 * 60 * 60 * 1000

/** What every {@link Clock} does. `pass` lets at least `ms` go by on it. */
export function clockContract(name: string, create: () => { clock: Clock; pass: (ms: number) => Promise<void> }): void {
  describe(`${name} keeps the Clock contract`, () => {
    it('tells wall time and a time that does not go back', async () => {
      const { clock, pass } = create()
      const [now, elapsed] = [clock.now(), clock.elapsed()]
      await pass(20)
      expect(clock.now()).toBeGreaterThanOrEqual(now + 15)
      expect(clock.elapsed()).toBeGreaterThanOrEqual(elapsed + 20)
    })

    it('runs in the order of time, once each, and not before', async () => {
      const { clock, pass } = create()
      const start = clock.elapsed()
      const ran: [number, boolean][] = []
      for (const ms of [30, 10, 20]) clock.at(start + ms, () => ran.push([ms, clock.elapsed() >= start + ms]))
      await pass(60)
      expect(ran).toEqual([
        [10, true],
        [20, true],
        [30, true],
      ])
    })

    it('runs what is due already, but never in the same turn', async () => {
      const { clock, pass } = create()
      let ran = 0
      clock.at(clock.elapsed() - 1000, () => ran++)
      expect(ran).toBe(0)
      await Promise.resolve()
      expect(ran).toBe(0)
      await pass(5)
      expect(ran).toBe(1)
    })

    it('runs nothing that was undone', async () => {
      const { clock, pass } = create()
      let ran = 0
      const undo = clock.at(clock.elapsed() + 5, () => ran++)
      undo()
      undo()
      await pass(20)
      expect(ran).toBe(0)
    })

    it('RT-09: does not run at once what is due after the longest platform timer', async () => {
      const { clock, pass } = create()
      let ran = 0
      const undo = clock.at(clock.elapsed() + thirtyDays, () => ran++)
      await pass(20)
      expect(ran).toBe(0)
      undo()
    })
  })
}
