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

const empty = { name: 'empty-dist', buildStart: () => rmSync(`${root}dist`, { recursive: true, force: true }) }

// One build with every entry as an input, once for JavaScript and once for types: what two entries share lies in a file
// that both import, so a class or symbol is the same one in both.
export default [
  {
    ...all,
    plugins: [empty, esbuild({ target: 'es2022', tsconfig })],
    output: { ...output, entryFileNames: '[name].js', chunkFileNames: 'shared.js' },
  },
  {
    ...all,
    plugins: [dts({ tsconfig })],
    output: {
      ...output,
      entryFileNames: '[name].d.ts',
      chunkFileNames: 'shared.d.ts',
      // Types cost nothing at run time: what entries share need not be split by which of them share it.
      manualChunks: (/** @type {string} */ id) =>
<<<<<<< HEAD
        /\/src\/(?:index\.ts|browser\/|node\/|providers\/|redis\/|resource-server\/|testing\/)/.test(id)
          ? undefined
          : 'shared',
=======
        /\/src\/(?:index\.ts|browser\/|node\/|react\/|redis\/|resource-server\/|testing\/)/.test(id) ? undefined : 'shared',
>>>>>>> a0eb66a (Give React an entry of its own: provider, hooks, and a guard that does not undo a sign-out)
    },
  },
]
