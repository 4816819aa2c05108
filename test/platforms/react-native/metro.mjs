import { createRequire } from 'node:module'

// node metro.mjs APP-FOLDER JOBS: bundles with the Metro of that app, as a release is. Run with the Node that Metro wants.

/** @typedef {{ entry: string, out: string, profile: string, platform: string, isHost?: boolean }} Job */

const [, , folder = '', jobs = '[]'] = process.argv
const requireOfApp = createRequire(`${folder}/package.json`)
const Metro = requireOfApp('metro')
const { mergeConfig } = requireOfApp('metro-config')
const { getDefaultConfig } = requireOfApp('@react-native/metro-config')

process.chdir(folder)
process.env.NODE_ENV = 'production'
for (const { entry, out, profile, platform, isHost } of /** @type {Job[]} */ (JSON.parse(jobs))) {
  // The host runs before anything of React Native does.
  const serializer = isHost ? { getPolyfills: () => [], getModulesRunBeforeMainModule: () => [] } : {}
  const config = mergeConfig(getDefaultConfig(folder), {
    serializer,
    watchFolders: [folder],
    maxWorkers: 1,
    reporter: { update() {} },
  })
  await Metro.runBuild(config, {
    entry,
    out,
    platform,
    dev: false,
    minify: false,
    unstable_transformProfile: profile,
  })
}
process.exit(0)
