import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'
import { appFolder } from '../../scripts/platform-packages.mjs'

const execute = promisify(execFile)
const documents = join(root, 'docs/migration')
const libraries = readdirSync(documents).filter((name) => name !== 'README.md')

/** What the old code takes from the rest of its application. */
const elsewhere = `
  declare function show(user: unknown): void
  declare function refresh(token: unknown): Promise<object>
`
const importsOf: Record<string, string> = {
  'next-auth.md': `
    import NextAuth from 'next-auth'
    import Keycloak from 'next-auth/providers/keycloak'
  `,
}
const typesOf = `
  import 'next-auth/jwt'
  declare module 'next-auth/jwt' { interface JWT { expires_at: number } }
`

const compilerOptions = {
  allowJs: true,
  checkJs: true,
  noEmit: true,
  strict: false,
  skipLibCheck: true,
  target: 'ES2022',
  module: 'esnext',
  moduleResolution: 'bundler',
  lib: ['ES2022', 'DOM', 'DOM.Iterable'],
  types: [],
}

/** The old code in a document of a library, as it would stand in an application. */
function oldCodeOf(library: string): string {
  const [, block = ''] = /^```js\n(.*?)^```$/ms.exec(readFileSync(join(documents, library), 'utf8')) ?? []
  return `${importsOf[library] ?? ''}\n${block}\nexport {}`
}

/** What the compiler has against the code, where the real libraries are. */
async function faultsIn(programs: Record<string, string>): Promise<string> {
  const folder = join(appFolder('migration'), 'programs')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const [name, program] of Object.entries(programs)) writeFileSync(join(folder, name), program)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*'] }))
  const tsc = join(root, 'node_modules/typescript-7/bin/tsc')
  const { stdout } = await execute(process.execPath, [tsc, '-p', folder]).catch((error) => error)
  return stdout
}

it('the code that the documents lead away from is what the real libraries take', async () => {
  const programs = Object.fromEntries(libraries.map((library) => [library.replace('.md', '.js'), oldCodeOf(library)]))
  const others = { 'elsewhere.d.ts': elsewhere, 'types.d.ts': typesOf }
  expect(libraries.length).toBeGreaterThanOrEqual(7)
  for (const [name, program] of Object.entries(programs)) expect([name, program.length > 200]).toEqual([name, true])
  expect(await faultsIn({ ...programs, ...others })).toBe('')

  const wrong = { 'oidc-client-ts.js': oldCodeOf('oidc-client-ts.md').replace('signinSilent', 'signInSilent') }
  expect(await faultsIn({ ...wrong, ...others })).toContain("Property 'signInSilent' does not exist")
})

it('oidc-client-ts keeps its user where the document takes it from, under the names that takeAlong() reads', async () => {
  const { InMemoryWebStorage, User, UserManager, WebStorageStateStore } = createRequire(
    join(appFolder('migration'), 'index.js'),
  )('oidc-client-ts')
  const storage = new InMemoryWebStorage()
  const users = new UserManager({
    authority: 'https://as.example.com',
    client_id: 'spa',
    redirect_uri: 'https://app.example.com/callback',
    userStore: new WebStorageStateStore({ store: storage }),
  })
  const tokens = {
    access_token: 'a',
    refresh_token: 'r',
    id_token: 'i',
    scope: 'openid notes',
    expires_at: 1_700_000_000,
  }
  await users.storeUser(new User({ ...tokens, token_type: 'Bearer', profile: { sub: 'alice' } }))

  const [, key = ''] = /^const key = '(.*)'/m.exec(readFileSync(join(documents, 'oidc-client-ts.md'), 'utf8')) ?? []
  expect(JSON.parse(storage.getItem(key))).toMatchObject(tokens)
})
