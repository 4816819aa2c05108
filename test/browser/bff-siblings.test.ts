import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import {
  allowInsecureLoopback,
  type BffCookieOptions,
  clientSecretBasic,
  createBff,
  nodeBff,
  nodeUpgrade,
} from 'tokenward/bff'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'
import { clientSecret, type ProgramServer, startProgramServer } from '../support/program-server.ts'

/** Names that the browser finds on this machine: a site, and a sibling that somebody else has. */
const [SITE, SIBLING] = ['app.test', 'evil.app.test']

/** A key and a certificate that nobody has signed; `undefined` where there is no openssl. */
function certificate() {
  const folder = mkdtempSync(join(tmpdir(), 'tokenward-tls-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', `/CN=${SITE}`, '-addext', `subjectAltName=DNS:${SITE},DNS:*.${SITE}`]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
  try {
    execFileSync(
      'openssl',
      ['req', '-x509', ...curve, '-nodes', '-keyout', key, '-out', cert, '-days', '2', ...subject],
      {
        stdio: 'ignore',
      },
    )
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } catch {
    return undefined
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const tls = certificate()

describe.runIf(tls)('BFF-04 BFF-05: in a real browser with https, a sibling host', () => {
  let browser: Browser
  const stops: (() => unknown)[] = []
  beforeAll(async () => {
    const options = chromiumLaunchOptions()
    const args = [...options.args, `--host-resolver-rules=MAP *.test 127.0.0.1`]
    browser = await chromium.launch({ ...options, args })
  })
  afterAll(async () => {
    await browser?.close()
    for (const stop of stops.reverse()) await stop()
  })

  async function listening(listener: RequestListener): Promise<{ server: Server; port: number }> {
    const server = createServer(tls ?? {}, listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    stops.push(
      () => server.close(),
      () => server.closeAllConnections(),
    )
    return { server, port: (server.address() as AddressInfo).port }
  }

  /** A site with https, the sibling beside it, and Alice's browser, in which she is signed in. */
  async function start(cookie: BffCookieOptions) {
    let respond: RequestListener = (_, response) => void response.writeHead(503).end()
    const { server, port } = await listening((request, response) => respond(request, response))
    const origin = `https://${SITE}:${port}`
    const refused: string[] = []
    let last = ''
    const authorizationServer: ProgramServer = await startProgramServer({ redirectUris: [`${origin}/auth/callback`] })
    stops.push(authorizationServer.stop)
    const bff = createBff({
      issuer: authorizationServer.issuer,
      clientId: 'web',
      clientAuthentication: clientSecretBasic(clientSecret),
      redirectUri: `${origin}/auth/callback`,
      scope: 'openid notes',
      api: { '/api': { url: authorizationServer.api.slice(0, -1), webSockets: true } },
      cookie,
      onRefusal: ({ code }) => refused.push(`${code} ${last}`),
      [allowInsecureLoopback]: true,
    })
    const answer = nodeBff(bff, (_: IncomingMessage, response: ServerResponse) =>
      response.setHeader('content-type', 'text/html').end('<!doctype html>'),
    )
    const upgrade = nodeUpgrade(bff)
    const note = ({ headers }: IncomingMessage) => {
      last = headers.cookie?.includes('__Host-session=') ? 'with the cookie' : 'without the cookie'
    }
    respond = (request, response) => {
      note(request)
      void answer(request, response)
    }
    server.on('upgrade', (request, socket, head) => {
      note(request)
      void upgrade(request, socket, head)
    })

    // What a server can set for the whole of app.test, the sibling sets.
    const sibling = await listening((request, response) => {
      const { searchParams } = new URL(request.url ?? '', `https://${SIBLING}`)
      response.setHeader('set-cookie', searchParams.getAll('set')).setHeader('content-type', 'text/html')
      response.end('<!doctype html>')
    })
    const context = await browser.newContext({ ignoreHTTPSErrors: true, extraHTTPHeaders: { 'x-person': 'alice' } })
    const page = await context.newPage()
    await page.goto(`${origin}/auth/login`)
    await page.waitForURL(`${origin}/`)
    const who = () =>
      page.evaluate(async () => {
        const response = await fetch('/auth/session', { headers: { 'x-tokenward': '1' } })
        const { session } = (await response.json()) as { session?: { subject?: string } }
        return session?.subject
      })
    return { origin, context, page, who, refused, evil: `https://${SIBLING}:${sibling.port}` }
  }

  it.each<[string, BffCookieOptions]>([
    ['__Host-session', {}],
    ['__Host-Http-session', { prefix: '__Host-Http-' }],
  ])('plants no cookie %s, neither by its server nor by script', async (name, cookie) => {
    const { context, who, evil } = await start(cookie)
    expect(await who()).toBe('alice')
    const own = (await context.cookies()).find((one) => one.name === name)
    expect(own).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Strict', domain: SITE })

    const planted = 'A'.repeat(43)
    const lines = [
      `${name}=${planted}; Domain=${SITE}; Path=/; Secure; HttpOnly`,
      `${name}=${planted}; Domain=${SITE}; Path=/auth; Secure; HttpOnly`,
      `${name.toLowerCase()}=${planted}; Domain=${SITE}; Path=/; Secure`,
      `session=${planted}; Domain=${SITE}; Path=/; Secure`,
    ]
    const attacker = await context.newPage()
    await attacker.goto(`${evil}/?${new URLSearchParams(lines.map((line) => ['set', line]))}`)
    await attacker.evaluate((all) => {
      // biome-ignore lint/suspicious/noDocumentCookie: it is what script that plants cookies does
      for (const line of all) document.cookie = line.replace('; HttpOnly', '')
    }, lines)
    expect((await context.cookies()).filter((one) => one.name === name)).toEqual([own])
    expect(await who()).toBe('alice')
    await context.close()
  })

  it.each<[NonNullable<BffCookieOptions['prefix']>, number]>([
    ['__Host-', 1],
    ['__Host-Http-', 0],
  ])('script of the site itself plants a cookie %s: %i', async (prefix, planted) => {
    const { context, page } = await start({ prefix })
    await context.clearCookies()
    await page.evaluate(
      (line) => {
        // biome-ignore lint/suspicious/noDocumentCookie: it is what script that plants cookies does
        document.cookie = line
      },
      `${prefix}session=${'A'.repeat(43)}; Path=/; Secure`,
    )
    expect(await context.cookies()).toHaveLength(planted)
    await context.close()
  })

  it('reaches no API and opens no WebSocket, although the browser sends it even strict cookies', async () => {
    const { context, origin, evil, who, refused } = await start({})
    const attacker = await context.newPage()
    await context.setExtraHTTPHeaders({})
    await attacker.goto(evil)
    const outcomes = await attacker.evaluate(async (site) => {
      const posted = await fetch(`${site}/api/x`, {
        method: 'POST',
        mode: 'no-cors',
        credentials: 'include',
        body: 'a',
      })
      const read = await fetch(`${site}/api/x`, { credentials: 'include' }).catch(() => 'refused')
      const opened = await new Promise((resolve) => {
        const socket = new WebSocket(`${site.replace('https', 'wss')}/api/x`)
        socket.onopen = () => resolve('open')
        socket.onerror = () => resolve('refused')
      })
      return [posted.type, read, opened]
    }, origin)
    expect(outcomes).toEqual(['opaque', 'refused', 'refused'])
    expect(refused).toEqual(Array(3).fill('cross_site with the cookie'))
    expect(await who()).toBe('alice')
    await context.close()
  })
})
