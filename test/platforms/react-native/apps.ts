import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../../../scripts/entries.mjs'
import { appFolder } from '../../../scripts/platform-packages.mjs'

const execute = promisify(execFile)

/** An app whose packages `npm run test:platforms` has installed. */
export interface App {
  readonly folder: string
  /** The Node that its Metro wants. */
  readonly node: string
  /** The compiler of its Hermes. */
  readonly hermesc: string
}

/** What Metro makes of the code for: `hermes-stable` is what a release for Hermes 1 has, `default` what older engines take. */
export type Profile = 'hermes-stable' | 'default'

function appOf(name: Parameters<typeof appFolder>[0], node: string): App {
  const folder = appFolder(name)
  const platform = { linux: 'linux64-bin', darwin: 'osx-bin', win32: 'win64-bin' }[process.platform as string] ?? ''
  return { folder, node, hermesc: join(folder, 'node_modules/hermes-compiler/hermesc', platform, 'hermesc') }
}

export const apps = {
  'React Native 0.86': appOf('react-native-0.86', process.execPath),
  'React Native 0.88': appOf('react-native-0.88', join(appFolder('react-native-0.88'), 'node_modules/node/bin/node')),
}

/** Puts the sources of `from` into the app, under `name`: what Metro bundles has to lie there. */
export function stage({ folder }: App, name: string, from: string): string {
  const staged = join(folder, name)
  rmSync(staged, { recursive: true, force: true })
  cpSync(join(root, from), staged, { recursive: true })
  return staged
}

/** Which phones a bundle is for. */
export type Platform = 'android' | 'ios'

/** Bundles as a release is; gives the texts of the bundles. `isHost`: without anything of React Native in front. */
export async function metro(
  { folder, node }: App,
  profile: Profile,
  jobs: readonly { readonly entry: string; readonly isHost?: boolean }[],
  platform: Platform = 'android',
): Promise<readonly string[]> {
  mkdirSync(join(folder, 'bundles'), { recursive: true })
  const withOut = jobs.map((job) => ({
    ...job,
    profile,
    platform,
    out: join(folder, 'bundles', `${job.entry.replaceAll('/', '-')}-${profile}-${platform}.js`),
  }))
  await execute(node, [join(root, 'test/platforms/react-native/metro.mjs'), folder, JSON.stringify(withOut)])
  return withOut.map(({ out }) => readFileSync(out, 'utf8'))
}

/** What Babel makes of a bundle of Expo's with the plugins that Expo has for the Hermes of apps before its SDK 56. */
export async function forOlderHermes({ folder }: App, bundle: string): Promise<string> {
  const file = join(folder, 'bundles', 'newer.js')
  const out = join(folder, 'bundles', 'older.js')
  writeFileSync(file, bundle)
  await execute(process.execPath, [join(root, 'test/platforms/react-native/older-hermes.mjs'), folder, file, out])
  return readFileSync(out, 'utf8')
}

/** Bundles as a release of an Expo app is, by Expo's own command. */
export async function expoBundle({ folder }: App, entry: string, platform: Platform = 'android'): Promise<string> {
  writeFileSync(join(folder, 'app.json'), '{ "expo": { "name": "realm", "slug": "realm" } }')
  mkdirSync(join(folder, 'bundles'), { recursive: true })
  const out = join(folder, 'bundles', `${entry.replaceAll('/', '-')}-expo-${platform}.js`)
  const cli = join(folder, 'node_modules/expo/bin/cli')
  const command = ['export:embed', '--platform', platform, '--dev', 'false', '--minify', 'false']
  const env = { ...process.env, CI: '1', EXPO_OFFLINE: '1', EXPO_NO_TELEMETRY: '1', NODE_ENV: 'production' }
  await execute(process.execPath, [cli, ...command, '--entry-file', entry, '--bundle-output', out], {
    cwd: folder,
    env,
  })
  return readFileSync(out, 'utf8')
}
