import { join } from 'node:path'
import { build } from 'esbuild'

/**
 * Bundles an app of `bench/same-app` as a site ships it.
 *
 * @param folder a copy of `bench/same-app` beside the packages that it imports
 * @param name which of the apps: what is measured is the package, not the sources
 * @param files where its `main.js` goes
 */
export async function bundleSameApp(folder: string, name: string, files: string): Promise<void> {
  await build({
    stdin: {
      contents: `import { createElement } from 'react'
        import { createRoot } from 'react-dom/client'
        import { App } from './${name}.tsx'
        createRoot(document.getElementById('app')).render(createElement(App))`,
      resolveDir: folder,
    },
    outfile: join(files, 'main.js'),
    bundle: true,
    format: 'esm',
    jsx: 'automatic',
    tsconfigRaw: {},
    define: { 'process.env.NODE_ENV': '"production"' },
  })
}
