import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/in-process/system-clock.ts'
import { clockContract } from '../contracts/clock.ts'
import { manualClock } from '../support/manual-clock.ts'

const source = fileURLToPath(new URL('../../src/in-process/system-clock.ts', import.meta.url))

clockContract('systemClock', () => ({
  clock: systemClock,
  pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms + 5)),
}))

clockContract('manualClock', () => {
  const clock = manualClock()
  return { clock, pass: (ms) => clock.advance(ms) }
})

describe('systemClock', () => {
  afterEach(() => void vi.useRealTimers())

  it('RT-09: runs on time after many laps', async () => {
    vi.useFakeTimers()
    const year = 365 * 24 * 60 * 60 * 1000
    let ran = 0
    systemClock.at(systemClock.elapsed() + year, () => ran++)
    await vi.advanceTimersByTimeAsync(year - 1000)
    expect(ran).toBe(0)
    await vi.advanceTimersByTimeAsync(1000)
    expect(ran).toBe(1)
  })

  it('RT-09: never asks the platform for a delay it cannot keep', () => {
    const delays: number[] = []
    vi.stubGlobal('setTimeout', (_: () => void, delay: number) => delays.push(delay))
    for (const time of [2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY, -1]) systemClock.at(time, () => {})
    vi.unstubAllGlobals()
    expect(delays).toHaveLength(4)
    for (const delay of delays) {
      expect(delay).toBeLessThanOrEqual(2 ** 31 - 1)
      expect(delay).toBeGreaterThanOrEqual(0)
    }
  })

  it('undoes a wait in a later lap', async () => {
    vi.useFakeTimers()
    let ran = 0
    const undo = systemClock.at(systemClock.elapsed() + 2 ** 32, () => ran++)
    await vi.advanceTimersByTimeAsync(2 ** 31 + 10)
    undo()
    await vi.advanceTimersByTimeAsync(2 ** 32)
    expect(ran).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('RT-09: does not keep a process alive', async () => {
    const { transform } = await import('esbuild')
    const { readFile } = await import('node:fs/promises')
    const { code } = await transform(await readFile(source, 'utf8'), { loader: 'ts', format: 'esm' })
    const script = `${code}\nsystemClock.at(systemClock.elapsed() + 60_000, () => {})`
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 50_000 })
  })
})

describe('manualClock', () => {
  it('runs timers set by timers, in order, with the promises between them', async () => {
    const clock = manualClock(1000)
    const seen: string[] = []
    clock.at(10, () => {
      seen.push(`a${clock.elapsed()}`)
      clock.at(15, () => seen.push(`c${clock.elapsed()}`))
      void Promise.resolve().then(() => seen.push('b'))
    })
    clock.at(20, () => seen.push(`d${clock.now()}`))
    await clock.advance(20)
    expect(seen).toEqual(['a10', 'b', 'c15', 'd1020'])
    expect(clock.pending).toBe(0)
  })

  it('jumps on the wall clock alone', () => {
    const clock = manualClock(1000)
    clock.jump(-500)
    expect([clock.now(), clock.elapsed()]).toEqual([500, 0])
  })
})
