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
  if (!url.endsWith(`/src/${fault.file}`)) return next(url, context)
  const path = fileURLToPath(url)
  const source = await readFile(path, 'utf8')
  const parts = source.split(fault.find)
  if (parts.length !== 2) throw new Error(`${fault.name}: its text is in ${fault.file} ${parts.length - 1} times`)
  return { format: 'module', source: await compile(parts.join(fault.replacement), path), shortCircuit: true }
}
