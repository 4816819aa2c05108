import { readFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { transform } from 'esbuild'
import { entries } from './entries.mjs'

/**
 * The package's own name means its sources, so that examples and benchmarks read as a user's program and need no build.
 *
 * @type {import('node:module').ResolveHook}
 */
export function resolve(specifier, context, next) {
  const entry = entries.find((each) => each.specifier === specifier)
  return entry ? { url: pathToFileURL(entry.source).href, shortCircuit: true } : next(specifier, context)
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!/^file:.*\.ts$/.test(url)) return next(url, context)
  const path = fileURLToPath(url)
  return { format: 'module', source: await compile(await readFile(path, 'utf8'), path), shortCircuit: true }
}

/**
 * The JavaScript of `source`, which lies in `sourcefile`.
 *
 * @param {string} source
 * @param {string} sourcefile
 */
export async function compile(source, sourcefile) {
  const { code } = await transform(source, {
    loader: 'ts',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    sourcefile,
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  })
  return code
}
