import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'
import type { SessionState, TokenManager } from '../../src/index.ts'
import { type BffSite, bffSite, type SiteOptions } from '../bff/bff-site.ts'

/** What the page has on its `window`. */
interface PageGlobals {
  readonly tokens: TokenManager
  readonly states: SessionState[]
  readonly events: string[]
}

let browser: Browser
let script: string
let site: BffSite
const contexts: BrowserContext[] = []

beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions())
  const { outputFiles } = await build({
    stdin: {
      contents: `import { createTokenManager } from './src/bff/page/index.ts'
        const tokens = createTokenManager()
        const states = [], events = []
        tokens.subscribe((state) => states.push(state))
        for (const type of ['signed_in', 'signed_out', 'user_changed', 'step_up_required']) tokens.on(type, () => events.push(type))
        Object.assign(window, { tokens, states, events })`,
      resolveDir: root,
    },
    bundle: true,
    format: 'esm',
    write: false,
  })
  script = outputFiles[0]?.text ?? ''
})
afterAll(() => browser?.close())
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close()
  await site?.stop()
})

const app: RequestListener = (request, response) => {
  const isScript = request.url === '/page.js'
  response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
  response.end(isScript ? script : '<!doctype html><title>page</title><script type="module" src="/page.js"></script>')
}

async function start(options: SiteOptions = {}): Promise<void> {
  site = await bffSite({ app, ...options })
}

/** A person's browser. */
async function browserOf(person: string): Promise<BrowserContext> {
  const context = await browser.newContext({ extraHTTPHeaders: { 'x-person': person } })
  contexts.push(context)
  return context
}

const within = <T>(page: Page, run: (globals: PageGlobals) => T | Promise<T>): Promise<T> =>
  page.evaluate(`(${run})(window)`) as Promise<T>

async function open(context: BrowserContext, path = '/'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(site.origin + path)
  await page.waitForFunction('window.tokens !== undefined')
  return page
}

async function signIn(page: Page, returnTo = '/welcome'): Promise<void> {
  await page.evaluate(`void tokens.signIn({ returnTo: ${JSON.stringify(returnTo)} })`)
  await page.waitForURL(site.origin + returnTo)
  await page.waitForFunction("window.tokens?.state.status === 'signedIn'")
}

const isSignedOut = (page: Page) => page.waitForFunction("window.tokens.state.status === 'signedOut'")
const isSignedIn = (page: Page) => page.waitForFunction("window.tokens.state.status === 'signedIn'")

/** Gives `page` a clock of the test's own, and breaks the connection of its first request to `path`: before the answer, or after its header. */
async function breakFirst(page: Page, path: string, isAnswered = false): Promise<void> {
  await page.clock.install()
  await page.addInitScript(
    (broken) => {
      const { fetch } = window
      window.fetch = (input, init) => {
        const { url, signal } = input as Request
        const isFirst = !('isBroken' in window) && url.endsWith(broken.path)
        if (!isFirst) return fetch(input, init)

        Object.assign(window, { isBroken: true })
        const aborted = new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        })
        // Both end with the signal, as what `fetch` itself gives.
        return broken.isAnswered ? Promise.resolve(new Response(new ReadableStream({ start: () => aborted }))) : aborted
      }
    },
    { path, isAnswered },
  )
}

describe("the page's half", () => {
  it('signs in, calls an API and signs out, with the same members as a manager that has tokens', async () => {
    await start()
    const page = await open(await browserOf('alice'))
    expect(await within(page, ({ tokens }) => tokens.ready())).toEqual({ status: 'signedOut', reason: 'none' })
    await signIn(page)
    const state = await within(page, ({ tokens }) => tokens.state)
    expect(state).toMatchObject({ status: 'signedIn', session: { subject: 'alice' } })
    const notes = await within(page, async ({ tokens }) => (await tokens.fetch('/api/notes')).json())
    expect(notes).toEqual({ method: 'GET', url: '/v1/notes' })
    const posted = await within(page, async ({ tokens }) =>
      (await tokens.fetch('/api/notes', { method: 'POST', body: 'text' })).json(),
    )
    expect(posted).toEqual({ method: 'POST', url: '/v1/notes' })

    const report = await within(page, async ({ tokens }) => {
      const { local, endSessionUrl } = await tokens.signOut({ endSession: true })
      return { local, endSessionUrl }
    })
    expect(report).toMatchObject({ local: 'removed', endSessionUrl: expect.stringContaining('/session/end?') })
    expect(await within(page, ({ tokens }) => tokens.state)).toEqual({ status: 'signedOut', reason: 'signed_out' })
    const refused = await within(page, ({ tokens }) => tokens.fetch('/api/notes').catch(({ code }) => code))
    expect(refused).toBe('ERR_SIGNED_OUT')
    const elsewhere = await within(page, ({ tokens }) =>
      tokens.fetch('https://evil.example/').catch(({ code }) => code),
    )
    expect(elsewhere).toBe('ERR_TARGET_NOT_ALLOWED')
  })

  it('BFF-02 BFF-13: finds nothing to take for a thief, and hears of a sign-out in every tab by one stream', async () => {
    await start({ hosts: 2 })
    const context = await browserOf('alice')
    const first = await open(context)
    const streams: string[] = []
    context.on('request', (request) => {
      if (request.url().endsWith('/auth/events')) streams.push(request.url())
    })
    await signIn(first)
    const tabs = [first, ...(await Promise.all(Array.from({ length: 7 }, () => open(context))))]
    await Promise.all(tabs.map(isSignedIn))

    const stolen = await within(first, () =>
      JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, indexedDB.databases]),
    )
    expect(stolen).toBe('["",{},{},null]')
    expect(await first.evaluate('indexedDB.databases()')).toEqual([])
    for (const method of ['getAccessToken', 'refresh', 'adopt'] as const)
      expect(await first.evaluate(`tokens.${method}({}).catch(({ code }) => code)`)).toBe('ERR_UNSUPPORTED')

    expect(streams).toHaveLength(1)
    await within(tabs[3]!, async ({ tokens }) => void (await tokens.signOut()))
    await Promise.all(tabs.map(isSignedOut))
    const reasons = await Promise.all(
      tabs.map((tab) => within(tab, ({ tokens: { state } }) => (state.status === 'signedOut' ? state.reason : ''))),
    )
    expect(new Set(reasons)).toEqual(new Set(['signed_out', 'signed_out_elsewhere']))
  })

  it('another tab takes over the stream of one that is closed', async () => {
    await start()
    const context = await browserOf('alice')
    const first = await open(context)
    await signIn(first)
    const second = await open(context)
    await isSignedIn(second)
    const reopened = context.waitForEvent('request', (request) => request.url().endsWith('/auth/events'))
    await first.close()
    await (await reopened).response()
    // Ended where no tab of this browser has a say.
    const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ')
    await fetch(`${site.origin}/auth/logout`, { method: 'POST', headers: { cookie, 'x-tokenward': '1' } })
    await isSignedOut(second)
    expect(await within(second, ({ events }) => events)).toEqual(['signed_out'])
  })

  it('goes on in the other tabs when the session gets a new name by another sign-in, and tells of another person', async () => {
    await start()
    const context = await browserOf('alice')
    const [first, second] = [await open(context), await open(context)]
    await signIn(first)
    await isSignedIn(second)
    await signIn(second, '/again')
    expect(await within(first, async ({ tokens }) => (await tokens.fetch('/api/x')).status)).toBe(200)
    expect(await within(first, ({ tokens, events }) => [tokens.state.status, ...events])).toEqual(['signedIn'])

    await context.setExtraHTTPHeaders({ 'x-person': 'bob' })
    await second.evaluate("void tokens.signIn({ prompt: 'login', returnTo: '/third' })")
    await second.waitForURL(`${site.origin}/third`)
    await first.waitForFunction("window.tokens.state.session?.subject === 'bob'")
    expect(await within(first, ({ events }) => events)).toEqual(['user_changed'])
  })

  it.each(['is silent', 'is never answered'])(
    'opens a stream again that %s, over a broken connection',
    async (fault) => {
      await start()
      const context = await browserOf('alice')
      const first = await open(context)
      await signIn(first)
      await first.close()
      const page = await context.newPage()
      await breakFirst(page, '/auth/events', fault === 'is silent')
      await page.goto(site.origin)
      await page.waitForFunction("window.isBroken && window.tokens.state.status === 'signedIn'")
      const out = await context.request.post(`${site.origin}/auth/logout`, { headers: { 'x-tokenward': '1' } })
      expect(out.status()).toBe(200)
      expect(await within(page, ({ tokens }) => tokens.state.status)).toBe('signedIn')
      await page.clock.fastForward(46_000)
      await isSignedOut(page)
    },
  )

  it('asks again if the backend does not answer at all, as over a connection that is broken', async () => {
    await start()
    const page = await (await browserOf('alice')).newPage()
    await breakFirst(page, '/auth/session')
    await page.goto(site.origin)
    await page.waitForFunction('window.isBroken')
    expect(await within(page, ({ tokens }) => tokens.state.status)).toBe('loading')
    await page.clock.fastForward(31_000)
    await isSignedOut(page)
  })

  it('signs out by a form of a page that tells nobody where it comes from', async () => {
    const silent: RequestListener = (request, response) => {
      response.setHeader('referrer-policy', 'no-referrer')
      app(request, response)
    }
    await start({ app: silent })
    const page = await open(await browserOf('alice'))
    await signIn(page)
    const sent = page.waitForRequest((request) => request.url().endsWith('/auth/logout'))
    await page.evaluate(() => {
      const form = document.createElement('form')
      Object.assign(form, { action: '/auth/logout', method: 'post' })
      document.body.append(form)
      form.submit()
    })
    expect((await (await sent).allHeaders()).origin).toBe('null')
    await page.waitForURL(/\/session\/end\?/)
    const again = await open(page.context())
    expect(await within(again, ({ tokens }) => tokens.ready())).toMatchObject({ status: 'signedOut' })
  })

  it('waits for a backend that does not answer, and throws what it says in place of an API', async () => {
    let answer: RequestListener = (_, response) => void response.end('{}')
    await start({ api: (...of) => answer(...of) })
    const context = await browserOf('alice')
    const page = await open(context)
    await signIn(page)
    answer = (_, response) =>
      response
        .writeHead(401, { 'www-authenticate': 'Bearer error="insufficient_user_authentication", acr_values="gold"' })
        .end()
    const refused = await within(page, ({ tokens }) =>
      tokens.fetch('/api/x').catch(({ code, acrValues }) => [code, acrValues]),
    )
    expect(refused).toEqual(['ERR_STEP_UP_REQUIRED', ['gold']])
    expect(await within(page, ({ events }) => events)).toEqual(['step_up_required'])
    answer = (_, response) => response.writeHead(404).end()
    expect(await within(page, async ({ tokens }) => (await tokens.fetch('/api/x')).status)).toBe(404)

    await context.route('**/auth/session', (route) => route.fulfill({ status: 503 }))
    const late = await open(context, '/late')
    expect(await within(late, ({ tokens }) => tokens.state)).toEqual({ status: 'loading' })
    await context.unroute('**/auth/session')
    await isSignedIn(late)
  })
})

describe("something that answers in the backend's place, such as a gateway, a service worker or a server of the page alone", () => {
  const html = { status: 200, contentType: 'text/html', body: '<!doctype html><title>page</title>' }
  const json = (body: unknown) => ({ status: 200, contentType: 'application/json', body: JSON.stringify(body) })
  const answers = [
    html,
    json({}),
    json(null),
    json({ error: 'session expired' }),
    json({ status: 401 }),
    { status: 204 },
  ]

  it.each(answers)('signs nobody out: %j', async (answer) => {
    await start()
    const context = await browserOf('alice')
    const page = await open(context)
    await signIn(page)
    await context.route('**/auth/session', (route) => route.fulfill(answer))
    const late = await open(context, '/late')
    await page.waitForTimeout(500)
    const seen = await Promise.all([page, late].map((tab) => within(tab, ({ tokens }) => tokens.state.status)))
    expect(seen).toEqual(['signedIn', 'loading'])
    await context.unroute('**/auth/session')
    await isSignedIn(late)
  })

  it.each(answers)('to a sign-out or for a token is told as an error of ours: %j', async (answer) => {
    await start({ bff: () => ({ pageTokens: [{ scope: 'notes' }] }) })
    const context = await browserOf('alice')
    const page = await open(context)
    await signIn(page)
    await context.route(/auth\/(logout|token)$/, (route) => route.fulfill(answer))
    const told = await within(page, async ({ tokens }) => {
      const codeOf = (work: Promise<unknown>) => work.then(String, ({ name, code }) => `${name} ${code}`)
      return [await codeOf(tokens.signOut()), await codeOf(tokens.getAccessToken())]
    })
    expect(new Set(told)).toEqual(new Set(['TokenManagerError ERR_TEMPORARILY_UNAVAILABLE']))
    expect(await within(page, ({ tokens }) => tokens.state.status)).toBe('signedIn')
  })
})

describe('BFF-05: in a real browser, a page of another origin', () => {
  let hostile: Server
  let port: number
  beforeAll(async () => {
    hostile = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>'))
    await new Promise<void>((resolve) => hostile.listen(0, resolve))
    port = (hostile.address() as AddressInfo).port
  })
  afterAll(() => new Promise((resolve) => hostile.close(resolve)))

  // Another port of the same host is a sibling: the browser sends it even cookies that are strict.
  it.each([
    ['of the same site', '127.0.0.1'],
    ['of another site', 'localhost'],
  ])('%s changes nothing, reads nothing and reaches no API', async (_, host) => {
    await start()
    const context = await browserOf('alice')
    const page = await open(context)
    await signIn(page)
    site.asked.splice(0)

    const attacker = await context.newPage()
    await context.setExtraHTTPHeaders({})
    await attacker.goto(`http://${host}:${port}/`)
    const outcomes = await attacker.evaluate(async (origin) => {
      const outcome = (work: Promise<Response>) =>
        work.then(
          ({ type, status }) => `${type} ${status}`,
          () => 'refused',
        )
      const init = { credentials: 'include' } as const
      const image = (path: string) =>
        new Promise<string>((resolve) => {
          const one = new Image()
          one.onload = () => resolve('loaded')
          one.onerror = () => resolve('refused')
          one.src = origin + path
        })
      return [
        await outcome(fetch(`${origin}/api/x`, init)),
        await outcome(fetch(`${origin}/api/x`, { ...init, method: 'POST', mode: 'no-cors', body: 'a=1' })),
        await outcome(fetch(`${origin}/api/x`, { ...init, method: 'DELETE' })),
        await outcome(fetch(`${origin}/api/x`, { ...init, headers: { 'x-tokenward': '1' } })),
        await outcome(fetch(`${origin}/auth/session`, { ...init, headers: { 'x-tokenward': '1' } })),
        await outcome(fetch(`${origin}/auth/logout`, { ...init, method: 'POST', mode: 'no-cors' })),
        await outcome(fetch(`${origin}/auth/logout`, { ...init, method: 'POST', headers: { 'x-tokenward': '1' } })),
        await image('/api/x'),
        await image('/auth/login'),
      ]
    }, site.origin)
    expect(outcomes.map((one) => one.replace('opaque 0', 'refused'))).toEqual(Array(9).fill('refused'))

    for (const [path, method] of [
      ['/auth/logout', 'post'],
      ['/api/x', 'post'],
      ['/auth/login', 'get'],
      ['/auth/callback', 'get'],
    ] as const) {
      await attacker.goto(`http://${host}:${port}/`)
      const answered = attacker.waitForResponse((response) => response.url().startsWith(site.origin))
      await attacker.evaluate(
        ([action, how]) => {
          const form = document.createElement('form')
          Object.assign(form, { action, method: how })
          document.body.append(form)
          form.submit()
        },
        [site.origin + path, method] as const,
      )
      const status = (await answered).status()
      await attacker.waitForURL(({ origin }) => origin === site.origin)
      expect([path, status]).toEqual([path, path === '/auth/callback' ? 400 : 403])
    }

    expect(site.asked).toEqual([])
    const name = (await context.cookies()).find((one) => one.name === 'session')?.value
    expect(name).toMatch(/^[\w-]{43}$/)
    expect(await within(page, async ({ tokens }) => (await tokens.fetch('/api/x')).status)).toBe(200)
  })
})
