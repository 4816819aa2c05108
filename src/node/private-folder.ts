import { lstat, mkdir, open, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { TokenManagerError } from '../errors.ts'
import { hasCode } from './has-code.ts'

/** A folder that only its owner can reach. */
export interface PrivateFolder {
  readonly path: string
  /** Whether it is there, and this user's alone. Rejects if it is somebody else's. */
  isThere(): Promise<boolean>
  /** Runs `run` with the folder there; again if somebody removed it meanwhile. */
  use<T>(run: () => Promise<T>): Promise<T>
  /** Forces the names of its files to the disk. */
  sync(): Promise<void>
}

/** How long a file may be needed that is no value and no owner, ms. */
const LEFT_OVER_AGE = 3_600_000

/** Nothing is done before the first use. Before each use it is looked at anew: a folder can be exchanged at any time. */
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
      // Windows keeps names by itself, and opens no folder.
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
 * Whether there is a folder. A folder that another user has made or can reach is refused. A link is not followed: who can replace the
 * link decides where it leads.
 */
async function isPrivate(path: string): Promise<boolean> {
  const found = await lstat(path).catch((error) => {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  })
  if (!found) return false
  if (found.isSymbolicLink()) throw refused('is a symbolic link', 'the folder itself: give the path it leads to')
  if (!found.isDirectory()) throw refused('is no folder', 'a folder')

  // Windows knows neither user ids nor modes: there the folder has the rights of the one it is in.
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

/** Whether the file was left by a process that ended in the middle of something, and is of no use to anybody. */
async function isLeftOver(path: string, name: string): Promise<boolean> {
  const [, owned, kind] = /^(.*?)\.[\da-f-]+\.(claim|new|heir)$/.exec(name) ?? []
  if (!owned) return false

  // An heir counts for as long as the owner whose heir it is, who never comes back.
  const [file, age] = kind === 'heir' ? [owned, Infinity] : [name, LEFT_OVER_AGE]
  const found = await stat(join(path, file)).catch(() => undefined)
  return !found || Date.now() - found.mtimeMs > age
}
