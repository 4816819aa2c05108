import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { compile } from '../../scripts/typescript-hooks.mjs'

/** @type {import('./faults.ts').Fault} */
let fault

/** @param {import('./faults.ts').Fault} planted what to do to the sources as they are loaded */
export function initialize(planted) {
  fault = planted
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  const edits = fault.edits.filter(({ file }) => url.endsWith(`/src/${file}`))
  if (edits.length === 0) return next(url, context)
  const path = fileURLToPath(url)
  const source = plant(await readFile(path, 'utf8'), fault.name, edits)
  return { format: 'module', source: await compile(source, path), shortCircuit: true }
}

/**
 * `source` with the mistakes in it.
 *
 * @param {string} source
 * @param {string} name of the fault
 * @param {readonly import('./faults.ts').Edit[]} edits
 */
export function plant(source, name, edits) {
  for (const { file, find, replacement } of edits) {
    const parts = source.split(find)
    if (parts.length !== 2) throw new Error(`${name}: its text is in ${file} ${parts.length - 1} times`)
    source = parts.join(replacement)
  }
  return source
}
