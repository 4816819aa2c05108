import { readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import type { AccessPolicy } from 'tokenward/resource-server'
import { expect, onTestFinished } from 'vitest'
import { type Api, startApi } from '../../../examples/demo/api.ts'
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from '../../../examples/demo/authorization-server.ts'
import { type LoopbackServer, startLoopbackServer } from '../../../examples/demo/loopback-server.ts'
import { root } from '../../../scripts/entries.mjs'

/** What an example is served with. */
interface ExampleOptions {
  readonly server?: Partial<AuthorizationServerOptions>
  /** What its second API wants. */
  readonly policy?: AccessPolicy
}

/** An example with everything it talks to. */
interface ExampleSite {
  readonly app: LoopbackServer
  readonly server: AuthorizationServer
  /** `https://api.example.com` */
  readonly api: Api
  /** Every other API it names. */
  readonly other: Api
  stop(): Promise<void>
}

/** An example in a browser. */
interface OpenExample extends ExampleSite {
  readonly page: Page
  /** What it logged, and what nobody caught. */
  readonly said: string[]
  /** Waits until it has said that many things. */
  heard(count: number): Promise<void>
}

/** Opens `examples/<name>.ts` in a profile of its own, for the test that runs. */
export async function openExample(browser: Browser, name: string, options?: ExampleOptions): Promise<OpenExample> {
  const site = await startExample(name, options)
  const context = await browser.newContext()
  onTestFinished(async () => void (await Promise.all([context.close(), site.stop()])))
  const page = await context.newPage()
  const said: string[] = []
  page.on('console', (message) => {
    // Browsers report by themselves a 400 or 401: this server revokes no JWT, and asks for a nonce.
    if (message.type() === 'log') said.push(message.text())
  })
  page.on('pageerror', ({ message }) => said.push(message))
  await page.goto(site.app.origin)
  const heard = async (count: number) => void (await expect.poll(() => said).toHaveLength(count))
  return { ...site, page, said, heard }
}

const page =
  '<!doctype html><html lang="en"><title>An example</title><link rel="icon" href="data:,"><script type="module" src="/app.js"></script>' +
  ['sign-in', 'transfer', 'sign-out'].map((id) => `<button id="${id}">${id}</button>`).join('')

/** Serves `examples/<name>.ts` on every path, as it is but for the addresses. */
async function startExample(name: string, { server: settings, policy }: ExampleOptions = {}): Promise<ExampleSite> {
  let script = ''
  const answer: RequestListener = (req, res) => {
    const isScript = req.url === '/app.js'
    res.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' }).end(isScript ? script : page)
  }
  const app = await startLoopbackServer(answer)
  const audiences = ['urn:example:notes', 'urn:example:mail'] as const
  const redirectUris = [`${app.origin}/callback`]
  const server = await startAuthorizationServer({ redirectUris, audiences, autoLogin: 'alice', ...settings })
  const { issuer } = server
  const dpop = settings?.dpop === 'required with nonces' ? { nonce: {} } : {}
  const own = { issuer, origins: [app.origin] }
  const api = await startApi({ ...own, audience: audiences[0], dpop })
  const other = await startApi({ ...own, audience: audiences[policy ? 0 : 1], ...(policy && { policy }) })
  script = await bundle(
    (await readFile(`${root}examples/${name}.ts`, 'utf8'))
      .replaceAll('https://as.example.com', server.issuer)
      .replaceAll('https://app.example.com', app.origin)
      .replaceAll('https://api.example.com', api.origin)
      .replaceAll(/https:\/\/(?:mail|bank)\.example\.com/g, other.origin)
      .replace('{ createTokenManager', '{ allowInsecureLoopback, createTokenManager')
      .replace('resources:', '[allowInsecureLoopback]: true, resources:'),
  )
  return {
    app,
    server,
    api,
    other,
    stop: async () => void (await Promise.all([app.refuse(), server.stop(), api.stop(), other.stop()])),
  }
}

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, loader: 'ts', resolveDir: root },
    tsconfig: `${root}tsconfig.json`,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}
