import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findWebKit } from '../../scripts/programs.mjs'
import type { Engine } from './engine.ts'
import { descendants, isThere, signal, startedWith } from './processes.ts'

/** How long the browser may take to start on a loaded machine, ms. */
const START = 60_000

/**
 * WebKitGTK's MiniBrowser under Xvfb over W3C WebDriver. A page that crashes ends the driver's session, though not the browser:
 * then it is no longer `reachable`, and has to be started anew.
 */
export async function startWebKitEngine(): Promise<Engine> {
  const found = findWebKit()
  if (!found) throw new Error('No WebKitGTK found. Run `npm run setup`.')
  const home = await mkdtemp(join(tmpdir(), 'tokenward-webkit-'))
  const children: ChildProcess[] = []
  // The browser's processes lose their parents one by one.
  const left = () => startedWith(`XDG_RUNTIME_DIR=${home}`)
  const kill = () => {
    for (const pid of left()) signal(pid, 'SIGKILL')
    for (const child of children) child.kill('SIGKILL')
  }
  process.once('exit', kill)
  const gone = () => Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? exited(child)))

  const display = spawn(found.xvfb, ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  children.push(display)
  const number = await new Promise<string>((resolve, reject) => {
    display.stdio[3]?.once('data', (text: Buffer) => resolve(text.toString().trim()))
    display.once('error', reject)
  })
  const env = {
    ...process.env,
    DISPLAY: `:${number}`,
    HOME: home,
    XDG_RUNTIME_DIR: home,
    GDK_BACKEND: 'x11',
    WEBKIT_DISABLE_DMABUF_RENDERER: '1',
    NO_AT_BRIDGE: '1',
  }
  const port = await freePort()
  const driver = spawn(found.driver, [`--port=${port}`, '--host=127.0.0.1'], { env, stdio: 'ignore' })
  children.push(driver)

  let reachable = true
  const send = async <T>(method: string, path: string, body?: unknown, limit = 60_000): Promise<T> => {
    const init = body === undefined ? {} : { body: JSON.stringify(body) }
    const signal = AbortSignal.timeout(limit)
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, signal, ...init })
    const { value } = (await response.json()) as { value: T & { error?: string; message?: string } }
    if (response.ok) return value
    if (value.error === 'invalid session id') reachable = false
    throw new Error(`${value.error}: ${value.message}`)
  }
  for (let tries = 0; ; tries++) {
    if (await send('GET', '/status').then(Boolean, () => false)) break
    if (tries > 50) throw new Error('WebKitWebDriver does not answer.')
    await sleep(100)
  }
  const options = { binary: found.browser, args: ['--automation'] }
  const { sessionId, capabilities } = await send<{
    readonly sessionId: string
    readonly capabilities: { readonly browserName: string; readonly browserVersion: string }
  }>('POST', '/session', { capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options } } }, START)
  const at = `/session/${sessionId}`
  // One command after the other: each is for the window that was chosen last.
  let last: Promise<unknown> = Promise.resolve()
  const inWindow = <T>(handle: string, run: () => Promise<T>): Promise<T> => {
    const done = last
      .catch(() => {})
      .then(() => send('POST', `${at}/window`, { handle }))
      .then(run)
    last = done
    return done
  }
  await send('POST', `${at}/timeouts`, { pageLoad: 10_000 })
  return {
    version: `${capabilities.browserName} (WebKitGTK) ${capabilities.browserVersion}`,
    get reachable() {
      return reachable
    },
    async open(url) {
      // None is opened from a window that was closed.
      const [some = ''] = await send<string[]>('GET', `${at}/window/handles`)
      const { handle } = await inWindow(some, () =>
        send<{ handle: string }>('POST', `${at}/window/new`, { type: 'tab' }),
      )
      await inWindow(handle, () => send('POST', `${at}/url`, { url }))
      return {
        close: () => inWindow(handle, () => send('DELETE', `${at}/window`)),
        reload: () => inWindow(handle, () => send('POST', `${at}/refresh`, {})),
      }
    },
    renderers: () =>
      descendants(driver.pid as number)
        .filter(({ command }) => command[0]?.endsWith('WebKitWebProcess'))
        .map(({ pid }) => pid),
    async stop() {
      const own = left()
      await send('DELETE', at).catch(() => {})
      kill()
      await gone()
      // Whoever takes over orphans may not bury them at once.
      for (let waits = 0; own.some(isThere) && waits < 200; waits++) {
        kill()
        await sleep(50)
      }
      process.off('exit', kill)
      await rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
    },
  }
}

const exited = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve))

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
