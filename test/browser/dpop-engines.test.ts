import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, it, onTestFinished } from 'vitest'
import { startApi } from '../../examples/demo/api.ts'
import { startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import { startLoopbackServer } from '../../examples/demo/loopback-server.ts'
import { findFirefox, findWebKit } from '../../scripts/programs.mjs'
import { startFirefoxEngine } from '../chaos/firefox-engine.ts'
import { startWebKitEngine } from '../chaos/webkit-engine.ts'
import type { Report } from '../support/browser/dpop-page.ts'

const engines = [
  ['Firefox', findFirefox(), startFirefoxEngine],
  ['WebKitGTK', findWebKit(), startWebKitEngine],
] as const

for (const [name, found, start] of engines)
  if (found)
    it(`DPO-01 DPO-09: ${name} keeps the key, in two tabs and over a refresh, and lets nobody export it`, async () => {
      const { outputFiles } = await build({
        entryPoints: [fileURLToPath(new URL('../support/browser/dpop-page.ts', import.meta.url))],
        tsconfig: fileURLToPath(new URL('../../tsconfig.json', import.meta.url)),
        bundle: true,
        format: 'esm',
        target: 'es2022',
        platform: 'browser',
        write: false,
      })
      let heard = (_: Report) => {}
      const site = await startLoopbackServer(async (req, res) => {
        if (req.url === '/report') {
          heard(JSON.parse(await text(req)))
          return void res.end()
        }
        const isScript = req.url === '/page.js'
        res.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
        res.end(isScript ? outputFiles[0]?.text : '<!doctype html><script type="module" src="/page.js"></script>')
      })
      const server = await startAuthorizationServer({
        redirectUris: [`${site.origin}/callback`],
        autoLogin: 'alice',
        dpop: 'required with nonces',
      })
      const { issuer, audience, clientId } = server
      const api = await startApi({ issuer, audience, origins: [site.origin], dpop: { nonce: {} } })
      const engine = await start()
      onTestFinished(async () => {
        await Promise.all([engine.stop(), site.refuse(), server.stop(), api.stop()])
      })

      const visit = async (path: string): Promise<Report> => {
        const said = new Promise<Report>((resolve) => {
          heard = resolve
        })
        const places = encodeURIComponent(JSON.stringify({ issuer, clientId, api: api.origin }))
        await engine.open(`${site.origin}/?places=${places}&${path}`)
        return said
      }
      const signedIn = await visit('')
      expect(signedIn).toMatchObject({ status: 'signedIn', type: 'DPoP', statuses: [200, 200, 200, 200], trouble: [] })
      expect(signedIn.dump).toMatch(/CryptoKey ECDSA \w*Error,\w*Error/)
      expect(signedIn.dump).not.toMatch(/"?\bd"?: ?"?[\w-]{43}/)
      expect([...server.issuedTokens].filter((token) => signedIn.dump.includes(token))).toEqual([])
      const second = await visit('refresh')
      expect(second).toMatchObject({ status: 'signedIn', type: 'DPoP', statuses: Array(5).fill(200), trouble: [] })
      const last = await visit('sign-out')
      expect(last).toMatchObject({ status: 'signedOut', trouble: [] })
      expect(last.dump).not.toContain('ECDSA')
      expect(server.reuseCount).toBe(0)
      const granted = server.requests.filter(({ outcome }) => outcome === 'ok').map(({ grantType }) => grantType)
      expect(granted).toEqual(['authorization_code', 'refresh_token'])
      expect(server.revocations.some(({ status }) => status === 200)).toBe(true)
      console.log(`${engine.version}: signed in, refreshed and signed out with a key that cannot be exported`)
    })
