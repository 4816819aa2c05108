import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { manifest, root } from '../../../scripts/entries.mjs'
import { reactNativeApps } from '../../../scripts/platform-packages.mjs'
import { apps, expoBundle, metro, stage } from './apps.ts'

const execute = promisify(execFile)
const app = apps['React Native 0.86']
const typescript = join(root, 'node_modules/typescript/bin/tsc')

/** What TypeScript says of the program in `folder`. */
async function typeErrors(folder: string): Promise<string> {
  const told = await execute(process.execPath, [typescript, '-p', folder]).catch((error) => error)
  return told.stdout
}

const examples = {
  'react-native-expo': () => expoBundle(app, 'react-native-expo/index.ts'),
  'react-native-bare': async () =>
    (await metro(app, 'hermes-stable', [{ entry: 'react-native-bare/index.ts' }])).join(''),
}

/** The programs of docs/react-native.md below a heading, by the name in their first line. */
function documented(heading: string): Readonly<Record<string, string>> {
  const text = readFileSync(join(root, 'docs/react-native.md'), 'utf8')
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  return Object.fromEntries(
    [...section.matchAll(/^```tsx\n\/\/ (\S+)\n(.*?)^```$/gms)].map(([, name, code]) => [name, code]),
  )
}

/** An app as somebody has it who pastes the programs below these headings. */
function pasted(name: string, headings: readonly string[]): string {
  const folder = stage(app, name, 'examples/react-native-bare')
  for (const file of ['app.tsx', 'tokens.ts']) rmSync(join(folder, file))
  const files: Readonly<Record<string, string>> = Object.assign({}, ...headings.map(documented))
  for (const [file, code] of Object.entries(files)) writeFileSync(join(folder, file), code)
  writeFileSync(
    join(folder, 'index.ts'),
    "import { AppRegistry } from 'react-native'\nimport App from './App'\nAppRegistry.registerComponent('Notes', () => App)\n",
  )
  return folder
}

const everybody = ['An app with Expo', 'The redirect URI']

describe('the programs of docs/react-native.md compile when they are pasted, and are bundled', () => {
  it('with Expo', async () => {
    const folder = pasted('pasted-expo', [...everybody, 'Face ID and fingerprint'])
    expect(sourcesIn(folder)).toEqual(['App.tsx', 'index.ts', 'locked-tokens.ts', 'redirect-uri.ts', 'tokens.ts'])
    expect(await typeErrors(folder)).toBe('')
    expect(await expoBundle(app, 'pasted-expo/index.ts')).toContain('com.example.notes:/callback')
  })

  it('without Expo', async () => {
    const folder = pasted('pasted-bare', [...everybody, 'An app without Expo'])
    expect(sourcesIn(folder)).toEqual(['App.tsx', 'index.ts', 'redirect-uri.ts', 'tokens.ts'])
    expect(await typeErrors(folder)).toBe('')
    const [bundle] = await metro(app, 'hermes-stable', [{ entry: 'pasted-bare/index.ts' }])
    expect(bundle).toContain('com.example.notes:/callback')
  })
})

function sourcesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\.tsx?$/.test(name))
    .sort()
}

describe.each(Object.entries(examples))('examples/%s', (name, bundle) => {
  it('asks for the versions that are tested', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'examples', name, 'package.json'), 'utf8'))
    const { tokenward: own, ...others } = dependencies
    expect(own).toBeDefined()
    expect({ ...manifest.devDependencies, ...reactNativeApps['react-native-0.86'] }).toMatchObject(others)
  })

  it('compiles against the real packages, without Node and without the DOM library', async () => {
    const folder = stage(app, name, `examples/${name}`)
    expect(await typeErrors(folder)).toBe('')
    writeFileSync(
      join(folder, 'wrong.ts'),
      "import { tokens } from './tokens'\nexport const wrong: number = tokens.state.status\n",
    )
    expect(await typeErrors(folder)).toContain('TS2322')
  })

  it('is bundled by Metro', async () => {
    stage(app, name, `examples/${name}`)
    expect(await bundle()).toContain('com.example.notes:/callback')
  })
})
