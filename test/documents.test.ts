import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { testFiles } from '../scripts/conformance.mjs'
import { entries, root } from '../scripts/entries.mjs'
import { documents, filesOf, folderOf, snippetsFolder, textOf } from './support/document-blocks.ts'
import { mistakesIn } from './support/mistakes-in.ts'

/** Where blocks with JSX are compiled elsewhere, with what they import: test/platforms/react-native/examples.test.ts. */
const nativeDocument = 'docs/react-native.md'

/** What a block imports of frameworks that only `npm run test:platforms` installs. */
const ofFrameworks = [
  join(snippetsFolder, 'frameworks.d.ts'),
  `declare module 'next/navigation' {
    export function redirect(path: string): never
    export function useRouter(): { refresh(): void }
  }
  declare module 'next/headers' {
    export function headers(): Promise<Headers>
  }
  declare module 'next/server' {
    export function connection(): Promise<void>
  }
  declare module '@angular/ssr' {
    export enum RenderMode { Client, Prerender }
    export interface ServerRoute { path: string; renderMode: RenderMode }
  }
  `,
] as const

/** The TypeScript blocks of the documents as files, those with JSX too. */
const snippets = () =>
  new Map([
    ...filesOf(['ts']),
    ...filesOf(
      ['tsx'],
      documents.filter((document) => document !== nativeDocument),
    ),
  ])

// As `create-next-app` sets it.
const paths = { '@/*': documents.map((document) => `${folderOf(document)}/*`) }
const nativeModules = [join(root, 'examples/native-modules.d.ts')]

/** The titles of tests that quote a document, as `SECURITY.md: its own words`. */
function quotesIn(source: string): readonly (readonly [document: string, words: string])[] {
  const titles = source.matchAll(/(?<=\(\s*)(['"`])((?:README|SECURITY|docs\/[\w/-]+)\.md): ((?:\\.|(?!\1)[^\\])*)\1/g)
  return [...titles].map(([, , document = '', words = '']) => [document, words.replace(/\\(.)/g, '$1')])
}

/** Words as they are read: without line ends and emphasis. */
const asRead = (text: string) => text.replace(/\*\*/g, '').replace(/\s+/g, ' ')

describe('what the documents promise', () => {
  const { 'test/documents.test.ts': _, ...sources } = testFiles()
  const quotes = Object.values(sources).flatMap(quotesIn)
  const isThere = ([document, words]: readonly [string, string]) => asRead(textOf(document)).includes(asRead(words))

  it('stands there in the words of the tests that show it', () => {
    expect(quotes.length).toBeGreaterThan(15)
    expect(quotes.filter((quote) => !isThere(quote))).toEqual([])
    expect(isThere(['SECURITY.md', 'nothing can ever go wrong'])).toBe(false)
  })

  it('is quoted with the right reader', () => {
    const source = `it('README.md: one \`word\`', run)\ndescribe("docs/start/page.md: somebody's", run)\nit('README.md is a file', run)`
    expect(quotesIn(source)).toEqual([
      ['README.md', 'one `word`'],
      ['docs/start/page.md', "somebody's"],
    ])
  })
})

describe('the documents', () => {
  it('have TypeScript that compiles', async () => {
    const files = snippets()
    expect(files.size).toBeGreaterThan(8)
    const broken = join(snippetsFolder, 'broken.ts')
    const withoutSession = join(snippetsFolder, 'without-session.tsx')
    const faults = [
      [broken, "import { tokens } from './tokens'\ntokens.login()\n"],
      [
        withoutSession,
        "import { useSession } from 'tokenward/react'\nexport const Name = () => <b>{useSession().session}</b>\n",
      ],
    ] as const
    expect(await mistakesIn(new Map([...files, ofFrameworks, ...faults]), { paths }, nativeModules)).toEqual([
      expect.stringContaining("snippets/broken.ts: Property 'login' does not exist"),
      expect.stringContaining("snippets/without-session.tsx: Property 'session' does not exist"),
    ])
  })

  it.each([
    ['docs/frameworks.md', 'bff.ts'],
    ['docs/migration/next-auth.md', 'lib/bff.ts'],
  ])('have a backend that Next.js can build where there are no secrets: %s', async (document, name) => {
    const cache = join(root, 'node_modules/.cache')
    mkdirSync(cache, { recursive: true })
    const folder = mkdtempSync(join(cache, 'documents-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const outfile = join(folder, 'bff.mjs')
    await build({
      stdin: { contents: snippets().get(join(folderOf(document), name)) ?? '', loader: 'ts', resolveDir: root },
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      alias: Object.fromEntries(entries.map((entry) => [entry.specifier, entry.source])),
    })
    vi.stubEnv('CLIENT_SECRET', undefined)
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(await import(pathToFileURL(outfile).href)).toMatchObject({ bff: expect.any(Function) })
  })

  it('show the programs of the README as they are run', () => {
    const blocks = [...textOf('README.md').matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code)
    const programs = ['browser-basic', 'phone-basic', 'service-basic', 'api-basic']
    expect(blocks).toEqual(programs.map((name) => textOf(`examples/${name}.ts`)))
  })

  it('begin with a README that is read to its end', () => {
    const text = textOf('README.md')
    expect(text).toMatch(/^# tokenward\n\n```sh\nnpm install tokenward\n```\n/)
    expect(text.split('\n').length).toBeLessThanOrEqual(200)
  })

  it('name every event, error code, signed-out reason and option', () => {
    const names = (file: string, pattern: RegExp) => [...textOf(file).matchAll(pattern)].map(([, name = '']) => name)
    const missing = (document: string, wanted: string[]) => {
      expect(wanted.length).toBeGreaterThan(10)
      return wanted.filter((name) => !textOf(document).includes(`\`${name}\``))
    }
    const [, reasons = ''] = /type SignedOutReason =(.*?)\n\n/s.exec(textOf('src/errors.ts')) ?? []
    const [, options = ''] = /interface TokenManagerOptions \{(.*?)\n\}/s.exec(textOf('src/manager/options.ts')) ?? []
    expect(missing('docs/events.md', names('src/session/events.ts', /^ {2}(\w+): (?:\{|object)/gm))).toEqual([])
    expect(
      missing(
        'docs/states.md',
        [...reasons.matchAll(/\| '(\w+)'/g)].map(([, name = '']) => name),
      ),
    ).toEqual([])
    const [, ofTheBrowser = ''] =
      /interface BrowserTokenManagerOptions .*?\{(.*?)\n\}/s.exec(textOf('src/browser/index.ts')) ?? []
    const all = [...`${options}\n${ofTheBrowser}`.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name = '']) => name)
    expect(all).toContain('refreshWorker')
    expect(
      missing(
        'docs/options.md',
        all.filter((name) => name !== 'refresh'),
      ),
    ).toEqual([])
  })

  it('have a heading for every error code and every reason', () => {
    const source = textOf('src/errors.ts')
    const [, codes = ''] = /type TokenManagerErrorCode =(.*?)\n\n/s.exec(source) ?? []
    const [, ended = ''] = /type SignedOutReason =(.*?)\n\n/s.exec(source) ?? []
    const [, happened = ''] = /type TokenManagerErrorReason =(.*?)\n\n/s.exec(source) ?? []
    const names = [...`${codes}${ended}${happened}`.matchAll(/\| '(\w+)'/g)].map(([, name = '']) => name)
    expect(names.length).toBeGreaterThan(70)
    const headings = [...textOf('docs/troubleshooting.md').matchAll(/^### (\w+)$/gm)].map(([, name = '']) => name)
    expect(headings.toSorted()).toEqual(names.toSorted())
  })

  it('name every option and every code of the backend', () => {
    const text = textOf('docs/bff.md')
    const declared = textOf('src/bff/bff-options.ts').matchAll(
      /interface Bff(?:Pool|Client|Site)Options .*?\{(.*?)\n\}/gs,
    )
    const options = [...declared].map(([, members]) => members).join('\n')
    const [, codes = ''] = /type BffRefusalCode =(.*?)\n\n/s.exec(textOf('src/bff/refusal.ts')) ?? []
    const names = [...options.matchAll(/^ {2}readonly (\w+)\??:/gm), ...codes.matchAll(/\| '(\w+)'/g)]
    expect(names.length).toBeGreaterThan(15)
    expect(names.map(([, name = '']) => name).filter((name) => !text.includes(`\`${name}\``))).toEqual([])
  })

  it('link to what exists', () => {
    const links = documents.flatMap((document) =>
      [...textOf(document).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].map(
        ([, to = '']) => [document, to] as const,
      ),
    )
    expect(links.length).toBeGreaterThan(10)
    expect(links.filter(([document, to]) => !existsSync(join(root, dirname(document), to)))).toEqual([])
  })
})
