import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { root } from './entries.mjs'

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()
let interrupted = false
const groups = process.platform !== 'win32'

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.once(signal, () => {
    interrupted = true
    for (const child of running) kill(child, signal)
    process.exitCode = 1
    setTimeout(() => process.exit(1), 3000).unref()
  })
}
process.on('exit', () => {
  for (const child of running) kill(child, 'SIGKILL')
})

/** @typedef {{ ok: boolean, output: string, ms: number, problem?: string }} Outcome */

/**
 * Runs a command in its own process group, so that nothing it started outlives it.
 *
 * @param {readonly string[]} command program and arguments; `node` stands for the Node that runs this script
 * @param {{ limit: number, show?: boolean | ((text: string) => void), env?: Record<string, string> }} options `limit` in
 *   milliseconds ends it; `show` prints its output as it comes, or is the function that does
 * @returns {Promise<Outcome>} never rejects
 */
export function run([program = '', ...args], { limit, show = false, env = {} }) {
  const started = performance.now()
  if (interrupted) return Promise.resolve({ ok: false, output: '', ms: 0, problem: 'interrupted' })
  return new Promise((resolve) => {
    const child = spawn(program === 'node' ? process.execPath : program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: groups,
    })
    running.add(child)
    let output = ''
    /** @type {string | undefined} */
    let problem
    const timer = setTimeout(() => {
      problem = `not done after ${seconds(limit)}`
      kill(child, 'SIGTERM')
      setTimeout(() => kill(child, 'SIGKILL'), 5000).unref()
    }, limit)
    const print = show === true ? (/** @type {string} */ text) => process.stdout.write(text) : show
    const hear = (/** @type {string} */ text) => {
      output += text
      if (print) print(text)
    }
    child.stdout.setEncoding('utf8').on('data', hear)
    child.stderr.setEncoding('utf8').on('data', hear)
    const closed = new Promise((done) => child.once('close', done))
    child.once('error', (error) => finish(`cannot start ${program}: ${error.message}`))
    child.once('exit', async (code, signal) => {
      if (code !== 0) problem ??= signal ? `ended by ${signal}` : `exit code ${code}`
      // Its own children get a moment to notice.
      for (let waits = 0; waits < 40 && groups && kill(child, 0); waits++) await delay(50)
      if (groups && kill(child, 0)) problem ??= 'left a process running'
      kill(child, 'SIGKILL')
      await closed
      finish()
    })

    /** @param {string} [why] */
    function finish(why) {
      clearTimeout(timer)
      running.delete(child)
      problem ??= why
      resolve({ ok: !problem, output, ms: performance.now() - started, ...(problem && { problem }) })
    }
  })
}

/** @param {number} ms */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals | 0} signal
 * @returns {boolean} whether there was somebody to hear it
 */
function kill(child, signal) {
  try {
    return child.pid !== undefined && process.kill(groups ? -child.pid : child.pid, signal)
  } catch {
    return false
  }
}
