import fs, { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { fileStore } from '../../src/node/file-store.ts'

/** What a process of this program does to the value of `k`. */
export interface FileStoreTask {
  readonly path: string
  readonly key: string
  /** Adds one this often, each a read and a swap, again and again until it wins. */
  readonly add?: number
  /** Writes this over what is there; absent: deletes it. */
  readonly write?: unknown
  /** Dies directly before this step of the write, counted from 1; `'.5'` more: in the middle of the writing to a file. */
  readonly dieAt?: number
  /** Watches the value and says when it changed; ends nothing and waits for nothing. */
  readonly watch?: boolean
}

const { path, key, add, write, dieAt, watch }: FileStoreTask = JSON.parse(process.argv[2] as string)
const store = fileStore({ path, key: Buffer.from(key, 'hex') })
const steps: string[] = []

if (watch) {
  store.watch?.('k', (await store.get('k'))?.tag, () => process.send?.('changed'))
  process.send?.('watching')
} else if (add === undefined) {
  const tag = (await store.get('k'))?.tag
  await import('node:timers/promises')
  watchSteps()
  const won = await store.swap('k', tag, write)
  process.send?.({ won, steps })
} else {
  for (let done = 0; done < add; ) {
    const row = await store.get('k')
    if (await store.swap('k', row?.tag, { n: ((row?.value as { n: number } | undefined)?.n ?? 0) + 1 })) {
      done++
      process.send?.(done)
    }
  }
}
if (watch) process.channel?.unref()
else process.disconnect?.()

/** Counts the calls into the file system, and dies at the one it was told. */
function watchSteps() {
  const before = (name: string) => {
    steps.push(name)
    if (steps.length === dieAt) process.kill(process.pid, 'SIGKILL')
  }
  /** Half of the bytes arrive. */
  const dieWriting = async (write: (bytes: Uint8Array) => Promise<unknown>, data: string | Uint8Array) => {
    if (dieAt !== steps.length + 0.5) return
    const bytes = Buffer.from(data as string)
    await write(bytes.subarray(0, bytes.length / 2))
    process.kill(process.pid, 'SIGKILL')
  }
  const { writeFile, open } = fs
  for (const name of ['link', 'unlink', 'rename', 'readFile', 'stat', 'mkdir', 'readdir'] as const) {
    const real = fs[name] as (...args: unknown[]) => Promise<unknown>
    const counted = (...args: unknown[]) => {
      before(name)
      return real(...args)
    }
    Object.assign(fs, { [name]: counted })
  }
  fs.writeFile = async (file, data, options) => {
    before('writeFile')
    await dieWriting((bytes) => writeFile(file, bytes, options), data as Uint8Array)
    await writeFile(file, data, options)
  }
  fs.open = async (...args) => {
    before(args[1] === 'wx' ? 'create' : 'open')
    const file = await open(...args)
    for (const name of ['sync', 'close', 'read', 'stat'] as const) {
      const real = (file[name] as (...args: unknown[]) => Promise<unknown>).bind(file)
      Object.assign(file, {
        [name]: (...args: unknown[]) => {
          before(`file.${name}`)
          return real(...args)
        },
      })
    }
    const writeAll = file.writeFile.bind(file)
    file.writeFile = (async (data: Uint8Array) => {
      before('file.writeFile')
      await dieWriting((bytes) => writeAll(bytes), data)
      await writeAll(data)
    }) as FileHandle['writeFile']
    return file
  }
  syncBuiltinESMExports()
}
