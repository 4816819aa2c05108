import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manifest, root } from '../../scripts/entries.mjs'

const execute = promisify(execFile)
let folder: string
let files: readonly string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenward-'))
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const { stdout } = await execute('npm', pack, { cwd: root, shell: process.platform === 'win32' })
  const [packed] = JSON.parse(stdout)
  files = packed.files.map(({ path }: { path: string }) => path).sort()
  // What an install does, without a network: unpack, and the dependencies beside it.
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, 'tokenward'), { recursive: true })
  await execute('tar', [
    '-xzf',
    join(folder, packed.filename),
    '--strip-components=1',
    '-C',
    join(modules, 'tokenward'),
  ])
  for (const name of Object.keys(manifest.dependencies)) {
    await symlink(join(root, 'node_modules', name), join(modules, name), 'junction')
  }
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Where the links and pictures of a document lead within the package. */
function linksOf(markdown: string): readonly string[] {
  const text = markdown.replace(/^```.*?^```$/gms, '')
  const found = text.matchAll(/\]\(([^)\s]+)[^)]*\)|(?:src|href)="([^"]+)"/g)
  return [...found].map(([, link, address]) => link ?? address ?? '').filter((link) => !/^[a-z]+:/.test(link))
}

/** The anchors that its headings make. */
function headingsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  )
}

describe('the tarball', () => {
  it('holds these files and no others', () => {
    // How many files the entries share is the bundler's affair.
    const isListed = (file: string) => !/^dist\/(production\/)?shared\d*\.(js|d\.ts)$|^(docs|examples)\//.test(file)
    expect(files.filter(isListed)).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'dist/angular.d.ts',
      'dist/angular.js',
      'dist/bff.d.ts',
      'dist/bff.js',
      'dist/bff/page.d.ts',
      'dist/bff/page.js',
      'dist/browser.d.ts',
      'dist/browser.js',
      'dist/browser/worker.d.ts',
      'dist/browser/worker.js',
      'dist/devtools.d.ts',
      'dist/devtools.js',
      'dist/errors.js',
      'dist/index.d.ts',
      'dist/index.js',
      'dist/node.d.ts',
      'dist/node.js',
      'dist/production/angular.js',
      'dist/production/bff/page.js',
      'dist/production/browser.js',
      'dist/production/browser/worker.js',
      'dist/production/devtools.js',
      'dist/production/index.js',
      'dist/production/providers.js',
      'dist/production/react.js',
      'dist/production/svelte.js',
      'dist/production/telemetry.js',
      'dist/production/vue.js',
      'dist/protocol/allow-insecure-loopback.js',
      'dist/protocol/allow-missing-nonce.js',
      'dist/providers.d.ts',
      'dist/providers.js',
      'dist/react-native.d.ts',
      'dist/react-native.js',
      'dist/react.d.ts',
      'dist/react.js',
      'dist/redis.d.ts',
      'dist/redis.js',
      'dist/resource-server.d.ts',
      'dist/resource-server.js',
      'dist/svelte.d.ts',
      'dist/svelte.js',
      'dist/telemetry.d.ts',
      'dist/telemetry.js',
      'dist/testing.d.ts',
      'dist/testing.js',
      'dist/vue.d.ts',
      'dist/vue.js',
      'package.json',
    ])
  })

  it('holds the documents for those who use it, and the programs they show', () => {
    const kinds = files.filter((file) => /^(docs|examples)\//.test(file)).map((file) => /\.\w+$/.exec(file)?.[0])
    expect([...new Set(kinds)].sort()).toEqual([
      '.html',
      '.js',
      '.json',
      '.md',
      '.mjs',
      '.png',
      '.svelte',
      '.ts',
      '.tsx',
      '.vue',
    ])
    expect(files).toEqual(expect.arrayContaining(['docs/apis.md', 'docs/demo.png', 'docs/providers/README.md']))
    expect(files.filter((file) => file.startsWith('site/') || file.includes('node_modules'))).toEqual([])
  })

  it('has no link and no picture in its documents that leads nowhere', async () => {
    const documents = files.filter((file) => file.endsWith('.md'))
    const texts = new Map<string, string>()
    for (const file of documents) texts.set(file, await readFile(join(folder, 'node_modules/tokenward', file), 'utf8'))

    const links = [...texts].flatMap(([file, text]) => linksOf(text).map((link) => ({ file, link })))
    expect(links.length).toBeGreaterThan(50)
    const isDead = ({ file, link }: (typeof links)[0]) => {
      const [path = '', heading] = link.split('#')
      const target = path === '' ? file : posix.join(posix.dirname(file), path)
      if (!files.includes(target)) return true
      return heading !== undefined && !headingsOf(texts.get(target) ?? '').includes(heading)
    }
    expect(links.filter(isDead)).toEqual([])
    expect(isDead({ file: 'README.md', link: 'docs/conformance.md' })).toBe(true)
    expect(isDead({ file: 'README.md', link: 'docs/apis.md#no-such-heading' })).toBe(true)
  })

  it('ERR-10: runs nothing when it is installed', async () => {
    const { scripts } = JSON.parse(await readFile(join(folder, 'node_modules/tokenward/package.json'), 'utf8'))
    const atInstall = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare', 'dependencies']
    expect(Object.keys(scripts).filter((name) => atInstall.includes(name))).toEqual([])
  })

  it('ERR-10: pins the dependencies to what was tested', () => {
    for (const version of Object.values(manifest.dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  })

  it('works once it is installed, in Node, where nothing starts and nothing keeps the process alive', async () => {
    await writeFile(
      join(folder, 'smoke.mjs'),
      `
      import { TokenManagerError } from 'tokenward'
      import * as browser from 'tokenward/browser'
      import manifest from 'tokenward/package.json' with { type: 'json' }
      const tokens = browser.createTokenManager({
        issuer: 'https://as.example.com',
        clientId: 'spa',
        redirectUri: 'https://app.example.com/callback',
        scope: 'openid',
        resources: ['https://api.example.com/'],
      })
      const refused = await tokens.getAccessToken().catch((error) => error)
      console.log(JSON.stringify({
        version: manifest.version,
        status: tokens.state.status,
        ours: refused instanceof TokenManagerError,
        code: refused.code,
      }))`,
    )
    const { stdout, stderr } = await execute(process.execPath, ['--no-warnings', 'smoke.mjs'], {
      cwd: folder,
      timeout: 10_000,
    })
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({
      version: manifest.version,
      status: 'loading',
      ours: true,
      code: 'ERR_UNSUPPORTED',
    })
  })

  it('keeps what is inside to itself', async () => {
    const program = `await import('tokenward/dist/shared.js')`
    const failure = execute(process.execPath, ['--input-type=module', '-e', program], { cwd: folder })
    await expect(failure).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })
})
