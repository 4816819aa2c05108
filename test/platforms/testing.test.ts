import { execFile } from 'node:child_process'
import { cpSync, createReadStream, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { startLoopbackServer } from '../../examples/demo/loopback-server.ts'
import { root } from '../../scripts/entries.mjs'
import { appFolder } from '../../scripts/platform-packages.mjs'
import { chromiumLaunchOptions, findChromium } from '../../scripts/programs.mjs'
import { serveBuilt } from '../support/browser/built-example.ts'
import { bundleSameApp } from '../support/browser/bundled-same-app.ts'

const execute = promisify(execFile)
const folder = appFolder('testing')
const project = join(folder, 'app')
const installed = (path: string) => join(folder, 'node_modules', path)

/** The blocks of docs/testing.md that name a file. */
function blocks(): ReadonlyMap<string, string> {
  const text = readFileSync(join(root, 'docs/testing.md'), 'utf8')
  return new Map(
    [...text.matchAll(/^```jsx?\n\/\/ (\S+)\n(.*?)^```$/gms)].map(([, name = '', code = '']) => [name, code]),
  )
}

/** Runs a program of Node in the project; what it says. */
async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { cwd: project, env: { ...process.env, NODE_ENV: 'test', ...env } }
  const { stdout, stderr } = await execute(process.execPath, [program, ...args], options).catch((error) => error)
  return stdout + stderr
}

beforeAll(() => {
  rmSync(project, { recursive: true, force: true })
  mkdirSync(project)
  for (const [name, code] of blocks()) writeFileSync(join(project, name), code)
})

it('Vitest runs the test of docs/testing.md', async () => {
  writeFileSync(join(project, 'vitest.config.mjs'), "export default { oxc: { jsx: { runtime: 'automatic' } } }")
  expect(await run(installed('vitest/vitest.mjs'), ['run', '--root', project, 'greeting.test.jsx'])).toMatch(
    /Tests .*1 passed/,
  )
})

it('Jest runs the test of docs/testing.md with its lines', async () => {
  const pattern = ['--testMatch', '**/greeting.jest.jsx', '--no-cache']
  const config = ['--rootDir', project, '--config', join(project, 'jest.react.config.js')]
  writeFileSync(join(project, 'package.json'), '{ "type": "commonjs" }')
  expect(await run(installed('jest/bin/jest.js'), [...config, ...pattern])).toMatch(/Tests: +1 passed, 1 total/)
})

it('Playwright runs the test of docs/testing.md against a whole app', async () => {
  const files = join(project, 'dist')
  cpSync(join(root, 'bench/same-app'), join(project, 'same-app'), { recursive: true })
  await bundleSameApp(join(project, 'same-app'), 'tokenward', files)
  const site = await serveBuilt({
    files,
    page: join(project, 'same-app/index.html'),
    addresses: () => ({
      'https://as.example.com': 'https://as.example',
      'https://api.example.com': 'https://api.example.com',
    }),
  })
  const use = { baseURL: site.origin, launchOptions: { executablePath: findChromium(), args: ['--no-sandbox'] } }
  writeFileSync(join(project, 'playwright.config.mjs'), `export default ${JSON.stringify({ reporter: 'list', use })}`)
  try {
    const said = await run(installed('@playwright/test/cli.js'), ['test', 'app.spec.js'])
    expect(said).toMatch(/1 passed/)
  } finally {
    await site.refuse()
  }
})

it('Storybook shows the stories of docs/testing.md', async () => {
  mkdirSync(join(project, '.storybook'))
  const settings = {
    stories: ['../*.stories.jsx'],
    framework: '@storybook/react-vite',
    core: { disableTelemetry: true },
  }
  writeFileSync(join(project, '.storybook/main.mjs'), `export default ${JSON.stringify(settings)}`)
  await run(installed('storybook/dist/bin/dispatcher.js'), ['build', '--quiet'], { NODE_ENV: 'production' })
  // What a story needs of the page is Storybook's affair: it is served without a policy.
  const site = await startLoopbackServer((req, res) => {
    const { pathname } = new URL(req.url ?? '/', 'http://localhost')
    const type = { '.js': 'text/javascript', '.html': 'text/html', '.css': 'text/css' }[extname(pathname)]
    res.setHeader('content-type', type ?? 'application/octet-stream')
    createReadStream(join(project, 'storybook-static', pathname))
      .on('error', () => res.writeHead(404).end())
      .pipe(res)
  })
  const browser = await chromium.launch(chromiumLaunchOptions())
  try {
    const page = await browser.newPage()
    await page.goto(`${site.origin}/iframe.html?id=greeting--signed-in&viewMode=story`)
    await page.getByText('Hello Alice').waitFor({ timeout: 60_000 })
    await page.goto(`${site.origin}/iframe.html?id=greeting--signed-out&viewMode=story`)
    await page.getByRole('button', { name: 'Sign in' }).waitFor({ timeout: 60_000 })
  } finally {
    await browser.close()
    await site.refuse()
  }
})
