import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { root } from '../../../scripts/entries.mjs'
import { apps, stage } from './apps.ts'

const execute = promisify(execFile)
const { folder } = apps['React Native 0.86']

/** The lines of docs/react-native.md. */
function documentedConfig(): string {
  const text = readFileSync(join(root, 'docs/react-native.md'), 'utf8')
  const [, config] = /```js\n(\s*\/\/ jest\.config\.js\n.*?)```/s.exec(text) ?? []
  if (!config) throw new Error('docs/react-native.md has no jest.config.js')
  return config
}

it('Jest with the preset of React Native and Testing Library follows a session through real components', async () => {
  const staged = stage(apps['React Native 0.86'], 'jest', 'test/platforms/react-native/components')
  writeFileSync(join(staged, 'jest.config.js'), documentedConfig())
  writeFileSync(
    join(staged, 'babel.config.js'),
    "module.exports = { presets: ['module:@react-native/babel-preset'] }\n",
  )
  const jest = join(folder, 'node_modules/jest/bin/jest.js')
  const { stderr } = await execute(process.execPath, [jest, '--rootDir', staged, '--ci'], { cwd: staged })
  expect(stderr).toMatch(/Tests: +3 passed, 3 total/)
})
