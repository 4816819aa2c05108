import { join } from 'node:path'
import { compile } from 'svelte/compiler'
import { svelte2tsx } from 'svelte2tsx'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { root } from '../scripts/entries.mjs'
import { blocksOf, documents, filesOf, folderOf, snippetsFolder } from './support/document-blocks.ts'
import { mistakesIn } from './support/mistakes-in.ts'

/** The old code in docs/migration is compiled with what it imports in test/platforms/migration.test.ts. */
const ownDocuments = documents.filter((document) => !document.startsWith('docs/migration/'))

/** What blocks import of packages that only `npm run test:platforms` installs, and runs these blocks with. */
const elsewhere = [
  join(snippetsFolder, 'elsewhere.d.ts'),
  `declare module '@playwright/test' {
  export const expect: any
  export const test: any
}
declare module 'axios' {
  const axios: { create(config: { baseURL: string; adapter: string; env: { fetch: typeof fetch } }): unknown }
  export default axios
}
declare const test: (title: string, run: () => unknown) => void
declare const expect: any
interface ImportMeta {
  readonly env: { readonly DEV: boolean }
}
declare function defineNuxtConfig(config: { routeRules: Record<string, { ssr: boolean }> }): unknown
declare function defineNuxtPlugin(plugin: (app: { vueApp: import('vue').App }) => void): unknown
declare function useRouter(): import('vue-router').Router
`,
] as const

const options = {
  allowJs: true,
  checkJs: true,
  noImplicitAny: false,
  noUncheckedIndexedAccess: false,
  // As Nuxt and SvelteKit set them.
  paths: {
    '~/*': [`${folderOf('docs/frameworks.md')}/*`],
    '$lib/*': [`${folderOf('docs/frameworks.md')}/*`, `${folderOf('docs/frameworks.md')}/src/lib/*`],
  },
}
const ambient = [
  'node_modules/@sveltejs/kit/types/index.d.ts',
  'node_modules/svelte/svelte-html.d.ts',
  'node_modules/svelte2tsx/svelte-shims-v4.d.ts',
  'node_modules/vite/client.d.ts',
].map((path) => join(root, path))

/** What Svelte's own compiler has against a component, its warnings too. */
function faultsOf(path: string, source: string): readonly string[] {
  try {
    return compile(source, { filename: path }).warnings.map(({ code }) => `${path}: ${code}`)
  } catch (error) {
    return [`${path}: ${(error as Error).message.split('\n')[0]}`]
  }
}

/** Components as what TypeScript can check. */
function asScripts(components: ReadonlyMap<string, string>): Map<string, string> {
  return new Map(
    [...components].map(([path, source]) => {
      const isTsFile = source.includes('<script lang="ts"')
      return [`${path}.tsx`, svelte2tsx(source, { filename: path, isTsFile, version: '5.0.0' }).code]
    }),
  )
}

/** The TypeScript modules that blocks of other languages import. */
const modules = new Map([...filesOf(['ts'], ownDocuments)].filter(([path]) => /\/(app-)?tokens\.ts$/.test(path)))

describe('the blocks of the documents that are no TypeScript', () => {
  it('have JavaScript that fits the types', async () => {
    const files = filesOf(['js', 'jsx'], ownDocuments)
    expect(files.size).toBeGreaterThan(10)

    const planted = [
      join(snippetsFolder, 'planted.jsx'),
      "import { useSession } from 'tokenward/react'\nexport const Name = () => <b>{useSession().person}</b>\n",
    ] as const
    expect(await mistakesIn(new Map([...modules, elsewhere, ...files, planted]), options, ambient)).toEqual([
      expect.stringContaining("snippets/planted.jsx: Property 'person' does not exist"),
    ])
  })

  it('have old code that can be parsed', () => {
    const old = [
      ...filesOf(
        ['js'],
        documents.filter((document) => !ownDocuments.includes(document)),
      ),
    ]
    const faultsIn = (code: string) =>
      ts.transpileModule(code, { reportDiagnostics: true }).diagnostics?.map(({ messageText }) => messageText)
    expect(old.length).toBeGreaterThan(5)
    expect(old.flatMap(([, code]) => faultsIn(code))).toEqual([])
    expect(faultsIn('const a = {')).toEqual(["'}' expected."])
  })

  it('have components of Svelte that compile, and fit the types', async () => {
    const components = filesOf(['svelte'])
    expect(components.size).toBe(2)
    expect([...components].flatMap(([path, source]) => faultsOf(path, source))).toEqual([])
    expect(faultsOf('a.svelte', '{#if true}<b>')).toEqual([expect.stringContaining('a.svelte: ')])
    expect(faultsOf('b.svelte', '<img src="a.png" />')).toEqual(['b.svelte: a11y_missing_attribute'])

    const planted = [
      join(folderOf('docs/frameworks.md'), 'planted.svelte'),
      "<script>\n  import { tokens } from '$lib/app-tokens'\n</script>\n\n{$tokens.person}\n",
    ] as const
    const scripts = asScripts(new Map([...components, planted]))
    expect(await mistakesIn(new Map([...modules, elsewhere, ...scripts]), options, ambient)).toEqual([
      expect.stringContaining("planted.svelte.tsx: Property 'person' does not exist"),
    ])
  })

  it('have JSON that can be read', () => {
    const texts = documents.flatMap(blocksOf).filter(({ language }) => language === 'json')
    expect(texts.length).toBeGreaterThan(3)
    for (const { code } of texts) expect(JSON.parse(code)).toBeTypeOf('object')
  })
})
