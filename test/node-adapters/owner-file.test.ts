import fs, { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type OwnerFileOptions, whileOwning } from '../../src/node/owner-file.ts'
import { type ProcessIdentity, thisProcess } from '../../src/node/process-identity.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenward-'))
  path = join(folder, 'lock')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Somebody else is the owner: this process, as far as `change` does not say otherwise. */
async function owner(change: Partial<ProcessIdentity>, id = 'somebody', file = path) {
  await writeFile(file, JSON.stringify({ ...thisProcess(), ...change, id }))
}
const limits: OwnerFileOptions = { holdLimit: 100, patience: 100 }
const own = (options = limits) => whileOwning(path, async () => 'owned', options)
const refused = { code: 'ERR_STORE_FAILED', reason: 'store_failed' }
/** No process has it: above what Linux gives out. */
const nobody = 2 ** 22 + 1

describe('whileOwning', () => {
  it('runs one at a time, in the order of asking, and gives back what they return or throw', async () => {
    const order: string[] = []
    const asked = ['a', 'b', 'c'].map((name) =>
      whileOwning(path, async () => {
        order.push(`${name} in`)
        await sleep(5)
        order.push(`${name} out`)
        if (name === 'b') throw new Error('b failed')
        return name
      }),
    )
    const results = await Promise.allSettled(asked)
    expect(order).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out'])
    expect(results.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message))).toEqual([
      'a',
      'b failed',
      'c',
    ])
    expect(await readdir(folder)).toEqual([])
  })

  it('names the process in a file that others of the user cannot read', async () => {
    await whileOwning(path, async () => {
      const { system, pid, start, thread } = JSON.parse(await readFile(path, 'utf8'))
      expect({ system, pid, start, thread }).toEqual(thisProcess())
    })
  })

  it('waits for a living owner, and no longer than it has patience', async () => {
    const parent = { pid: process.ppid, start: await startOf(process.ppid) }
    await owner(parent)
    const began = performance.now()
    await expect(own()).rejects.toMatchObject(refused)
    expect(performance.now() - began).toBeGreaterThan(90)
    expect(await readdir(folder)).toEqual(['lock'])
    setTimeout(() => rm(path), 50)
    expect(await own({ patience: 20_000 })).toBe('owned')
  })

  it('takes over from a dead owner at once, and from its dead heirs', async () => {
    await owner({ pid: nobody })
    expect(await own()).toBe('owned')
    expect(await readdir(folder)).toEqual([])

    await owner({ pid: nobody }, 'first')
    await owner({ pid: nobody }, 'second', `${path}.first.heir`)
    await owner({ pid: nobody }, 'third', `${path}.second.heir`)
    expect(await own()).toBe('owned')
    expect(await readdir(folder)).toEqual([])
  })

  it('P8: is not deceived by a pid that another process has now', async () => {
    const start = await startOf(process.ppid)
    await owner({ pid: process.ppid, start: `${Number(start) - 1}` })
    expect(await own()).toBe('owned')
    await owner({ pid: process.pid, start: '1' })
    expect(await own()).toBe('owned')
  })

  it('does not take the place of a living heir', async () => {
    await owner({ pid: nobody }, 'dead')
    await owner({ pid: process.ppid, start: await startOf(process.ppid) }, 'alive', `${path}.dead.heir`)
    await expect(own()).rejects.toMatchObject(refused)
    expect((await readdir(folder)).sort()).toEqual(['lock', 'lock.dead.heir'])
  })

  it('leaves an owner of another system alone until it has been there for too long', async () => {
    for (const unknown of [{ system: 'another boot' }, { pid: process.pid, thread: 7 }]) {
      await owner(unknown)
      await expect(own({ holdLimit: 60_000, patience: 30 })).rejects.toMatchObject(refused)
      expect(await own({ holdLimit: 20, patience: 20_000 })).toBe('owned')
    }
    expect(await readdir(folder)).toEqual([])
  })

  it('takes over from a file that a power failure left empty', async () => {
    await writeFile(path, '')
    await utimes(path, 1, 1)
    await expect(own({ holdLimit: 60_000, patience: 30 })).rejects.toMatchObject(refused)
    expect(await own({ holdLimit: 20, patience: 20_000 })).toBe('owned')
  })

  it('leaves nothing behind when the disk is full', async () => {
    const whole = fs.writeFile
    // A full disk takes the new name, and then no byte.
    const full: typeof fs.writeFile = async (file, _, options) => {
      await whole(file, '', options)
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    }
    fs.writeFile = full
    syncBuiltinESMExports()
    try {
      await expect(own()).rejects.toMatchObject({ code: 'ENOSPC' })
    } finally {
      fs.writeFile = whole
      syncBuiltinESMExports()
    }
    expect(await readdir(folder)).toEqual([])
    expect(await own()).toBe('owned')
  })

  it('lets no owner write that was held up, and takes nothing away that is not its own any more', async () => {
    let written = false
    const late = whileOwning(
      path,
      async (check) => {
        await sleep(60)
        check()
        written = true
      },
      { holdLimit: 20 },
    )
    await expect(late).rejects.toMatchObject(refused)
    expect([written, await readdir(folder)]).toEqual([false, []])

    // Somebody took its place meanwhile, gave it up, and a third one owns it now.
    await whileOwning(
      path,
      async () => {
        await rm(path)
        await owner({ pid: process.ppid }, 'third')
        await sleep(60)
      },
      { holdLimit: 20 },
    )
    expect(await readdir(folder)).toEqual(['lock'])
  })
})

async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] as string
}
