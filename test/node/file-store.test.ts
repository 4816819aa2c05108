import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileStore } from '../../src/node/file-store.ts'
import { expectWithin } from '../support/measured.ts'
import { type ChildEnd, childProgram, type Program } from '../support/processes/child-program.ts'
import type { FileStoreTask } from './file-store-process.ts'

const key = '07'.repeat(32)
let base: string
let folders = 0
let program: Program

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'tokenward-'))
  program = await childProgram('test/node/file-store-process.ts')
})
afterAll(() => rm(base, { recursive: true, force: true }))

const newFolder = () => join(base, `${folders++}`)
const open = (path: string) => fileStore({ path, key: Buffer.from(key, 'hex') })
const run = (task: Omit<FileStoreTask, 'key'>) => program({ argument: { ...task, key } satisfies FileStoreTask })
const valueIn = async (path: string) => (await open(path).get('k'))?.value

/** Two at a time, as there may be no more than two cores. */
async function each<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const waiting = [...all]
  const worker = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await work(one)
  }
  await Promise.all([worker(), worker()])
}

const stepsOf = ({ messages: [said] }: ChildEnd) => (said as { steps: readonly string[] }).steps

/** Every point at which a process can die and leave something else than at the one before. */
function pointsOf(end: ChildEnd): number[] {
  return stepsOf(end).flatMap((name, index) => {
    if (/writeFile/.test(name)) return [index + 1, index + 1.5]
    return /^(create|link|unlink|rename)$/.test(name) ? [index + 1] : []
  })
}

/** What a process that died left: one of `values`, and nothing that keeps anybody. */
async function expectSound(
  path: string,
  values: readonly unknown[],
  where: string,
  kept = /lock$|heir$/,
): Promise<unknown> {
  const found = await valueIn(path)
  expect(values, where).toContainEqual(found)
  const began = performance.now()
  const store = open(path)
  expect(await store.swap('k', (await store.get('k'))?.tag, { n: 'after' }), where).toBe(true)
  expectWithin(performance.now() - began, 2_000)
  expect(await valueIn(path)).toEqual({ n: 'after' })
  expect(
    (await readdir(path)).filter((name) => kept.test(name)),
    where,
  ).toEqual([])
  return found
}

describe('fileStore among processes', () => {
  it('STO-13: of 8 processes that each swap 25 times, every swap that said it won did, and no other', async () => {
    const path = newFolder()
    const children = Array.from({ length: 8 }, () => run({ path, add: 25 }))
    for (const { ended } of children) expect(await ended).toMatchObject({ code: 0, errors: '' })
    expect(await valueIn(path)).toEqual({ n: 200 })
    expect(await readdir(path)).toHaveLength(1)
  })

  it('loses no swap and keeps nobody waiting when processes are killed while they swap', async () => {
    const path = newFolder()
    const children = Array.from({ length: 6 }, () => run({ path, add: 10_000 }))
    await Promise.all(children.map((child) => child.message()))
    for (const child of children) {
      await sleep(150 + Math.random() * 100)
      child.process.kill('SIGKILL')
    }
    const ends = await Promise.all(children.map(({ ended }) => ended))
    expect(ends.map(({ signal }) => signal)).toEqual(Array(6).fill('SIGKILL'))
    const won = ends.reduce((sum, { messages }) => sum + messages.length, 0)
    const { n } = (await valueIn(path)) as { n: number }
    // Of each process one swap may have happened of which it could not tell any more.
    expect(n).toBeGreaterThanOrEqual(won)
    expect(n).toBeLessThanOrEqual(won + children.length)
    // Of those that took over one from the other, one may have been killed after it had removed the lock, and before what it had inherited. Nobody
    // looks for such a file. It goes when the next process opens the folder.
    await expectSound(path, [{ n }], 'at the end', /lock$/)
    expect(await run({ path, write: { n } }).ended).toMatchObject({ code: 0, errors: '' })
    await expectSound(path, [{ n }], 'after the next process')
  })

  it('STO-05 STO-06: a process killed at any step of a write leaves the old value or the new one, and no lock', async () => {
    const pristine = newFolder()
    await open(pristine).swap('k', undefined, { n: 'old' })
    const rehearsal = newFolder()
    await cp(pristine, rehearsal, { recursive: true })
    const points = pointsOf(await run({ path: rehearsal, write: { n: 'new' } }).ended)
    expect(points.length).toBeGreaterThan(6)

    const found = new Set<string>()
    await each(points, async (dieAt) => {
      const path = newFolder()
      await cp(pristine, path, { recursive: true })
      const { signal, errors } = await run({ path, write: { n: 'new' }, dieAt }).ended
      expect([signal, errors]).toEqual(['SIGKILL', ''])
      found.add(JSON.stringify(await expectSound(path, [{ n: 'old' }, { n: 'new' }], `step ${dieAt}`)))
    })
    expect(found.size).toBe(2)
  })

  it('a process killed at any step of taking over from a dead one leaves its place to the next', async () => {
    const orphaned = newFolder()
    await open(orphaned).swap('k', undefined, { n: 'old' })
    const other = newFolder()
    await cp(orphaned, other, { recursive: true })
    const steps = stepsOf(await run({ path: other, write: { n: 'new' } }).ended)
    const dead = run({ path: orphaned, write: { n: 'never' }, dieAt: steps.indexOf('file.sync') + 1 })
    expect((await dead.ended).signal).toBe('SIGKILL')
    expect((await readdir(orphaned)).filter((name) => name.endsWith('.lock'))).toHaveLength(1)
    const rehearsal = newFolder()
    await cp(orphaned, rehearsal, { recursive: true })
    const end = await run({ path: rehearsal, write: { n: 'new' } }).ended
    const points = pointsOf(end)
    expect(stepsOf(end).filter((name) => name === 'link')).toHaveLength(2)

    const found = new Set<string>()
    await each(points, async (dieAt) => {
      const path = newFolder()
      await cp(orphaned, path, { recursive: true })
      expect((await run({ path, write: { n: 'new' }, dieAt }).ended).signal).toBe('SIGKILL')
      found.add(JSON.stringify(await expectSound(path, [{ n: 'old' }, { n: 'new' }], `step ${dieAt}`)))
    })
    expect(found.size).toBe(2)
  })

  it('a process killed at any step of a deletion leaves the value or nothing', async () => {
    const pristine = newFolder()
    await open(pristine).swap('k', undefined, { n: 'old' })
    const rehearsal = newFolder()
    await cp(pristine, rehearsal, { recursive: true })
    const points = pointsOf(await run({ path: rehearsal }).ended)
    await each(points, async (dieAt) => {
      const path = newFolder()
      await cp(pristine, path, { recursive: true })
      expect((await run({ path, dieAt }).ended).signal).toBe('SIGKILL')
      await expectSound(path, [{ n: 'old' }, undefined], `step ${dieAt}`)
    })
  })

  it('a process that watches hears of another process, and the watch does not keep it running', async () => {
    const path = newFolder()
    const store = open(path)
    await store.swap('k', undefined, { n: 1 })
    const idle = run({ path, watch: true })
    expect(await idle.ended).toMatchObject({ code: 0, messages: ['watching'], errors: '' })

    const { tag } = (await store.get('k')) ?? {}
    const changed = new Promise<void>((resolve) => {
      store.watch?.('k', tag, resolve)
    })
    expect(await run({ path, add: 1 }).ended).toMatchObject({ code: 0 })
    await changed
  })
})
