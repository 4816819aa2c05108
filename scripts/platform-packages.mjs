import { manifest, root } from './entries.mjs'

/** Where the packages of `npm run platforms` are, with the built package among them: nothing of this repository is found from there. */
export const platformsFolder = `${root}node_modules/.cache/platforms`

/** TypeScript versions that the declarations have to compile with, oldest first. */
export const typescriptVersions = ['5.4.5', '5.7.3', '5.9.3', '6.0.3', '7.0.2']

/** What is installed there, besides what the package itself depends on. */
export const platformPackages = {
  ...manifest.dependencies,
  '@babel/plugin-transform-modules-commonjs': '7.29.14',
  '@types/node': manifest.devDependencies['@types/node'],
  jest: '30.5.2',
  miniflare: '4.20260426.0',
  ...Object.fromEntries(typescriptVersions.map((version) => [`typescript-${version}`, `npm:typescript@${version}`])),
}
