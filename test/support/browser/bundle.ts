import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { entries, root } from '../../../scripts/entries.mjs'

/** The files to take in place of the sources: where `BUILD` is `production`, what `npm run build` made for pages. */
const built = process.env.BUILD === 'production' ? entries.filter(({ production }) => production) : []
const alias = Object.fromEntries(built.map(({ specifier, production = '' }) => [specifier, production]))

/** Bundles a script with the library from its sources, or as it was built for production. */
export async function bundle(entry: URL, format: 'iife' | 'esm'): Promise<string> {
  const path = fileURLToPath(entry)
  const { outputFiles } = await build({
    entryPoints: [built.find(({ source }) => source === path)?.production ?? path],
    tsconfig: `${root}tsconfig.json`,
    alias,
    bundle: true,
    format,
    target: 'es2022',
    platform: 'browser',
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}
