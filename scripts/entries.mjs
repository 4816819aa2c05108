import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The repository's root folder. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** package.json, parsed. */
export const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

/**
 * The package's entry points, read from `exports`, so that they are listed in one place only.
 * `./x/y` is built from `src/x/y/index.ts` or `src/x/y.ts`, `.` from `src/index.ts`. `production` is what a page ships: the same
 * without sentences for developers.
 *
 * @type {readonly { specifier: string, name: string, source: string, js: string, production: string | undefined, types: string }[]}
 */
export const entries = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target === 'object')
  .map(([subpath, target]) => {
    const name = subpath === '.' ? 'index' : subpath.slice(2)
    const folder = `${root}src/${name}/index.ts`
    return {
      specifier: manifest.name + subpath.slice(1),
      name,
      source: existsSync(folder) ? folder : `${root}src/${name}.ts`,
      js: root + target.default.slice(2),
      production: target.production && root + target.production.slice(2),
      types: root + target.types.slice(2),
    }
  })
