import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** A running process. */
export interface Process {
  readonly pid: number
  readonly command: readonly string[]
}

/** The processes that descend from `ancestor`, as /proc tells. */
export function descendants(ancestor: number): Process[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const parent = parentOf(name)
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const found: Process[] = []
  const waiting = [ancestor]
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    const own = children.get(pid) ?? []
    waiting.push(...own)
    found.push(...own.map((pid) => ({ pid, command: commandOf(pid) })))
  }
  return found
}

/** The processes that were started with `variable` in their environment, whoever their parent is by now. */
export function startedWith(variable: string): number[] {
  const has = (name: string) => /^\d+$/.test(name) && read(name, 'environ').split('\0').includes(variable)
  return readdirSync('/proc').filter(has).map(Number)
}

/** Whether it is still listed, as it is until its parent knows that it ended. */
export const isThere = (pid: number): boolean => existsSync(`/proc/${pid}`)

/** Sends a signal to a process that may be gone. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

function parentOf(name: string): number | undefined {
  if (!/^\d+$/.test(name)) return
  const stat = read(name, 'stat')
  // The name in brackets may hold anything, so the fields are counted from its end.
  return stat ? Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) : undefined
}

/** A process that a zygote forked has its words in one. */
const commandOf = (pid: number): string[] => read(pid, 'cmdline').split(/[\0 ]/).filter(Boolean)

/** Nothing of a process that is gone, or is somebody else's. */
function read(pid: number | string, file: 'stat' | 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
