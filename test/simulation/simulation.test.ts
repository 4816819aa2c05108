import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { compile } from '../../scripts/typescript-hooks.mjs'
import * as subject from '../../src/index.ts'
import { plant } from './fault-hooks.mjs'
import { type Edit, faults } from './faults.ts'
import { runHistory } from './history.ts'
import { plan } from './plan.ts'
import { simulate } from './pool.ts'
import { tallyText } from './tally.ts'

const workers = 2

describe('the simulation', () => {
  it('RT-03, RT-18: breaks no law, whatever tabs, clocks, storage, network and server do', {
    timeout: 280_000,
  }, async () => {
    const began = performance.now()
    const before = process.cpuUsage()
    const { tally, failures } = await simulate({ histories: 1_000, seed: 1, workers })
    const { user, system } = process.cpuUsage(before)
    console.log(tallyText(tally, performance.now() - began, (user + system) / 1000))
    expect(failures.map(({ seed, story }) => `seed ${seed}\n${story}`)).toEqual([])
    expect(tally).toMatchObject({ histories: 1_000 })
    expect(tally.refreshes).toBeGreaterThan(3_000)
  })

  it.each([
    ['no re-read after the lock', 1],
    ['lease ignored', 7],
    ['outbox lost at reload', 3],
    ['a rejection in a listener escapes', 10],
  ])('finds a planted fault: %s', { timeout: 120_000 }, async (fault, law) => {
    const { failures } = await simulate({ histories: 1_000, seed: 1, workers, fault, batch: 25 })
    expect(failures[0]).toMatchObject({ law })
    expect(failures[0]?.story).toContain(`Law ${law} is broken`)
    expect(failures[0]?.story).toContain('the faults end')
  })

  it('replays a seed exactly', { timeout: 60_000 }, async () => {
    for (const seed of [3, 14, 159, 2_653]) {
      const first = await runHistory(plan(seed), subject, { timeline: true })
      const second = await runHistory(plan(seed), subject, { timeline: true })
      expect(second).toEqual(first)
      expect(first.timeline.length).toBeGreaterThan(20)
    }
  })

  it('tells a story that is the same every time', { timeout: 120_000 }, async () => {
    const task = { histories: 200, seed: 1, workers: 1, fault: 'lease ignored' }
    const [first, second] = [await simulate(task), await simulate(task)]
    expect(first.failures).toHaveLength(1)
    expect(second.failures).toEqual(first.failures)
  })

  it.each(faults)('has a text to plant the fault in, and compiles with it: $name', async ({ name, edits }) => {
    for (const file of new Set(edits.map((edit) => edit.file))) {
      const source = await readFile(new URL(`../../src/${file}`, import.meta.url), 'utf8')
      const own = edits.filter((edit) => edit.file === file)
      const planted = plant(source, name, own)
      expect(planted).not.toBe(source)
      await compile(planted, file)
    }
  })

  it('says so when a fault cannot be planted', async () => {
    const edits: readonly Edit[] = [{ file: 'a.ts', find: 'gone', replacement: '' }]
    expect(() => plant('here', 'a fault', edits)).toThrow('a fault: its text is in a.ts 0 times')
    await expect(simulate({ histories: 1, seed: 1, workers: 1, fault: 'unheard of' })).rejects.toThrow('unheard of')
  })
})
