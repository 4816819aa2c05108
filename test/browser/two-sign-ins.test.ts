import type { ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, it, onTestFinished } from 'vitest'
import { startApi } from '../../examples/demo/api.ts'
import { startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import { startLoopbackServer } from '../../examples/demo/loopback-server.ts'
import { findFirefox } from '../../scripts/programs.mjs'
import { engines } from '../chaos/engine.ts'
import type { Report } from '../support/browser/two-sign-ins-page.ts'

const names = findFirefox() ? (['chromium', 'firefox'] as const) : (['chromium'] as const)

for (const name of names)
  it(`${name}: two tabs sign in at once at a server that has one grant for both, and both go on after refreshes`, async () => {
    const site = await startSite()
    const server = await startAuthorizationServer({
      redirectUris: [`${site.origin}/callback`],
      autoLogin: 'alice',
      sharesGrants: true,
    })
    const { issuer, audience, clientId } = server
    const api = await startApi({ issuer, audience, origins: [site.origin] })
    const engine = await engines[name]()
    onTestFinished(async () => {
      await Promise.all([engine.stop(), site.stop(), server.stop(), api.stop()])
    })

    for (const tab of ['one', 'two']) {
      const places = encodeURIComponent(JSON.stringify({ issuer, clientId, api: api.origin, tab }))
      await engine.open(`${site.origin}/?places=${places}`)
    }
    const reports = await site.reports
    const statuses = [200, 200, 200]
    expect(reports).toEqual([
      { tab: 'one', status: 'signedIn', statuses },
      { tab: 'two', status: 'signedIn', statuses },
    ])
    const answered = server.requests.map(({ grantType, outcome }) => `${grantType} ${outcome}`)
    expect(answered.slice(0, 2)).toEqual(Array(2).fill('authorization_code ok'))
    expect(new Set(answered.slice(2))).toEqual(new Set(['refresh_token ok']))
    expect(server.revocations).toEqual([])
    expect(server.reuseCount).toBe(0)
  })

/** Serves the page, lets the two tabs wait for each other, and hears what each has found. */
async function startSite() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../support/browser/two-sign-ins-page.ts', import.meta.url))],
    tsconfig: fileURLToPath(new URL('../../tsconfig.json', import.meta.url)),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    write: false,
  })
  const waiting = new Map<string, ServerResponse>()
  const found: Report[] = []
  let heardBoth = (_: readonly Report[]) => {}
  const reports = new Promise<readonly Report[]>((resolve) => {
    heardBoth = resolve
  })
  const site = await startLoopbackServer(async (request, response) => {
    const { url = '' } = request
    if (url.startsWith('/meet/')) {
      const other = waiting.get(url)
      if (!other) return void waiting.set(url, response)
      waiting.delete(url)
      other.end()
      return void response.end()
    }
    if (url === '/report') {
      found.push(JSON.parse(await text(request)))
      response.end()
      if (found.length === 2) heardBoth(found.toSorted((a, b) => a.tab.localeCompare(b.tab)))
      return
    }
    const isScript = url === '/page.js'
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
    response.end(isScript ? outputFiles[0]?.text : '<!doctype html><script type="module" src="/page.js"></script>')
  })
  return { origin: site.origin, reports, stop: () => site.refuse() }
}
