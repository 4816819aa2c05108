import { fileURLToPath } from 'node:url'

export default {
  mode: 'production',
  entry: './main.ts',
  output: {
    path: fileURLToPath(new URL('dist', import.meta.url)),
    filename: 'main.js',
    // The name of the policy that makes the worker's URL, for pages with `require-trusted-types-for 'script'`.
    trustedTypes: 'refresh-worker',
  },
}
