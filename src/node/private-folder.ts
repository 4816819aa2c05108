import { mkdir, open, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { TokenManagerError } from '../errors.ts'

/** A folder that only its owner can reach. */
export interface PrivateFolder {
  readonly path: string
  /** Runs `run` with the folder there; again if somebody removed it meanwhile. */
  use<T>(run: () => Promise<T>): Promise<T>
  /** Forces the names of its files to the disk. */
  sync(): Promise<void>
}

/** How long a file may be needed that is no value and no owner, ms. */
const LEFT_OVER_AGE = 3_600_000

/** Nothing is done before the first use. */
export function privateFolder(path: string): PrivateFolder {
  let opening: Promise<void> | undefined
  const opened = () => {
    opening ??= openFolder(path).catch((error) => {
      opening = undefined
      throw error
    })
    return opening
  }
  return {
    path,
    async use(run) {
      await opened()
      try {
        return await run()
      } catch (error) {
        if (Object(error).code !== 'ENOENT') throw error
        opening = undefined
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
  await mkdir(path, { recursive: true, mode: 0o700 })
  const { mode } = await stat(path)
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new TokenManagerError(
      'ERR_STORE_FAILED',
      'store_failed',
      `The file store's folder has mode ${(mode & 0o777).toString(8)}: it has to be one that only its owner can reach (700)`,
    )
  for (const name of await readdir(path))
    if (await isLeftOver(path, name)) await unlink(join(path, name)).catch(() => {})
}

/** Whether a process that ended in the middle of something left it there, and nobody will ever look for it. */
async function isLeftOver(path: string, name: string): Promise<boolean> {
  const [, owned, kind] = /^(.*?)\.[\da-f-]+\.(claim|new|heir)$/.exec(name) ?? []
  if (!owned) return false
  // An heir counts for as long as the owner whose heir it is, who never comes back.
  const [file, age] = kind === 'heir' ? [owned, Infinity] : [name, LEFT_OVER_AGE]
  const found = await stat(join(path, file)).catch(() => undefined)
  return !found || Date.now() - found.mtimeMs > age
}
