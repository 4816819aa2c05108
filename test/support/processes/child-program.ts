import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'
import { entries, root } from '../../../scripts/entries.mjs'

/** How a child went. */
export interface ChildEnd {
  /** Absent if it was killed. */
  readonly code: number | undefined
  readonly signal: NodeJS.Signals | undefined
  /** What it wrote to standard output, and to standard error. */
  readonly output: string
  readonly errors: string
  /** The messages it sent. */
  readonly messages: readonly unknown[]
}

/** A program that runs in a process of its own. */
export interface Child {
  readonly pid: number
  readonly process: ChildProcess
  readonly ended: Promise<ChildEnd>
  /** The next message it sends; rejects if it ends first. */
  message<T = unknown>(): Promise<T>
  /** Where it listens, once it has written `port: 8080`; rejects if it ends first. */
  origin(): Promise<string>
}

/** How to start a program. */
export interface ChildOptions {
  /** Handed to the program as JSON, in its first argument. */
  readonly argument?: unknown
  /** Further arguments, as they are. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Ends what hangs, ms. Default 180 000: it may be only slow. */
  readonly limit?: number
}

/** Starts one process of a program. */
export type Program = (options?: ChildOptions) => Child

let programs = 0

/** Makes one file of `source` (from the repository's root) and all it imports, so that its processes start quickly. */
export async function childProgram(source: string): Promise<Program> {
  const file = await builtProgram(source)
  return (options) => start(file, options)
}

/** The path of that file. */
export async function builtProgram(source: string): Promise<string> {
  const outfile = `${root}node_modules/.cache/child-programs/${basename(source, '.ts')}-${process.pid}-${programs++}.mjs`
  await build({
    entryPoints: [root + source],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    alias: Object.fromEntries(entries.map((entry) => [entry.specifier, entry.source])),
    logLevel: 'silent',
  })
  return outfile
}

function start(file: string, { argument, args = [], env = {}, limit = 180_000 }: ChildOptions = {}): Child {
  const child = fork(file, [...(argument === undefined ? [] : [JSON.stringify(argument)]), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const messages: unknown[] = []
  let [output, errors] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (text) => (output += text))
  child.stderr?.setEncoding('utf8').on('data', (text) => (errors += text))
  child.on('message', (message) => messages.push(message))
  const timer = setTimeout(() => child.kill('SIGKILL'), limit)
  const ended = new Promise<ChildEnd>((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code: code ?? undefined, signal: signal ?? undefined, output, errors, messages })
    })
  })
  const endedEarly = ({ code, signal, errors: written }: ChildEnd) =>
    new Error(`${basename(file)} ended (${code ?? signal}) before it said more\n${written}`)
  let taken = 0
  return {
    pid: child.pid as number,
    process: child,
    ended,
    async origin() {
      const portOf = () => /\bport: (\d+)/.exec(output)?.[1]
      while (portOf() === undefined) {
        const end = await Promise.race([once(child.stdout as Readable, 'data'), ended])
        if ('errors' in end && portOf() === undefined) throw endedEarly(end)
      }
      return `http://127.0.0.1:${portOf()}`
    },
    async message<T>() {
      const index = taken++
      while (messages.length <= index) {
        const arrived = new Promise<undefined>((resolve) => child.once('message', () => resolve(undefined)))
        const end = await Promise.race([arrived, ended])
        if (end && messages.length <= index) throw endedEarly(end)
      }
      return messages[index] as T
    },
  }
}
