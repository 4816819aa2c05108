import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import dts from 'rollup-plugin-dts'
import esbuild from 'rollup-plugin-esbuild'
import { minify } from 'terser'
import { entries, manifest, root } from './scripts/entries.mjs'
import { isPrivateName, shortNames } from './scripts/private-names.mjs'
import { withoutChecks } from './scripts/without-checks.mjs'
import { sentenceMakers, withoutSentences } from './scripts/without-sentences.mjs'

const packages = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
const isPackage = (/** @type {string} */ id) =>
  id.startsWith('node:') || packages.some((name) => id === name || id.startsWith(`${name}/`))
// The wider of the two: what runs on Node is compiled with Node's types.
const tsconfig = `${root}tsconfig.node.json`

/** @type {import('rollup').RollupOptions} */
const all = {
  external: isPackage,
  onwarn(warning) {
    // The worker exports nothing, so its types are empty.
    if (warning.code !== 'EMPTY_BUNDLE') throw new Error(warning.message)
  },
}

/** @type {import('rollup').OutputOptions} */
const output = { format: 'es', hoistTransitiveImports: false }
/** @type {import('rollup').OutputOptions} */
const scripts = {
  ...output,
  entryFileNames: '[name].js',
  chunkFileNames: 'shared.js',
  // So that a server component may put the hooks' components into a page.
  banner: ({ name }) => (name === 'react' ? "'use client'" : ''),
}
const compiled = esbuild({ target: 'es2022', tsconfig })
/** The same, with short names for what only the inside knows. */
const compiledShort = esbuild({ target: 'es2022', tsconfig, mangleProps: isPrivateName, mangleCache: shortNames })

// One and the same file in both builds of the scripts, as one program may hold parts of both.
const common = ['errors', 'protocol/allow-insecure-loopback', 'protocol/allow-missing-nonce']

// The rooms that are entry points, and the main entry.
const ownRooms = entries.map(({ name }) => (name === 'index' ? 'index\\.d\\.ts' : `${name}/`))
const declarations = resolve(root, 'node_modules/.cache/declarations')
const ownFiles = new RegExp(`^(?:${ownRooms.join('|')})`)

const empty = { name: 'empty-dist', buildStart: () => rmSync(`${root}dist`, { recursive: true, force: true }) }

/**
 * One build with every entry as an input: what two entries share lies in a file that both import, so a class or symbol is the same one in
 * both.
 *
 * @param {string} dist where it goes
 * @returns {import('rollup').RollupOptions & { output: import('rollup').OutputOptions }}
 */
const full = (dist) => ({
  ...all,
  input: { ...inputOf(entries), ...Object.fromEntries(common.map((name) => [name, `${root}src/${name}.ts`])) },
  plugins: [compiled],
  output: { ...scripts, dir: dist },
})

/**
 * What both builds have in common is in the files of the full one, a folder above. Rollup counts from the folder of the sources.
 *
 * @type {import('rollup').Plugin}
 */
const commonAbove = {
  name: 'common-above',
  resolveId(source, importer) {
    const name = common.find(
      (name) => importer && resolve(dirname(importer), source) === resolve(root, `src/${name}.ts`),
    )
    return name === undefined ? undefined : { id: resolve(root, `${name}.js`), external: 'relative' }
  },
}

/**
 * Puts what is used once in the place of its name, and leaves out what can never run: a bundler's minifier misses some of it. All else stays
 * as it is.
 *
 * @type {import('rollup').Plugin}
 */
const compressed = {
  name: 'compressed',
  async renderChunk(code) {
    const { code: shorter = code } = await minify(code, {
      module: true,
      ecma: 2020,
      compress: {
        // Only the simplest functions are put in the place of their calls. The others stay whole, so that an application ships only those it uses.
        inline: 1,
        reduce_funcs: false,
        sequences: false,
        join_vars: false,
        // In our code, reading a member of an object has no side effect.
        pure_getters: true,
        hoist_funs: true,
        // `use client`
        directives: false,
        passes: 3,
      },
      mangle: false,
      format: { beautify: true, preserve_annotations: true },
    })
    return { code: shorter, map: null }
  },
}

/**
 * The entries of pages once more, without sentences and checks for developers.
 *
 * @param {string} dist
 * @returns {import('rollup').RollupOptions & { output: import('rollup').OutputOptions }}
 */
const production = (dist) => ({
  ...all,
  input: inputOf(entries.filter((entry) => entry.production)),
  plugins: [commonAbove, withoutSentences(), withoutChecks(), compiledShort, compressed],
  treeshake: { manualPureFunctions: sentenceMakers, propertyReadSideEffects: false },
  output: { ...scripts, dir: `${dist}/production` },
})

/** @param {string} dist where the scripts go, a full path */
export const scriptsInto = (dist) => [full(dist), production(dist)]

const moved = (/** @type {string} */ source) => resolve(declarations, relative(`${root}src`, source))
const declarationOf = (/** @type {string} */ source) => source.replace(/\.ts$/, '.d.ts')

/**
 * The types of each source, written by the compiler in Go, which needs a tenth of the time.
 *
 * @type {import('rollup').Plugin}
 */
const declared = {
  name: 'declared',
  buildStart() {
    rmSync(declarations, { recursive: true, force: true })
    const emit = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--incremental', 'false']
    const folders = ['--rootDir', `${root}src`, '--outDir', declarations]
    const compiler = `${root}node_modules/typescript-7/bin/tsc`
    const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', tsconfig, ...emit, ...folders])
    if (status !== 0) throw new Error(`The types of the sources: ${stdout}`)
  },
  resolveId(source, importer) {
    const isOwn = source.startsWith('.') && importer !== undefined
    return isOwn ? resolve(dirname(importer), declarationOf(source)) : undefined
  },
}

/** @param {typeof entries} some */
function inputOf(some) {
  return Object.fromEntries(some.map(({ name, source }) => [name, source]))
}

const [first, ...others] = scriptsInto(`${root}dist`)

export default [
  { ...first, plugins: [empty, first?.plugins] },
  ...others,
  {
    ...all,
    input: inputOf(entries.map((entry) => ({ ...entry, source: declarationOf(moved(entry.source)) }))),
    plugins: [declared, dts()],
    output: {
      ...output,
      dir: `${root}dist`,
      entryFileNames: '[name].d.ts',
      chunkFileNames: 'shared.d.ts',
      // Types cost nothing at run time: what entries share need not be split by which of them share it.
      manualChunks: (/** @type {string} */ id) => (ownFiles.test(relative(declarations, id)) ? undefined : 'shared'),
    },
  },
]
