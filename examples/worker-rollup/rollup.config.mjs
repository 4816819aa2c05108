import { nodeResolve } from '@rollup/plugin-node-resolve'
import esbuild from 'rollup-plugin-esbuild'

// Two inputs, one output: the code that page and worker share is in a file that both import.
export default {
  input: { main: 'main.ts', 'refresh-worker': 'tokenward/browser/worker' },
  plugins: [nodeResolve({ browser: true }), esbuild({ target: 'es2022' })],
  output: { dir: 'dist', format: 'es', entryFileNames: '[name].js' },
}
