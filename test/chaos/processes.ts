import { readdirSync, readFileSync } from 'node:fs'

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
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
    // The name in brackets may hold anything, so the fields are counted from its end.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return
  }
}

function commandOf(pid: number): string[] {
  try {
    // A process that a zygote forked has its words in one.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(/[\0 ]/).filter(Boolean)
  } catch {
    return []
  }
}
