import { randomBytes } from 'node:crypto'
import { link, readFile, stat, unlink, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { TokenManagerError } from '../errors.ts'
import { hasCode } from './has-code.ts'
import { isOver, type ProcessIdentity, thisProcess } from './process-identity.ts'

/** Options of {@link whileOwning}. Milliseconds. */
export interface OwnerFileOptions {
  /** How long an owner may take. If it is not known whether its process runs, it counts as dead after twice this time. Default 5 000. */
  readonly holdLimit?: number
  /** How long to wait for a living owner. Default 10 000. */
  readonly patience?: number
}

interface Owner extends ProcessIdentity {
  /** A random text, which is different each time. */
  readonly id: string
}

/** A file that names an owner, and the id of that owner. */
type Named = readonly [file: string, id: string]

/** The ids of owners in this thread. */
const owned = new Set<string>()
const queues = new Map<string, Promise<unknown>>()

/**
 * Runs `run` while no other process, and nobody else in this one, owns `path`.
 *
 * To own `path` is to have linked a file with one's name in it to `path`. There is only one such link, and the file is never
 * half-written. A dead owner has exactly one heir: the one that linked its own file to a name made of the dead owner's random id. A dead
 * heir has one heir in the same way. Nobody removes a file whose owner may live. So a dead owner delays nobody, and no two take its place.
 * @param run gets `check`, to be called directly before what must not happen twice: it throws once so much time has passed that
 *   others may have taken over
 * @throws TokenManagerError `ERR_STORE_FAILED` if a living process owns it for longer than the patience; what the file system throws
 */
export async function whileOwning<T>(
  path: string,
  run: (check: () => void) => Promise<T>,
  options: OwnerFileOptions = {},
): Promise<T> {
  const turn = Promise.resolve(queues.get(path)).then(() => own(path, run, options))
  const settled = turn.then(
    () => {},
    () => {},
  )
  queues.set(path, settled)
  try {
    return await turn
  } finally {
    if (queues.get(path) === settled) queues.delete(path)
  }
}

async function own<T>(
  path: string,
  run: (check: () => void) => Promise<T>,
  { holdLimit = 5_000, patience = 10_000 }: OwnerFileOptions,
): Promise<T> {
  const id = randomBytes(16).toString('hex')
  const claim = `${path}.${id}.claim`
  owned.add(id)
  try {
    await writeFile(claim, JSON.stringify({ ...thisProcess(), id } satisfies Owner), { flag: 'wx', mode: 0o600 })
    const dead = await acquire(path, claim, holdLimit, patience)
    const since = performance.now()
    const isLate = () => performance.now() - since > holdLimit
    const check = () => {
      if (isLate()) throw refused('This process was held up for too long while it wrote')
    }

    try {
      return await run(check)
    } finally {
      const last = dead.at(-1)
      const mine: Named = [last ? heirOf(path, last[1]) : path, id]
      const chain = [...dead, mine]
      if (!isLate()) await release(path, chain)
      // An owner that is late has to become its own heir before it may remove anything.
      else if (await inherit(path, claim, chain)) await release(path, [...chain, [heirOf(path, id), id]])
    }
  } finally {
    owned.delete(id)
    await remove(claim)
  }
}

/** Waits until `claim` is the owner. Resolves with the dead owners it came after, in their order. */
async function acquire(path: string, claim: string, holdLimit: number, patience: number): Promise<readonly Named[]> {
  const began = performance.now()
  // The time of the file system, which may be that of another machine.
  const { ctimeMs } = await stat(claim)
  const isGone = async (owner: Owner, file: string) => {
    if (owned.has(owner.id)) return false

    const over = isOver(owner)
    if (over !== 'unknown') return over

    const changed = await stat(file).catch(() => undefined)
    if (!changed) return false
    const now = ctimeMs + performance.now() - began
    return now - changed.ctimeMs > 2 * holdLimit
  }

  for (let tries = 0; ; tries++) {
    if (await tryLink(claim, path)) return []

    const dead = await takeOver(path, claim, isGone)
    if (dead) return dead
    if (performance.now() - began > patience) throw refused('Another process has been writing for too long')
    await sleep(Math.min(1 + tries, 20) * (0.5 + Math.random()))
  }
}

/** Makes `claim` the heir of the last dead owner. Resolves with the dead owners, or with `undefined` if somebody lives. */
async function takeOver(
  path: string,
  claim: string,
  isGone: (owner: Owner, file: string) => Promise<boolean>,
): Promise<readonly Named[] | undefined> {
  const dead: Named[] = []
  for (let file = path; ; ) {
    const owner = await ownerOf(file)
    if (!owner || !(await isGone(owner, file))) return undefined

    dead.push([file, owner.id])
    if (await inherit(path, claim, dead)) return dead
    file = heirOf(path, owner.id)
  }
}

/** Makes `claim` the heir of the last of `chain`. Resolves with `false` if that has an heir, or the chain has changed. */
async function inherit(path: string, claim: string, chain: readonly Named[]): Promise<boolean> {
  const heir = heirOf(path, chain.at(-1)?.[1])
  if (!(await tryLink(claim, heir))) return false

  for (const [file, id] of chain) {
    const owner = await ownerOf(file)
    if (owner?.id === id) continue
    // Another heir had taken over before and has finished. Nobody will look for this file.
    await remove(heir)
    return false
  }
  return true
}

/** Removes the files of a chain. The first goes first: without it nobody looks for the others. */
async function release(path: string, chain: readonly Named[]): Promise<void> {
  await remove(path)
  for (const [file] of chain) if (file !== path) await remove(file)
}

function heirOf(path: string, id = ''): string {
  return `${path}.${id}.heir`
}

async function ownerOf(file: string): Promise<Owner | undefined> {
  try {
    const text = await readFile(file, 'utf8')
    if (text.endsWith('}')) return JSON.parse(text) as Owner
    // The file is not complete: the machine lost power before all of it was on the disk. Its inode and time stand for its id.
    const { ino, mtimeNs } = await stat(file, { bigint: true })
    return { id: `${ino}-${mtimeNs}`, system: '', pid: 0, start: '', thread: 0 }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Links `from` to the name `to`. Resolves with `false` if that name is taken. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

async function remove(file: string): Promise<void> {
  await unlink(file).catch(() => {})
}

function refused(what: string): TokenManagerError {
  return new TokenManagerError('ERR_STORE_FAILED', 'store_failed', what)
}
