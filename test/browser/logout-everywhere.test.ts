import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Redis } from 'ioredis'
import { decodeJwt } from 'jose'
import { type Browser, chromium, firefox, type Page } from 'playwright-core'
import { expect, it, onTestFinished } from 'vitest'
import { type Api, startApi } from '../../examples/demo/api.ts'
import { type AuthorizationServer, startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import { startLoopbackServer } from '../../examples/demo/loopback-server.ts'
import { chromiumLaunchOptions, findFirefox } from '../../scripts/programs.mjs'
import { redisDenylistStore } from '../../src/redis/index.ts'
import {
  allowInsecureLoopback,
  createBackchannelLogout,
  createDenylist,
  type Denylist,
} from '../../src/resource-server/index.ts'
import { startRedis } from '../support/redis-server.ts'

/** What the page offers. */
declare function signIn(): void
declare function token(): Promise<string>
declare function call(): Promise<unknown[]>

interface World {
  readonly site: string
  readonly server: AuthorizationServer
  readonly services: readonly Api[]
  /** When each logout token came, epoch ms. */
  readonly told: readonly number[]
}

/** A site, an authorization server, and two services, each with a denylist of its own over one Redis. */
async function start(): Promise<World> {
  let page = ''
  let script = ''
  let logOut: ReturnType<typeof createBackchannelLogout> | undefined
  const told: number[] = []
  const site = await startLoopbackServer(async (req, res) => {
    if (req.url === '/backchannel-logout') {
      told.push(Date.now())
      const body = Readable.toWeb(req) as ReadableStream<Uint8Array>
      const headers = { 'content-type': req.headers['content-type'] ?? '' }
      const request = new Request(site.origin, { method: 'POST', headers, body, duplex: 'half' } as RequestInit)
      const { status = 503 } = (await logOut?.(request)) ?? {}
      return void res.writeHead(status).end()
    }
    const isScript = req.url === '/page.js'
    res.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
    res.end(isScript ? script : page)
  })
  const server = await startAuthorizationServer({
    redirectUris: [`${site.origin}/callback`],
    autoLogin: 'alice',
    accessTokenTtl: 600,
    backchannelLogoutUri: `${site.origin}/backchannel-logout`,
    endsWithSession: true,
  })
  const { issuer, audience, clientId } = server
  const redis = await startRedis()
  const clients: Redis[] = []
  const denylists: Denylist[] = []
  const services: Api[] = []
  for (let i = 0; i < 2; i++) {
    const client = new Redis(redis.port)
    const denylist = createDenylist({ store: redisDenylistStore({ client }) })
    await denylist.ready()
    clients.push(client)
    denylists.push(denylist)
    services.push(await startApi({ issuer, audience, origins: [site.origin], denylist }))
  }
  const [denylist] = denylists as [Denylist]
  logOut = createBackchannelLogout({ issuer, clientId, denylist, [allowInsecureLoopback]: true })
  const places = JSON.stringify({ issuer, clientId, services: services.map(({ origin }) => origin) })
  page = `<!doctype html><link rel="icon" href="data:,"><p id="ready"></p><p id="state"></p><p id="refusal"></p>
    <script type="application/json" id="places">${places}</script><script type="module" src="/page.js"></script>`
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../support/browser/logout-page.ts', import.meta.url))],
    tsconfig: fileURLToPath(new URL('../../tsconfig.json', import.meta.url)),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    write: false,
  })
  script = outputFiles[0]?.text ?? ''
  onTestFinished(async () => {
    for (const denylist of denylists) denylist.close()
    for (const client of clients) client.disconnect()
    await Promise.all([site.refuse(), server.stop(), redis.stop(), ...services.map((service) => service.stop())])
  })
  return { site: site.origin, server, services, told }
}

async function signedIn(browser: Browser, site: string): Promise<Page> {
  onTestFinished(() => browser.close())
  const page = await (await browser.newContext()).newPage()
  await page.goto(site)
  await page.getByText('ready', { exact: true }).waitFor()
  await page.evaluate(() => signIn())
  await page.locator('#state', { hasText: 'signedIn' }).waitFor()
  expect(await page.evaluate(() => call())).toEqual([200, 200])
  return page
}

if (findFirefox())
  it('BCL-09 INT-07: a logout at the provider ends JWTs that have not expired, in both services, and the app says why', async () => {
    const world = await start()
    const { server, services, site, told } = world
    const inChromium = await signedIn(await chromium.launch(chromiumLaunchOptions()), site)
    const executablePath = findFirefox() as string
    const inFirefox = await signedIn(await firefox.launch({ channel: 'moz-firefox', executablePath }), site)
    const [one, other] = await Promise.all([inChromium, inFirefox].map((page) => page.evaluate(() => token())))

    /** What both services answer to `jwt`, from outside of any browser. */
    const answers = (jwt = '') =>
      Promise.all(
        services.map(async ({ origin }) => {
          const { status, headers } = await fetch(`${origin}/notes`, { headers: { authorization: `Bearer ${jwt}` } })
          return `${status} ${/ reason="(\w+)"/.exec(headers.get('www-authenticate') ?? '')?.[1] ?? ''}`.trim()
        }),
      )
    /** How long after the logout token came both services refuse `jwt`, ms. */
    const refusedAfter = async (jwt = '') => {
      const refused = ['401 session_ended', '401 session_ended']
      while (`${await answers(jwt)}` !== `${refused}`);
      const took = Date.now() - (told.at(-1) ?? Number.NaN)
      expect(await answers(jwt)).toEqual(refused)
      expect((decodeJwt(jwt).exp ?? 0) * 1000).toBeGreaterThan(Date.now() + 60_000)
      return took
    }
    expect([await answers(one), await answers(other)]).toEqual(Array(2).fill(['200', '200']))

    // The person signs out at the provider, in Chromium.
    const provider = await inChromium.context().newPage()
    await provider.goto(`${server.issuer}/session/end`)
    const refused = refusedAfter(one)
    await provider.getByRole('button', { name: 'Sign out here too' }).click()
    await provider.getByText('All done.').waitFor()
    const first = await refused
    expect(told).toHaveLength(1)
    // The sign-in in the other browser is another one.
    expect(await answers(other)).toEqual(['200', '200'])
    expect(await inChromium.evaluate(() => call())).toEqual([401, 401])
    expect(await inChromium.locator('#state').textContent()).toBe('signedOut rejected')
    expect(await inChromium.locator('#refusal').textContent()).toBe('The API refused the session: session_ended')

    // The provider signs everybody out, everywhere.
    const [second] = await Promise.all([refusedAfter(other), server.logOutEverywhere()])
    expect(await inFirefox.evaluate(() => call())).toEqual([401, 401])
    expect(await inFirefox.locator('#state').textContent()).toBe('signedOut rejected')
    expect(await inFirefox.locator('#refusal').textContent()).toBe('The API refused the session: session_ended')
    expect(told).toHaveLength(2)
    console.log(`both services refused the JWTs ${first} ms and ${second} ms after the logout token came to one`)

    // Whoever signs in again is let in again.
    await inChromium.evaluate(() => signIn())
    await inChromium.locator('#state', { hasText: 'signedIn' }).waitFor()
    expect(await inChromium.evaluate(() => call())).toEqual([200, 200])
    expect(server.reuseCount).toBe(0)
  })
