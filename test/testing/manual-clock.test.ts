import { afterEach, expect, it, vi } from 'vitest'
import { manualClock } from '../../src/testing/index.ts'

afterEach(() => void vi.useRealTimers())

it('runs what falls due in the order of its time, whoever asked first', async () => {
  const clock = manualClock(0)
  const seen: number[] = []
  for (const time of [30, 20, 10]) clock.at(time, () => seen.push(clock.now()))
  await clock.advance(25)
  expect([seen, clock.pending]).toEqual([[10, 20], 1])
})

it('runs while the timers of the platform are replaced', async () => {
  vi.useFakeTimers()
  const clock = manualClock()
  let ran = false
  clock.at(1, () => {
    ran = true
  })
  await clock.advance(1)
  expect(ran).toBe(true)
})
