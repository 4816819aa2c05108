import { build } from 'esbuild'

// Two entry points with `splitting`: the code that page and worker share is in a file that both import.
await build({
  entryPoints: { main: 'main.ts', 'refresh-worker': 'tokenward/browser/worker' },
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  outdir: 'dist',
})
