import { createHash, randomBytes } from 'node:crypto'
import { open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { invalidOption, TokenManagerError } from '../errors.ts'
import { type SealingKey, sealingKeys } from '../in-process/sealing-keys.ts'
import { webSealing } from '../in-process/web-sealing.ts'
import type { Sealed, Store, SwapOptions } from '../ports.ts'
import { sealedWith } from '../sealing/sealed-with.ts'
import { whileOwning } from './owner-file.ts'
import { privateFolder } from './private-folder.ts'
import { processes } from './process-identity.ts'
import { encodeSealedFile, readSealedFile, type SealedFile, TAG_BYTES } from './sealed-file.ts'
import { watchedFolder } from './watched-folder.ts'

/** The folder that a key belongs to. */
export interface KeyFolder {
  /** Calls `run` while no other process does the same in this folder. So if two processes make the key, one waits for the other. */
  exclusively<T>(run: () => Promise<T>): Promise<T>
  /** Notes that this key is in use. If the keychain has lost an earlier key, the files that it encrypted are renamed to `NAME.lost`. */
  adopt(key: Uint8Array): Promise<void>
}

/** The key of a {@link fileStore}. If there are several, the first one encrypts, and each of them decrypts. */
export type FileStoreKey =
  | SealingKey
  | readonly SealingKey[]
  | ((folder: KeyFolder) => Promise<SealingKey | readonly SealingKey[]> | SealingKey | readonly SealingKey[])

/** Options of {@link fileStore}. */
export interface FileStoreOptions {
  /**
   * A folder for this store alone. If it does not exist, it is made with mode 0700. A folder of another user, a folder that others can reach,
   * and a symbolic link are refused at every read and write.
   */
  readonly path: string
  /**
   * The key that encrypts the files: 32 bytes, a function that fetches them (from a key management service), `environmentKey()` or
   * `keychainKey()`. A function is called at the first use, and again only if it failed.
   */
  readonly key: FileStoreKey
}

// These times are long, because a keychain may ask the person for a password.
const KEY_LIMITS = { holdLimit: 120_000, patience: 180_000 }
const RECORD = /^[\da-f]{32}$/

/**
 * A store in files: one for each name, mode 0600, encrypted with AES-256-GCM. Any number of processes of this machine can use it at the same
 * time, and `swap` is a real compare-and-set among them. After a crash at any moment a file has the old value or the new one. A process that
 * dies while it writes delays nobody. The folder has to be on a local disk with hard links; for several hosts there is `tokenward/redis`.
 *
 * `get` rejects if none of the keys opens a file, and destroys nothing. A damaged file is read as `{ value: undefined, tag }`; a `swap` with
 * that tag replaces it.
 * @throws TokenManagerError `ERR_INVALID_OPTION` for a path or a key that cannot be one. Later everything rejects with
 *   `ERR_STORE_FAILED`, or with what the key's function rejects with
 */
export function fileStore({ path, key }: FileStoreOptions): Store<unknown> {
  if (typeof path !== 'string' || path === '') throw invalidOption('path', 'the path of a folder')

  const folder = privateFolder(path)
  const watched = watchedFolder(path)
  const nameOf = (key: string) => createHash('sha256').update(key).digest('hex').slice(0, 32)
  const fileOf = (key: string) => join(path, nameOf(key))

  const files: Store<unknown> = {
    get: (name) => orRefuse(() => read(fileOf(name))),
    swap: (name, tag, value, options) => orRefuse(() => swap(fileOf(name), tag, value as Sealed | undefined, options)),
  }
  const keyFolder: KeyFolder = {
    exclusively: (run) => orRefuse(() => folder.use(() => whileOwning(join(path, 'key.lock'), run, KEY_LIMITS))),
    adopt: (key) => orRefuse(() => adopt(key)),
  }
  const keys = sealingKeys(typeof key === 'function' ? () => key(keyFolder) : key)
  const sealed = (store: Store<unknown>) => sealedWith(store, { sealing: webSealing, keys })

  let hasKeys = false
  const store: Store<unknown> = {
    textOnly: true,
    processes,
    watch,
    async get(name) {
      const row = await files.get(name)
      if (!row?.value) return row
      if (hasKeys) return sealed({ ...files, get: async () => row }).get(name)

      await keys()
      hasKeys = true
      // Read again, because the key may just have been adopted, and this file renamed.
      return store.get(name)
    },
    swap: sealed(files).swap,
  }
  return store

  function watch(name: string, tag: string | undefined, changed: () => void): () => void {
    let isOver = false
    const tell = () => {
      if (!isOver) changed()
    }
    const stop = watched(nameOf(name), tell)

    // The file may have changed before it was watched.
    read(fileOf(name)).then((row) => row?.tag !== tag && tell(), tell)

    return () => {
      isOver = true
      stop()
    }
  }

  async function read(file: string): Promise<SealedFile | undefined> {
    return (await folder.isThere()) ? readSealedFile(file) : undefined
  }

  async function swap(
    file: string,
    tag: string | undefined,
    value: Sealed | undefined,
    { durability = 'strict' }: SwapOptions = {},
  ): Promise<boolean> {
    const isExpected = async () => (await read(file))?.tag === tag
    if (!(await isExpected())) return false

    const isAbsentAnyway = value === undefined && tag === undefined
    if (isAbsentAnyway) return true

    const isStrict = durability === 'strict'
    const write = async (check: () => void) => {
      if (!(await isExpected())) return false

      if (value) await replace(file, encodeSealedFile(randomBytes(TAG_BYTES), value), check, isStrict)
      else {
        check()
        await unlink(file)
      }
      if (isStrict) await folder.sync()
      return true
    }
    return folder.use(() => whileOwning(`${file}.lock`, write))
  }

  async function adopt(key: Uint8Array): Promise<void> {
    const mark = join(path, 'key.id')
    const id = createHash('sha256').update('tokenward/1/key-id').update(key).digest('hex').slice(0, 16)
    const isOurs = async () => (await readFile(mark, 'latin1').catch(() => '')) === id
    if (await isOurs()) return

    await keyFolder.exclusively(async () => {
      // Another process may have adopted it in the meantime.
      if (await isOurs()) return

      for (const name of await readdir(path))
        if (RECORD.test(name)) await rename(join(path, name), join(path, `${name}.lost`))
      await replace(mark, Buffer.from(id), () => {}, true)
    })
  }
}

async function replace(path: string, bytes: Uint8Array, check: () => void, isStrict: boolean): Promise<void> {
  const beside = `${path}.${randomBytes(8).toString('hex')}.new`
  const file = await open(beside, 'wx', 0o600)
  try {
    try {
      await file.writeFile(bytes)
      if (isStrict) await file.sync()
    } finally {
      await file.close()
    }
    check()
    await rename(beside, path)
  } catch (error) {
    await unlink(beside).catch(() => {})
    throw error
  }
}

/** Turns errors of the file system into an error of this library, because their messages contain paths. */
async function orRefuse<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    if (cause instanceof TokenManagerError) throw cause
    throw new TokenManagerError('ERR_STORE_FAILED', 'store_failed', 'The file store cannot be read or written', {
      cause,
    })
  }
}
