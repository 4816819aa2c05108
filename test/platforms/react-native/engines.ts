import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { appFolder } from '../../../scripts/platform-packages.mjs'
import { type Engine, v8 } from './bare-v8.ts'

const execute = promisify(execFile)

/** A shell that runs one file. */
function shell(program: string, flags: readonly string[], preamble: string): Engine {
  return async (scripts) => {
    const folder = mkdtempSync(join(tmpdir(), 'tokenward-realm-'))
    try {
      const file = join(folder, 'realm.js')
      writeFileSync(file, [preamble, ...scripts].join('\n'))
      const { stdout } = await execute(program, [...flags, file], { maxBuffer: 2 ** 26, timeout: 120_000 })
      return stdout.trim().split('\n')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

const withTurns = `
  (function () {
    var later = setTimeout
    globalThis.shell = { print: print, turn: function (run) { later(run, 0) } }
  })()
`

// Every Hermes that React Native has brings it along; this one is older.
const withAt = `
  Object.defineProperty(Array.prototype, 'at', {
    value: function (index) { return this[index < 0 ? this.length + index : index] },
  })
`

const hermesFolder = join(appFolder('react-native-0.86'), 'node_modules/hermes-engine-cli')
const hermes = join(hermesFolder, process.platform === 'darwin' ? 'osx-bin' : 'linux64-bin', 'hermes')

/** Debian's package with JavaScriptCore's shell is not everywhere. */
export const hasJsc = spawnSync('jsc', ['-e', '0']).status === 0

export const engines = {
  V8: v8,
  JavaScriptCore: shell('jsc', [], withTurns),
  'Hermes 0.12': shell(hermes, ['-Xmicrotask-queue', '-w'], withTurns + withAt),
} satisfies Record<string, Engine>
