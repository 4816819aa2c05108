import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { createServer, type ViteDevServer } from 'vite'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startLoopbackServer } from '../../examples/demo/loopback-server.ts'
import { entries, root } from '../../scripts/entries.mjs'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'

let folder: string
let origin: string
let issuer: string
let vite: ViteDevServer
let provider: ChildProcess
let browser: Browser

/** A port that nobody has at the moment. */
async function freePort(): Promise<number> {
  const server = await startLoopbackServer(() => {})
  await server.refuse()
  return server.port
}

/** The blocks of the page in `language`, with the ports of this run. */
async function blocksOf(language: string): Promise<readonly string[]> {
  const page = await readFile(join(root, 'docs/start/vite.md'), 'utf8')
  const blocks = page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))
  return [...blocks].map(([, code = '']) =>
    code
      .replaceAll('http://localhost:4000', issuer)
      .replace('listen(4000)', `listen(${new URL(issuer).port})`)
      .replaceAll('http://localhost:5173', origin),
  )
}

beforeAll(async () => {
  const cache = join(root, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  folder = await mkdtemp(join(cache, 'getting-started-'))
  origin = `http://localhost:${await freePort()}`
  issuer = `http://localhost:${await freePort()}`
  const [[server = ''], [main = '']] = await Promise.all([blocksOf('js'), blocksOf('ts')])
  await writeFile(join(folder, 'server.mjs'), server)
  await writeFile(join(folder, 'main.ts'), main)
  await writeFile(join(folder, 'index.html'), '<body><script type="module" src="/main.ts"></script></body>')
  provider = spawn(process.execPath, ['server.mjs'], { cwd: folder, stdio: 'ignore' })
  vite = await createServer({
    root: folder,
    configFile: false,
    logLevel: 'silent',
    server: { host: 'localhost', port: Number(new URL(origin).port), strictPort: true },
    resolve: {
      alias: entries.map(({ specifier, source }) => ({ find: new RegExp(`^${specifier}$`), replacement: source })),
    },
  })
  await vite.listen()
  browser = await chromium.launch(chromiumLaunchOptions())
  await vi.waitFor(() => fetch(`${issuer}/.well-known/openid-configuration`), { timeout: 60_000, interval: 50 })
})

afterAll(async () => {
  await browser?.close()
  await vite?.close()
  provider?.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

it('the lines of docs/start/vite.md sign in at oidc-provider, live through a reload, and sign out in both tabs', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  const failures: string[] = []
  page.on('pageerror', ({ message }) => failures.push(message))
  await page.goto(`${origin}/notes`)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('input[name=login]').fill('alice')
  await page.locator('input[name=password]').fill('any password')
  await page.locator('button[type=submit]').click()
  await page.getByText('Continue').click()

  const shown = page.getByText('{"sub":"alice"}')
  await shown.waitFor()
  expect(page.url()).toBe(`${origin}/notes`)
  await page.reload()
  await shown.waitFor()

  const second = await context.newPage()
  await second.goto(origin)
  await second.getByRole('button', { name: 'Sign out' }).waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await second.getByRole('button', { name: 'Sign in' }).waitFor()
  expect(failures).toEqual([])
  await context.close()
})

it('docs/start/vite.md asks for at most 20 lines of your own', async () => {
  const [main = ''] = await blocksOf('ts')
  const own = main.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('//'))
  expect(own.length).toBeLessThanOrEqual(20)
})
