import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import ts from 'typescript'
import { createServer } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entries, manifest, root } from '../../scripts/entries.mjs'
import { withoutSentencesIn } from '../../scripts/without-sentences.mjs'

const execute = promisify(execFile)
const ofPages = entries.filter(({ production }) => production)
const peers = Object.keys(manifest.peerDependencies).flatMap((name) => [name, `${name}/*`])
const program = `import { createTokenManager } from 'tokenward/browser'; globalThis.tokens = createTokenManager({})`
/** Part of what an application is told that has misspelt an option. */
const SENTENCE = 'left out: the options are'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenward-production-'))
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, 'tokenward'), { recursive: true })
  await cp(join(root, 'package.json'), join(modules, 'tokenward/package.json'))
  await cp(join(root, 'dist'), join(modules, 'tokenward/dist'), { recursive: true })
  for (const name of Object.keys(manifest.dependencies))
    await symlink(join(root, 'node_modules', name), join(modules, name), 'junction')
  await writeFile(join(folder, 'main.js'), program)
  await writeFile(join(folder, 'index.html'), '<script type="module" src="/main.js"></script>')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What esbuild makes of a program under some conditions, and which files of the package are in it. */
async function bundle(contents: string, conditions: string[]) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    format: 'esm',
    write: false,
    metafile: true,
    external: peers,
    conditions,
    logLevel: 'silent',
  })
  const files = Object.keys(metafile.inputs).flatMap((file) => /tokenward\/dist\/(.*)/.exec(file)?.[1] ?? [])
  return { text: outputFiles[0]?.text ?? '', files }
}

/** A program with all of some entries. */
const programOf = (some: readonly { specifier: string }[]) =>
  some.map(({ specifier }, index) => `export * as n${index} from '${specifier}'`).join('\n')

/** The texts in a script that a person could read: two words at least. */
function textsIn(script: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node) => {
    const isText =
      ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)
    if (isText && /[a-z]+ [a-z]{2}/.test(node.text)) found.push(node.text)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('script.ts', script, ts.ScriptTarget.ES2022))
  return found
}

/** The sentences in the sources that builds for production leave out. */
async function sentences(): Promise<string[]> {
  const files = await readdir(join(root, 'src'), { recursive: true })
  const sources = files.filter((file) => file.endsWith('.ts') && file !== 'errors.ts')
  const left = await Promise.all(
    sources.map(async (file) => {
      const path = join(root, 'src', file)
      const source = await readFile(path, 'utf8')
      const kept = textsIn(withoutSentencesIn(source, path))
      return textsIn(source).filter((text) => !kept.includes(text))
    }),
  )
  return left.flat()
}

describe('the condition production', () => {
  it('is known to the entries of pages and to no other', () => {
    expect(ofPages.map(({ name }) => name).sort()).toEqual([
      ...['angular', 'bff/page', 'browser', 'browser/worker', 'devtools', 'index', 'providers'],
      ...['react', 'svelte', 'telemetry', 'vue'],
    ])
    const { './package.json': _, ...targets } = manifest.exports as Record<string, object>
    for (const target of Object.values(targets))
      expect(['types,production,default', 'types,default']).toContain(Object.keys(target).join())
  })

  it.each([
    ['production', false],
    ['development', true],
    ['none that is known', true],
  ])('%s: whether there are sentences', async (condition, expected) => {
    const { text } = await bundle(program, [condition])
    expect(text.includes(SENTENCE)).toBe(expected)
  })

  it.each([
    ['is what a build of Vite sets', '', false],
    ['can be taken away', "resolve: { conditions: ['module', 'browser', 'development'] }", true],
  ])('%s', async (_, settings, expected) => {
    await writeFile(join(folder, 'vite.config.mjs'), `export default { ${settings} }`)
    const { NODE_ENV: __, ...env } = process.env
    await execute(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build'], { cwd: folder, env })
    const [script = ''] = await readdir(join(folder, 'dist/assets'))
    const built = await readFile(join(folder, 'dist/assets', script), 'utf8')
    expect([built.includes('code_challenge'), built.includes(SENTENCE)]).toEqual([true, expected])
  })

  it("is not what Vite's server for development sets", async () => {
    const server = await createServer({
      ...{ root: folder, configFile: false, logLevel: 'silent', server: { port: 0, host: '127.0.0.1' } },
      optimizeDeps: { noDiscovery: true },
    })
    const served = await server.pluginContainer.resolveId('tokenward/browser', join(folder, 'main.js'))
    await server.close()
    expect(served?.id).toMatch(/\/dist\/browser\.js/)
  })
})

describe('the build for production', () => {
  it('has no sentence that is for developers, and the full build has them', async () => {
    const all = await sentences()
    expect(all.length).toBeGreaterThan(100)
    const [production, full] = await Promise.all([
      bundle(programOf(ofPages), ['production']),
      bundle(programOf(ofPages), []),
    ])
    const within = (text: string) => {
      const texts = new Set(textsIn(text))
      return all.filter((sentence) => texts.has(sentence))
    }
    expect(within(production.text)).toEqual([])
    expect(within(full.text).length).toBeGreaterThan(60)
  })

  it('has no other words than these', async () => {
    // What the panel, the journal and `explainToken()` say is what they are for.
    const others = ofPages.filter(({ name }) => !['browser', 'devtools', 'telemetry', 'index'].includes(name))
    const browser = await import(entries.find(({ name }) => name === 'browser')?.js ?? '')
    const names = Object.keys(browser).filter((name) => name !== 'explainToken')
    const ofThePage = `export { ${names} } from 'tokenward/browser'\n${programOf(others)}`
    const { text } = await bundle(ofThePage, ['production'])
    expect([...new Set(textsIn(text))].sort()).toEqual([
      ' has to be ',
      ': see tokenward/docs/troubleshooting.md#',
      'The call was aborted',
      '[redacted access token: its text is .value]',
      'as documented',
      'newer version',
      'openid offline_access',
    ])
  })

  it('is all that a page has under that condition, but for what both builds have in common', async () => {
    const { files } = await bundle(programOf(ofPages), ['production'])
    expect(files.filter((file) => !file.startsWith('production/')).sort()).toEqual([
      'errors.js',
      'protocol/allow-insecure-loopback.js',
      'protocol/allow-missing-nonce.js',
    ])
    const full = await bundle(programOf(ofPages), [])
    expect(full.files.filter((file) => file.startsWith('production/'))).toEqual([])
  })

  it('has the same names as the full one', async () => {
    for (const { name, js, production = '' } of ofPages.filter(({ name }) => name !== 'angular')) {
      const [ours, theirs] = await Promise.all([import(js), import(production)])
      expect([name, Object.keys(theirs).sort()]).toEqual([name, Object.keys(ours).sort()])
    }
  })

  it('has one class of errors with the full one, and says code and reason, and where that is explained', async () => {
    const full = entries.find(({ name }) => name === 'browser')
    const [ours, theirs] = await Promise.all([import(full?.js ?? ''), import(full?.production ?? '')])
    expect(theirs.TokenManagerError).toBe(ours.TokenManagerError)
    expect(theirs.allowInsecureLoopback).toBe(ours.allowInsecureLoopback)
    expect(theirs.allowMissingNonce).toBe(ours.allowMissingNonce)

    const options = { issuer: 'https://as.example', clientId: 'spa', confirmInterval: Number.NaN }
    const thrownBy = (make: (options: object) => unknown) => {
      try {
        return make(options)
      } catch (error) {
        return error
      }
    }
    const error = thrownBy(theirs.createTokenManager)
    expect(error).toBeInstanceOf(ours.TokenManagerError)
    expect(error).toMatchObject({
      ...{ code: 'ERR_INVALID_OPTION', reason: 'invalid_option' },
      message: 'Option confirmInterval has to be as documented: see tokenward/docs/troubleshooting.md#invalid_option',
    })
    expect(thrownBy(ours.createTokenManager)).toMatchObject({ message: expect.stringContaining('and is NaN') })

    const misspelt = { ...options, confirmInterval: undefined, redirectURI: '/callback' }
    expect(() => ours.createTokenManager(misspelt)).toThrow('redirectUri')
    theirs.createTokenManager(misspelt).dispose()
  })
})
