import fs, { chmod, lstat, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fileStore } from '../../src/node/file-store.ts'

const key = new Uint8Array(32).fill(7)
let base: string
let path: string
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'tokenward-'))
  path = join(base, 'sessions')
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(base, { recursive: true, force: true })
})

const refusal = (found: string) => ({
  name: 'TokenManagerError',
  code: 'ERR_STORE_FAILED',
  message: expect.stringContaining(`folder ${found}`),
})
/** The next processes are another user's, as far as they can tell. */
const asAnotherUser = () => {
  const user = process.geteuid?.() ?? 0
  vi.spyOn(process as Required<typeof process>, 'geteuid').mockReturnValue(user + 1)
}

const promise =
  'SECURITY.md: refuses at every read and write a folder that belongs to another user, that others can reach, or that is a symbolic link'

describe.skipIf(process.platform === 'win32')(promise, () => {
  it.each([
    ['belongs to', asAnotherUser],
    ['has mode 750', () => chmod(path, 0o750)],
    ['has mode 705', () => chmod(path, 0o705)],
    ['has mode 710', () => chmod(path, 0o710)],
    ['has mode 701', () => chmod(path, 0o701)],
    [
      'is a symbolic link',
      async () => {
        await rename(path, `${path}.real`)
        await symlink(`${path}.real`, path)
      },
    ],
    [
      'is no folder',
      async () => {
        await rm(path, { recursive: true })
        await writeFile(path, '')
      },
    ],
  ])(
    'that %s somebody else, or could be, is refused before the first read and the first write',
    async (found, spoil) => {
      await fileStore({ path, key }).swap('k', undefined, 1)
      await spoil()
      await expect(fileStore({ path, key }).get('k')).rejects.toMatchObject(refusal(found))
      await expect(fileStore({ path, key }).swap('k', undefined, 2)).rejects.toMatchObject(refusal(found))
    },
  )

  it('is looked at again at each use: one that was exchanged meanwhile is refused', async () => {
    const store = fileStore({ path, key })
    await store.swap('k', undefined, 1)
    expect((await store.get('k'))?.value).toBe(1)
    await rename(path, `${path}.mine`)
    await mkdir(path, { mode: 0o777 })
    await chmod(path, 0o777)
    await expect(store.get('k')).rejects.toMatchObject(refusal('has mode 777'))
    await expect(store.swap('k', undefined, 2)).rejects.toMatchObject(refusal('has mode 777'))
    expect(await readdir(path)).toEqual([])
  })

  it('is refused where somebody makes it in the moment before it is made', async () => {
    const { mkdir: make } = fs
    vi.spyOn(fs, 'mkdir').mockImplementationOnce(async (folder) => {
      await make(folder, { mode: 0o777 })
      await chmod(folder as string, 0o777)
      return undefined
    })
    syncBuiltinESMExports()
    await expect(fileStore({ path, key }).swap('k', undefined, 1)).rejects.toMatchObject(refusal('has mode 777'))
    expect(await readdir(path)).toEqual([])
    vi.restoreAllMocks()
    syncBuiltinESMExports()
  })

  it('is refused to the key as well, which would lie beside what somebody else put there', async () => {
    await symlink(base, path)
    const asked = vi.fn(() => key)
    const store = fileStore({ path, key: (folder) => folder.exclusively(async () => asked()) })
    await expect(store.swap('k', undefined, 1)).rejects.toMatchObject(refusal('is a symbolic link'))
    expect(asked).not.toHaveBeenCalled()
  })

  it('that is not there is made by a write, and by no read', async () => {
    const store = fileStore({ path, key })
    expect(await store.get('k')).toBeUndefined()
    await expect(lstat(path)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await store.swap('k', undefined, 1)).toBe(true)
    expect((await lstat(path)).mode & 0o777).toBe(0o700)
  })
})
