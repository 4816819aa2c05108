import { rmSync } from 'node:fs'
import dts from 'rollup-plugin-dts'
import esbuild from 'rollup-plugin-esbuild'
import { entries, manifest, root } from './scripts/entries.mjs'

const packages = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
// The wider of the two: what runs on Node is compiled with Node's types.
const tsconfig = `${root}tsconfig.node.json`

/** @type {import('rollup').RollupOptions} */
const all = {
  input: Object.fromEntries(entries.map(({ name, source }) => [name, source])),
  external: (id) => id.startsWith('node:') || packages.some((name) => id === name || id.startsWith(`${name}/`)),
  onwarn(warning) {
    // The worker exports nothing, so its types are empty.
    if (warning.code !== 'EMPTY_BUNDLE') throw new Error(warning.message)
  },
}

/** @type {import('rollup').OutputOptions} */
const output = { dir: `${root}dist`, format: 'es', hoistTransitiveImports: false }

// The rooms that are entry points, and the main entry.
const ownRooms = entries.map(({ name }) => (name === 'index' ? 'index\\.ts' : `${name}/`))
const ownFiles = new RegExp(`/src/(?:${ownRooms.join('|')})`)

const empty = { name: 'empty-dist', buildStart: () => rmSync(`${root}dist`, { recursive: true, force: true }) }

// One build with every entry as an input, once for JavaScript and once for types: what two entries share lies in a file
// that both import, so a class or symbol is the same one in both.
export default [
  {
    ...all,
    plugins: [empty, esbuild({ target: 'es2022', tsconfig })],
    output: {
      ...output,
      entryFileNames: '[name].js',
      chunkFileNames: 'shared.js',
      // So that a server component may put the hooks' components into a page.
      banner: (/** @type {{ name: string }} */ { name }) => (name === 'react' ? "'use client'" : ''),
    },
  },
  {
    ...all,
    plugins: [dts({ tsconfig })],
    output: {
      ...output,
      entryFileNames: '[name].d.ts',
      chunkFileNames: 'shared.d.ts',
      // Types cost nothing at run time: what entries share need not be split by which of them share it.
      manualChunks: (/** @type {string} */ id) => (ownFiles.test(id) ? undefined : 'shared'),
    },
  },
]
