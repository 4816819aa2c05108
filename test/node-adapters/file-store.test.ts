import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fileStore } from '../../src/node/file-store.ts'
import type { Store } from '../../src/ports.ts'
import { storeContract } from '../contracts/store.ts'

let base: string
let path: string
const key = new Uint8Array(32).fill(7)
let folders = 0

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'tokenward-'))
})
afterAll(() => rm(base, { recursive: true, force: true }))
const newFolder = () => join(base, `${folders++}`, 'sessions')
beforeEach(() => {
  path = newFolder()
})

const failed = { name: 'TokenManagerError', code: 'ERR_STORE_FAILED', reason: 'store_failed' }
const filesOf = async () => (await readdir(path)).map((name) => join(path, name))
const onlyFile = async () => {
  const [file, ...others] = await filesOf()
  expect(others).toEqual([])
  return file as string
}
async function written(store: Store<unknown>, value: unknown = { n: 1 }): Promise<string> {
  await store.swap('k', undefined, value)
  return (await store.get('k'))?.tag as string
}

storeContract('fileStore', async () => {
  const options = { path: newFolder(), key }
  return { contexts: [fileStore(options), fileStore(options)] }
})

describe('fileStore', () => {
  it('STO-13: keeps files of mode 0600 in a folder of mode 0700, whatever the umask says', async () => {
    const umask = process.umask(0)
    try {
      await written(fileStore({ path, key }))
    } finally {
      process.umask(umask)
    }
    expect([(await stat(path)).mode & 0o777, (await stat(await onlyFile())).mode & 0o777]).toEqual([0o700, 0o600])
  })

  it('STO-11 STO-13: keeps neither key nor value nor name readable in the file, nor in the names of files', async () => {
    const store = fileStore({ path, key: Buffer.from('canary-key-canary-key-canary-key') })
    await store.swap('canary-name', undefined, { refreshToken: 'canary-token' })
    const file = await onlyFile()
    expect(file + (await readFile(file, 'latin1'))).not.toContain('canary')
  })

  it('tells which processes are over: not this one, not one that nobody knows, but one that ended', async () => {
    const { processes } = fileStore({ path, key })
    const named = JSON.parse(`${processes?.own}`) as unknown[]
    const child = spawn(process.execPath, ['-e', ''])
    await once(child, 'exit')
    const ended = JSON.stringify([named[0], child.pid, '1', 0])
    const elsewhere = JSON.stringify(['another machine', child.pid, '1', 0])
    const names = [`${processes?.own}`, ended, elsewhere, '', 'x', 'null', '[]', '{"pid":0}']
    expect(names.map((name) => processes?.isOver(name))).toEqual([false, true, ...Array(6).fill(false)])
  })

  it('does nothing before it is used', async () => {
    fileStore({ path, key: () => expect.unreachable() })
    await new Promise((resolve) => setImmediate(resolve))
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await fileStore({ path, key }).get('k')).toBeUndefined()
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('leaves nothing but the values behind', async () => {
    const store = fileStore({ path, key })
    const tag = await written(store)
    await Promise.all(Array.from({ length: 20 }, (_, n) => store.swap('k', tag, { n })))
    await onlyFile()
    await store.swap('k', (await store.get('k'))?.tag, undefined)
    expect(await filesOf()).toEqual([])
  })

  it('refuses a folder that others can reach, and says which mode it has', async () => {
    await mkdir(path, { recursive: true })
    await chmod(path, 0o755)
    await expect(fileStore({ path, key }).swap('k', undefined, 1)).rejects.toMatchObject({
      ...failed,
      message: expect.stringContaining('mode 755'),
    })
    expect(await filesOf()).toEqual([])
    await chmod(path, 0o700)
    expect(await fileStore({ path, key }).swap('k', undefined, 1)).toBe(true)
  })

  it('goes on when the folder was removed under it', async () => {
    const store = fileStore({ path, key })
    const tag = await written(store)
    await rm(path, { recursive: true })
    expect(await store.get('k')).toBeUndefined()
    expect(await store.swap('k', tag, { n: 2 })).toBe(false)
    expect(await store.swap('k', undefined, { n: 3 })).toBe(true)
    expect((await store.get('k'))?.value).toEqual({ n: 3 })
  })

  it('rejects what another key sealed, and destroys nothing', async () => {
    const tag = await written(fileStore({ path, key }))
    await expect(fileStore({ path, key: new Uint8Array(32) }).get('k')).rejects.toMatchObject(failed)
    expect((await fileStore({ path, key }).get('k'))?.tag).toBe(tag)
    const both = fileStore({ path, key: [new Uint8Array(32), key] })
    expect((await both.get('k'))?.value).toEqual({ n: 1 })
  })

  it('STO-04: reads a damaged file as no value, under a tag that a swap replaces', async () => {
    const store = fileStore({ path, key })
    for (const damage of [
      (file: string) => truncate(file, 30),
      (file: string) => truncate(file, 0),
      (file: string) => writeFile(file, 'not ours'),
      (file: string) => writeFile(file, randomBytes(3_000_000)),
      async (file: string) => {
        const bytes = await readFile(file)
        bytes[60]! ^= 1
        await writeFile(file, bytes)
      },
    ]) {
      const tag = await written(store)
      await damage(await onlyFile())
      const row = await store.get('k')
      expect(row).toEqual({ value: undefined, tag: expect.stringMatching(/^damaged-/) })
      expect(await store.swap('k', tag, { n: 2 })).toBe(false)
      expect(await store.swap('k', row?.tag, undefined)).toBe(true)
    }
  })

  it('ERR-01: a failure of the disk is a typed error that says no more than the machine code', async () => {
    await written(fileStore({ path, key }))
    const file = await onlyFile()
    await rm(file)
    await mkdir(file)
    const error = await fileStore({ path, key })
      .get('k')
      .catch((one: Error) => one)
    expect(error).toMatchObject({ ...failed, cause: { code: 'EISDIR', message: '' } })
    await expect(fileStore({ path, key }).swap('k', undefined, 1)).rejects.toMatchObject(failed)
  })

  it('asks for the key at the first use, once, and again after it failed', async () => {
    let asked = 0
    const store = fileStore({
      path,
      key: async () => {
        if (++asked === 1) throw new Error('the key service is down')
        return key
      },
    })
    expect(asked).toBe(0)
    await expect(store.swap('k', undefined, 1)).rejects.toThrow('the key service is down')
    await written(store)
    await store.get('k')
    expect(asked).toBe(2)
  })

  it('clears away what processes left behind that ended in the middle of something, but nothing fresh', async () => {
    await written(fileStore({ path, key }))
    const names = [`${'a'.repeat(32)}.${'b'.repeat(16)}.new`, `${'a'.repeat(32)}.lock.${'c'.repeat(32)}.claim`]
    for (const name of names) await writeFile(join(path, name), '')
    await fileStore({ path, key }).swap('other', undefined, 1)
    expect((await readdir(path)).filter((name) => names.includes(name))).toHaveLength(2)
    const long = new Date(Date.now() - 2 * 3_600_000)
    for (const name of names) await utimes(join(path, name), long, long)
    await fileStore({ path, key }).swap('third', undefined, 1)
    expect((await readdir(path)).filter((name) => names.includes(name))).toEqual([])
  })

  it('a folder that is not there yet is not watched, and nothing is wrong', async () => {
    const store = fileStore({ path, key })
    let told = 0
    const stop = store.watch?.('k', undefined, () => told++)
    await written(store)
    expect(told).toBe(0)
    stop?.()
    stop?.()
    store.watch?.('k', undefined, () => told++)?.()
    await store.get('k')
    expect(told).toBe(0)
  })

  it('names the option that is wrong', () => {
    const invalid = (option: string) =>
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining(`Option ${option} `) })
    expect(() => fileStore({ path: '', key })).toThrow(invalid('path'))
    expect(() => fileStore({ path, key: new Uint8Array(16) })).toThrow(invalid('key'))
    expect(() => fileStore({ path } as never)).toThrow(invalid('key'))
  })
})
