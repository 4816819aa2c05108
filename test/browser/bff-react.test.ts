import type { RequestListener } from 'node:http'
import { build } from 'esbuild'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'
import { bffSite } from '../bff/bff-site.ts'

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions())
})
afterAll(() => browser?.close())

/** An app of React. Where its token manager comes from is the one line that differs from a page with tokens. */
const appWith = (entry: string, options: string) => `
  import { createTokenManager } from '${entry}'
  import { createElement as h } from 'react'
  import { createRoot } from 'react-dom/client'
  import { RequireSession, TokenManagerProvider, useSession, useTokenManager } from 'tokenward/react'

  const tokens = createTokenManager(${options})
  function Who() {
    const state = useSession()
    const { signOut } = useTokenManager()
    const name = state.status === 'signedIn' ? state.session.subject : 'nobody'
    return h('p', null, state.status + ' ' + name, h('button', { onClick: () => signOut() }, 'Sign out'))
  }
  const SignIn = () => h('button', { onClick: () => tokens.signIn() }, 'Sign in')
  const inside = h(RequireSession, { signedOut: h(SignIn), loading: 'loading' }, 'the notes')
  createRoot(document.getElementById('root')).render(h(TokenManagerProvider, { manager: tokens }, h(Who), inside))`

const bundleOf = async (contents: string) => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    tsconfig: `${root}tsconfig.json`,
    define: { 'process.env.NODE_ENV': '"production"' },
    bundle: true,
    format: 'esm',
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

it("tokenward/react works with the page's half: an app changes the import, and nothing else", async () => {
  const script = await bundleOf(appWith('tokenward/bff/page', ''))
  // The same app with tokens in the page is one as well.
  await bundleOf(appWith('tokenward/browser', "{ issuer: 'https://as.example', clientId: 'spa' }"))
  const app: RequestListener = (request, response) => {
    const isScript = request.url === '/page.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(
      isScript ? script : '<!doctype html><div id="root"></div><script type="module" src="/page.js"></script>',
    )
  }
  const site = await bffSite({ app })
  const context = await browser.newContext({ extraHTTPHeaders: { 'x-person': 'alice' } })
  try {
    const page = await context.newPage()
    await page.goto(site.origin)
    await page.getByText('signedOut nobody').waitFor()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('signedIn alice').waitFor()
    await page.getByText('the notes').waitFor()

    const second = await context.newPage()
    await second.goto(site.origin)
    await second.getByText('signedIn alice').waitFor()
    await second.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('signedOut nobody').waitFor()
    expect(await page.getByText('the notes').count()).toBe(0)
  } finally {
    await context.close()
    await site.stop()
  }
})
