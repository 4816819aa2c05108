import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { entries, root } from '../../scripts/entries.mjs'
import { scriptedAuthorizationServer } from '../../src/testing/index.ts'

let folder: string
beforeAll(async () => {
  const cache = join(root, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  folder = await mkdtemp(join(cache, 'phone-basic-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What the native modules of a phone do, on a phone whose system browser signs in at once. */
const nativeModules = {
  '@react-native-async-storage/async-storage': `
    const marks = new Map()
    export default { getItem: async (name) => marks.get(name) ?? null, setItem: async (name, text) => void marks.set(name, text) }`,
  'expo-crypto': 'export const getRandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length))',
  'expo-secure-store': `
    export const items = new Map()
    export const AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY = 3
    export const getItemAsync = async (name) => items.get(name) ?? null
    export const setItemAsync = async (name, text) => void items.set(name, text)
    export const deleteItemAsync = async (name) => void items.delete(name)
    globalThis.phoneItems = items`,
  'expo-web-browser': `
    export const openAuthSessionAsync = async (url) => ({ type: 'success', url: globalThis.systemBrowser(url) })
    export const dismissAuthSession = () => {}`,
  'react-native': `
    const hears = { addEventListener: () => ({ remove() {} }) }
    export const AppState = { ...hears, currentState: 'active' }
    export const Linking = { ...hears, getInitialURL: async () => null }`,
} as const

async function bundled(issuer: string): Promise<string> {
  const outfile = join(folder, 'app.mjs')
  const source = await readFile(join(root, 'examples/phone-basic.ts'), 'utf8')
  await build({
    stdin: { contents: source.replace('https://as.example.com', issuer), loader: 'ts', resolveDir: root },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    alias: Object.fromEntries(entries.map((entry) => [entry.specifier, entry.source])),
    plugins: [
      {
        name: 'native modules',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^(react-native|expo-[\w-]+|@react-native-.*)$/ }, ({ path }) => ({
            path,
            namespace: 'native',
          }))
          onLoad({ filter: /.*/, namespace: 'native' }, ({ path }) => ({
            contents: nativeModules[path as keyof typeof nativeModules],
          }))
        },
      },
    ],
  })
  return pathToFileURL(outfile).href
}

it('the phone app of the README signs in with the system browser and calls the API', async () => {
  const server = scriptedAuthorizationServer(Date.now)
  const asked: string[] = []
  const isServer = (url: string) => url.startsWith(server.issuer)
  vi.stubGlobal('fetch', async (input: string | Request, init?: RequestInit) => {
    const url = typeof input === 'string' ? input : input.url
    asked.push(url.split('?')[0] ?? '')
    if (isServer(url)) return server.fetch(input, init)
    const headers = new Headers(init?.headers ?? (input as Request).headers)
    return Response.json({ bearer: headers.get('authorization')?.startsWith('Bearer ') })
  })
  vi.stubGlobal('systemBrowser', (url: string) => server.authorize(url))
  server.subject = 'alice'
  server.claims = { aud: 'app' }
  try {
    const app = (await import(await bundled(server.issuer))) as typeof import('../../examples/phone-basic.ts')
    expect(await app.tokens.ready()).toMatchObject({ status: 'signedOut', reason: 'none' })
    expect(await app.signIn()).toMatchObject({ status: 'signedIn', session: { subject: 'alice' } })
    expect(await app.notes()).toEqual({ bearer: true })
    expect(asked.at(-1)).toBe('https://api.example.com/notes')
    expect((globalThis as { phoneItems?: Map<string, string> }).phoneItems?.size).toBeGreaterThan(0)
    app.tokens.dispose()
  } finally {
    vi.unstubAllGlobals()
  }
})
