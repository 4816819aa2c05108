import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
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
