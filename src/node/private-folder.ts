import { lstat, mkdir, open, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { TokenManagerError } from '../errors.ts'
import { hasCode } from './has-code.ts'

/** A folder that only its owner can reach. */
export interface PrivateFolder {
  readonly path: string
  /** Whether the folder exists. Rejects if another user owns it or can reach it. */
  isThere(): Promise<boolean>
  /** Makes the folder if needed, and calls `run`. If somebody removes the folder in the meantime, both are done once more. */
  use<T>(run: () => Promise<T>): Promise<T>
  /** Makes sure that the names of the files are on the disk. */
  sync(): Promise<void>
}

/** After this time, a temporary file counts as left behind, in milliseconds. */
const LEFT_OVER_AGE = 3_600_000

/** Makes the object for a folder. It does nothing before the first use. The folder is checked at each use, because it can be replaced at any time. */
export function privateFolder(path: string): PrivateFolder {
  let opening: Promise<void> | undefined

  const opened = async () => {
    if (opening !== undefined) {
      await opening
      if (await isPrivate(path)) return
    }
    opening = openFolder(path).catch((error) => {
      opening = undefined
      throw error
    })
    await opening
  }

  return {
    path,
    isThere: () => isPrivate(path),
    async use(run) {
      await opened()
      try {
        return await run()
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw error
        await opened()
        return run()
      }
    },
    async sync() {
      // On Windows this is not needed, and a folder cannot be opened.
      if (process.platform === 'win32') return

      const folder = await open(path, 'r')
      try {
        await folder.sync()
      } finally {
        await folder.close()
      }
    },
  }
}

async function openFolder(path: string): Promise<void> {
  if (!(await isPrivate(path))) {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await isPrivate(path)
  }
  for (const name of await readdir(path))
    if (await isLeftOver(path, name)) await unlink(join(path, name)).catch(() => {})
}

/**
 * Whether there is a folder. It refuses a folder that another user owns or can reach. It also refuses a symbolic link, because whoever can replace the
 * link can change where it leads.
 */
async function isPrivate(path: string): Promise<boolean> {
  const found = await lstat(path).catch((error) => {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  })
  if (!found) return false
  if (found.isSymbolicLink()) throw refused('is a symbolic link', 'the folder itself: give the path it leads to')
  if (!found.isDirectory()) throw refused('is no folder', 'a folder')

  // Windows has no user ids and modes. There the folder has the rights of the folder that it is in.
  const user = process.geteuid?.()
  if (user === undefined) return true
  if (found.uid !== user)
    throw refused(`belongs to user ${found.uid}`, `one of the user that runs this process (${user})`)
  if ((found.mode & 0o077) !== 0)
    throw refused(`has mode ${(found.mode & 0o777).toString(8)}`, 'one that only its owner can reach (700)')
  return true
}

function refused(found: string, expected: string): TokenManagerError {
  return new TokenManagerError(
    'ERR_STORE_FAILED',
    'store_failed',
    `The file store's folder ${found}: it has to be ${expected}`,
  )
}

/** Whether the file was left behind by a process that has ended, and nobody needs it any more. */
async function isLeftOver(path: string, name: string): Promise<boolean> {
  const [, owned, kind] = /^(.*?)\.[\da-f-]+\.(claim|new|heir)$/.exec(name) ?? []
  if (!owned) return false

  // The file of an heir is needed as long as there is the file of the owner that it belongs to.
  const [file, age] = kind === 'heir' ? [owned, Infinity] : [name, LEFT_OVER_AGE]
  const found = await stat(join(path, file)).catch(() => undefined)
  return !found || Date.now() - found.mtimeMs > age
}
