import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, it, onTestFinished } from 'vitest'
import { root } from '../../../scripts/entries.mjs'
import { reactNativeGlobals } from '../../architecture/react-native-globals.ts'
import { apps } from './apps.ts'

/** What needs Web Cryptography, and so a polyfill: an app of React Native has no use for it, and gives `dpop()` a `signing`. */
const needsWebCrypto = ['dpop', 'sealed', 'webCrypto', 'webSealing']

/** Of the port `webText`, in whose place the entry of React Native has its own. */
const replaced = ['TextDecoder', 'URLSearchParams']

/** One script with what is imported of `tokenward/react-native`, as a bundler leaves it that drops the rest. */
async function script(names: readonly string[]): Promise<string> {
  const contents = `import { ${names.join()} } from './dist/react-native.js'\nprint([${names.join()}])`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    format: 'iife',
    banner: { js: '"use strict";' },
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

/** What the compiler of that Hermes says of `text`. */
function compiled(hermesc: string, text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'tokenward-hermesc-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'script.js'), text)
  const flags = ['-strict', '-emit-binary', '-Wundefined-variable', '-out', join(folder, 'script.hbc')]
  const { status, stderr } = spawnSync(hermesc, [...flags, join(folder, 'script.js')], { encoding: 'utf8' })
  const free = [...stderr.matchAll(/the variable "([^"]+)" was not declared/g)].map(([, name]) => name ?? '')
  return { status, free: [...new Set(free)].filter((name) => name !== 'print').sort() }
}

const exported = Object.keys(await import(join(root, 'dist/react-native.js')))

describe.each(Object.entries(apps))('the Hermes of %s', (_, { hermesc }) => {
  it('compiles all of it, as it is published', async () => {
    const { status, free } = compiled(hermesc, await script(exported))
    expect(status).toBe(0)
    // Looked up when they are used, and not while the package is loaded.
    expect(free).toEqual(expect.arrayContaining(['TextDecoder', 'crypto']))
  })

  it('would find what it cannot compile', () => {
    expect(compiled(hermesc, 'async function* f() {}').status).not.toBe(0)
  })
})

it('what an app takes of it reads the globals that React Native has, and no other', async () => {
  const text = await script(exported.filter((name) => !needsWebCrypto.includes(name)))
  const { free } = compiled(apps['React Native 0.86'].hermesc, text)
  expect(free.filter((name) => !replaced.includes(name))).toEqual(Object.keys(reactNativeGlobals).sort())
})
