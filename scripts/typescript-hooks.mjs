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
  const sourcefile = fileURLToPath(url)
  const { code } = await transform(await readFile(sourcefile, 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    sourcefile,
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  })
  return { format: 'module', source: code, shortCircuit: true }
}
