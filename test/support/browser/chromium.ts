import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromiumLaunchOptions } from '../../../scripts/programs.mjs'

type Params = Record<string, unknown>

/** A message of the Chrome DevTools Protocol that answers nothing. */
export interface ProtocolEvent {
  readonly method: string
  readonly params: Params
  readonly sessionId: string | undefined
}

/** A running Chromium and its DevTools Protocol. */
export interface Chromium {
  /** Its own process. */
  readonly pid: number
  /** Sends a command, to a target's session if one is named. Rejects with the protocol's error, and once the browser is gone. */
  send<T = Params>(method: string, params?: Params, sessionId?: string): Promise<T>
  onEvent(listener: (event: ProtocolEvent) => void): void
  /** Whether `pid` is one of its own processes. */
  owns(pid: number): boolean
  /** Kills it and removes its profile. */
  stop(): Promise<void>
}

/**
 * Starts a headless Chromium with an empty profile and speaks to it over a pipe: nothing stands between a command and the
 * browser, no domain is enabled that was not asked for, pages can be frozen, and the back/forward cache is left on.
 */
export async function startChromium(): Promise<Chromium> {
  const { executablePath, args } = chromiumLaunchOptions()
  const profile = await mkdtemp(join(tmpdir(), 'tokenward-chromium-'))
  const own = [
    '--headless=new',
    '--remote-debugging-pipe',
    `--user-data-dir=${profile}`,
    '--renderer-process-limit=100',
    '--host-resolver-rules=MAP insecure.example 127.0.0.1',
  ]
  const child = spawn(executablePath, [...args, ...own, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const protocol = speak(child)
  await protocol.send('Browser.getVersion')
  const pid = child.pid as number
  return {
    ...protocol,
    pid,
    owns: (other) => isDescendant(other, pid),
    async stop() {
      kill()
      await gone
      process.off('exit', kill)
      // Its helper processes see the pipe close, and may still be writing.
      await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
    },
  }
}

function speak(child: ChildProcess): Pick<Chromium, 'send' | 'onEvent'> {
  const [, , , input, output] = child.stdio as unknown as [
    null,
    null,
    null,
    NodeJS.WritableStream,
    NodeJS.ReadableStream,
  ]
  const listeners: ((event: ProtocolEvent) => void)[] = []
  const waiting = new Map<number, { resolve(result: never): void; reject(error: Error): void }>()
  let serial = 0
  let rest = ''
  const heard = (text: string) => {
    const { id, result, error, ...event } = JSON.parse(text)
    if (id === undefined) for (const listener of listeners) listener(event)
    else if (error) waiting.get(id)?.reject(new Error(error.message))
    else waiting.get(id)?.resolve(result as never)
    waiting.delete(id)
  }
  output.setEncoding('utf8').on('data', (chunk: string) => {
    const messages = (rest + chunk).split('\0')
    rest = messages.pop() ?? ''
    messages.forEach(heard)
  })
  input.on('error', () => {})
  child.once('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('Chromium is gone.'))
    waiting.clear()
  })
  return {
    onEvent: (listener) => void listeners.push(listener),
    send: (method, params = {}, sessionId) =>
      new Promise((resolve, reject) => {
        if (child.exitCode !== null || child.signalCode !== null) return reject(new Error('Chromium is gone.'))
        waiting.set(++serial, { resolve, reject })
        input.write(`${JSON.stringify({ id: serial, method, params, sessionId })}\0`)
      }),
  }
}

function isDescendant(pid: number, of: number): boolean {
  for (let at = pid; at > 1; ) {
    if (at === of) return true
    // The name in brackets may hold anything, so the fields are counted from its end.
    const stat = readFileSync(`/proc/${at}/stat`, 'utf8')
    at = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  }
  return false
}
