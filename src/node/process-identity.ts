import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { threadId } from 'node:worker_threads'
import type { Processes } from '../ports.ts'
import { hasCode } from './has-code.ts'

/** Names one process. No other process has the same: not one of another machine, and not a later one with the same pid. */
export interface ProcessIdentity {
  /** The system that the pid belongs to. On Linux its boot and its pid namespace, elsewhere the host's name. */
  readonly system: string
  readonly pid: number
  /** When it started, in the system's own unit. Empty where the system does not say. */
  readonly start: string
  readonly thread: number
}

let own: ProcessIdentity | undefined

/** This process. */
export function thisProcess(): ProcessIdentity {
  own ??= {
    system: orElse(hostname(), bootAndNamespace),
    pid: process.pid,
    start: orElse('', () => statOf(process.pid).start),
    thread: threadId,
  }
  return own
}

function bootAndNamespace(): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  return `${boot} ${readlinkSync('/proc/self/ns/pid')}`
}

/**
 * Whether `other` is over. `'unknown'`: nothing here can tell, because it is of another system, another thread of this process, or
 * because this system does not say when a process started.
 */
export function isOver({ system, pid, start }: ProcessIdentity): boolean | 'unknown' {
  const me = thisProcess()
  if (system !== me.system) return 'unknown'
  if (!exists(pid)) return true
  if (!start) return 'unknown'
  if (pid === me.pid) return start === me.start ? 'unknown' : true

  try {
    const now = statOf(pid)
    const isDead = /[ZXx]/.test(now.state)
    return isDead || now.start !== start
  } catch {
    return 'unknown'
  }
}

/** The processes of this machine, by names that records can hold. */
export const processes: Processes = {
  get own() {
    const { system, pid, start, thread } = thisProcess()
    return JSON.stringify([system, pid, start, thread])
  },
  isOver(name) {
    try {
      const [system, pid, start, thread] = JSON.parse(name)
      return isOver({ system, pid, start, thread }) === true
    } catch {
      return false
    }
  },
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Any other error means that the process exists, but belongs to another user.
    return !hasCode(error, 'ESRCH')
  }
}

/** proc_pid_stat(5): the third and the 22nd field. The second may hold spaces and parentheses. */
function statOf(pid: number): { readonly state: string; readonly start: string } {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const [state = '', ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state, start: rest[18] ?? '' }
}

function orElse<T>(other: T, read: () => T): T {
  try {
    return read()
  } catch {
    return other
  }
}
