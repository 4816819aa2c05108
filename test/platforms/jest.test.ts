import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { manifest, root } from '../../scripts/entries.mjs'
import { platformsFolder } from '../../scripts/platform-packages.mjs'

const execute = promisify(execFile)

const test = `
  const { TokenManagerError } = require('tokenward')
  const node = require('tokenward/node')
  const { createGuard } = require('tokenward/resource-server')
  const { createTestTokenManager } = require('tokenward/testing')

  test('a component', async () => {
    const tokens = createTestTokenManager({ state: 'signedIn' })
    expect((await tokens.getAccessToken()).value).toBe('test-access-token')
    expect(node.TokenManagerError).toBe(TokenManagerError)
    expect(typeof createGuard).toBe('function')
  })
`

/** The lines of docs/testing.md. */
function documentedConfig(): string {
  const [, config] =
    /```js\n(\/\/ jest\.config\.js\n.*?)```/s.exec(readFileSync(join(root, 'docs/testing.md'), 'utf8')) ?? []
  if (!config) throw new Error('docs/testing.md has no jest.config.js')
  return config
}

it('Jest runs CommonJS tests with the lines of docs/testing.md', async () => {
  // Elsewhere, as Jest looks at no test below a folder of this name. What it translates has to lie there as it is.
  const folder = mkdtempSync(join(tmpdir(), 'tokenward-jest-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['tokenward', ...Object.keys(manifest.dependencies)])
    cpSync(join(platformsFolder, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true })
  symlinkSync(join(platformsFolder, 'node_modules/@babel'), join(folder, 'node_modules/@babel'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }')
  writeFileSync(join(folder, 'component.test.js'), test)
  writeFileSync(join(folder, 'jest.config.js'), documentedConfig())
  const jest = join(platformsFolder, 'node_modules/jest/bin/jest.js')
  const { stderr } = await execute(process.execPath, [jest, '--rootDir', folder, '--no-cache'], { cwd: folder })
  expect(stderr).toMatch(/Tests: +1 passed, 1 total/)
})
