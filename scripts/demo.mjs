import { spawn } from 'node:child_process'
import { root } from './entries.mjs'
import { setUp } from './setup.mjs'

const args = process.argv.slice(2)
setUp({ browser: args.includes('--check') })

const child = spawn(process.execPath, ['--import', './scripts/typescript.mjs', 'examples/demo/main.ts', ...args], {
  cwd: root,
  stdio: 'inherit',
})
// A terminal sends Ctrl-C to both; the demo ends itself, and this process ends with it.
process.on('SIGINT', () => {})
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal))
child.once('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1)
})
