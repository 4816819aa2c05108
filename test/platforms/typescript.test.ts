import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { platformsFolder, typescriptVersions } from '../../scripts/platform-packages.mjs'

const execute = promisify(execFile)

/** What a service writes. */
const program = `
  import { createTokenManager as createCoreManager, memoryStore, type Fetch, type Store } from 'tokenward'
  import * as browser from 'tokenward/browser'
  import { clientSecretBasic, createTokenManager, fileStore, privateKeyJwt } from 'tokenward/node'
  import { auth0 } from 'tokenward/providers'
  import { type P256, p256Signing, secureStore } from 'tokenward/react-native'
  import { RequireSession, TokenManagerProvider, useAccessToken, useSession } from 'tokenward/react'
  import { redisStore } from 'tokenward/redis'
  import { createGuard, fetchGuard } from 'tokenward/resource-server'
  import { createTestTokenManager } from 'tokenward/testing'

  const ownFetch: Fetch = (input, init) => fetch(input, init)
  const store: Store<unknown> = memoryStore()
  export const service = createTokenManager({
    issuer: 'https://as.example', clientId: 'svc', clientAuthentication: clientSecretBasic('s'), resources: ['https://api.example/'],
    fetch: ownFetch, store,
  })
  export const guard = createGuard({ issuer: 'https://as.example', audience: 'https://api.example/' })
  export const notes = fetchGuard(guard, (_request: Request, { sub }) => Response.json({ sub }))
  export async function use(): Promise<Response> {
    const { value, expiresAt } = await service.getAccessToken()
    return service.fetch(new URL('https://api.example/'), { headers: { value, expiresAt: String(expiresAt) } })
  }
  export const curve = (p256: P256) => p256Signing(p256, (length: number): Uint8Array => new Uint8Array(length))
  export const components = [RequireSession, TokenManagerProvider]
  export const Token = (): string | undefined => useSession().status === 'signedIn' ? useAccessToken().accessToken?.value : undefined
  export const all = [createCoreManager, browser, fileStore, privateKeyJwt, auth0, redisStore, secureStore, createTestTokenManager]
`

/** Compiles a program as an application does that has Node's types and no DOM library. */
async function compile(version: string, resolution: string, text: string): Promise<string> {
  const folder = join(platformsFolder, `typescript-${version}-${resolution}`)
  mkdirSync(folder, { recursive: true })
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    target: 'ES2022',
    lib: ['ES2022'],
    types: ['node'],
    skipLibCheck: false,
    moduleResolution: resolution,
    module: resolution === 'node16' ? 'node16' : 'esnext',
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }))
  writeFileSync(join(folder, 'main.ts'), text)
  const tsc = join(platformsFolder, `node_modules/typescript-${version}/bin/tsc`)
  const told = await execute(process.execPath, [tsc, '-p', folder]).catch((error) => error)
  return told.stdout
}

describe.each(typescriptVersions)('TypeScript %s', (version) => {
  it.each(['node16', 'bundler'])('compiles every entry without the DOM library (%s)', async (resolution) => {
    expect(await compile(version, resolution, program)).toBe('')
  })

  it('would find a mistake', async () => {
    expect(await compile(version, 'node16', `${program}\nexport const wrong: number = service.state.status`)).toMatch(
      /TS2322/,
    )
  })
})
