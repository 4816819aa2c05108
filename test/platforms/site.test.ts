import { existsSync, readdirSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page, type Request } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LoopbackServer, startLoopbackServer } from '../../examples/demo/loopback-server.ts'
import { root } from '../../scripts/entries.mjs'
import { chromiumLaunchOptions } from '../../scripts/programs.mjs'
import { run } from '../../scripts/run.mjs'
import { seriousFaults } from '../support/browser/serious-faults.ts'

const site = join(root, 'site/dist')
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

let built: Awaited<ReturnType<typeof run>>
let server: LoopbackServer
let browser: Browser

beforeAll(async () => {
  built = await run(['node', 'scripts/docs.mjs'], { limit: 600_000 })
  server = await startLoopbackServer(async (req, res) => {
    const path = decodeURIComponent(new URL(req.url ?? '/', 'http://site').pathname)
    const file = await fileAt(path)
    res.writeHead(file ? 200 : 404, { 'content-type': types[extname(file ?? '')] ?? 'text/plain' })
    res.end(file && (await readFile(file)))
  })
  browser = await chromium.launch(chromiumLaunchOptions())
}, 600_000)

afterAll(async () => {
  await browser?.close()
  await server?.refuse()
})

/** A file as GitHub Pages finds it. */
async function fileAt(path: string): Promise<string | undefined> {
  for (const name of [path, `${path}.html`, join(path, 'index.html')]) {
    const found = await stat(join(site, name)).catch(() => undefined)
    if (found?.isFile()) return join(site, name)
  }
  return undefined
}

/** The addresses of all documents. What is generated looks the same on each page, and is among {@link kinds}. */
function documents(): readonly string[] {
  return readdirSync(site, { encoding: 'utf8', recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.html') && name !== '404.html' && !/^(reference|examples)\//.test(name))
    .map((name) => `/${name.replace(/(index)?\.html$/, '')}`)
}

/** A page that fails the test for anything it asks of another origin. */
async function open(options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext({ bypassCSP: true, reducedMotion: 'reduce', ...options })
  await context.route(
    (url) => url.origin !== server.origin,
    (route) => route.abort(),
  )
  return context.newPage()
}

/**
 * Whether a request only asks for a file of the site. The browser asks for some whenever it has time: the icon, and the pages that links lead
 * to.
 */
function asksForFile(request: Request): boolean {
  const { origin, pathname, search } = new URL(request.url())
  const isOwn = origin === server.origin && existsSync(join(site, pathname))
  return isOwn && search === '' && request.method() === 'GET'
}

/** Opens a page, and waits until its script has taken over and mended what the theme leaves out. */
async function goTo(page: Page, address: string): Promise<void> {
  await page.goto(server.origin + address)
  await page.waitForFunction(() => document.documentElement.dataset.ready === '')
}

/** What can be pressed with a mouse, and not be reached with the Tab key. */
async function beyondTheKeyboard(page: Page): Promise<readonly string[]> {
  const pressable = page.locator('a[href]:visible, button:visible, input:visible, textarea:visible')
  const texts = await pressable.evaluateAll((found) =>
    found.map((one, index) => {
      one.setAttribute('data-number', `${index}`)
      return one.textContent?.trim() || one.outerHTML
    }),
  )
  expect(texts.length).toBeGreaterThan(40)

  const reached = new Set<number>()
  for (let stops = 0; stops < texts.length + 30; stops++) {
    await page.keyboard.press('Tab')
    reached.add(await page.evaluate(() => Number(document.activeElement?.getAttribute('data-number') ?? -1)))
  }
  return texts.filter((_, index) => !reached.has(index))
}

const looks: readonly (readonly [name: string, options: BrowserContextOptions])[] = [
  ['on a desktop, light', { viewport: { width: 1440, height: 900 }, colorScheme: 'light' }],
  ['on a desktop, dark', { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' }],
  ['on a phone, light', { viewport: { width: 390, height: 844 }, colorScheme: 'light' }],
  ['on a phone, dark', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }],
]
const kinds = [
  '/',
  '/concepts/one-refresh',
  '/invalid-token',
  '/options',
  '/architecture',
  '/reference/browser',
  '/examples/react-vite/',
]

describe('the site', () => {
  it('is built, and none of its links leads nowhere', () => {
    expect(built.problem ?? '', built.output).toBe('')
    expect(built.output).toMatch(/site: \d+ pages in site\/dist, \d+ links, 0 broken/)
  })

  it.each(looks)('has no serious fault that axe finds, %s', async (_, options) => {
    const page = await open(options)
    const found: string[] = []
    for (const address of kinds) {
      await goTo(page, address)
      for (const fault of await seriousFaults(page)) found.push(`${address} ${fault}`)
      const width = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      if (width > 0) found.push(`${address} is ${width} px wider than the screen`)
    }
    expect(found).toEqual([])
    await page.context().close()
  })

  it('has no serious fault on any other document', { timeout: 600_000 }, async () => {
    const page = await open({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
    const found: string[] = []
    for (const address of documents()) {
      await goTo(page, address)
      for (const fault of await seriousFaults(page)) found.push(`${address} ${fault}`)
    }
    expect(documents().length).toBeGreaterThan(40)
    expect(found).toEqual([])
    await page.context().close()
  })

  it('would be found at fault', async () => {
    const page = await open({})
    await goTo(page, '/options')
    await page.evaluate(() => document.querySelector('main')?.insertAdjacentHTML('afterbegin', '<button></button>'))
    expect(await seriousFaults(page)).toEqual(['button-name: <button></button>'])
    await page.context().close()
  })

  it('finds a page by its words, with the keyboard alone', async () => {
    const page = await open({})
    await goTo(page, '/')
    await page.keyboard.press('Control+k')
    await page.waitForFunction(() => document.activeElement?.id === 'localsearch-input')
    await page.keyboard.type('outcome_unknown')
    // What is found for a part of the word comes first, and goes elsewhere.
    const first = page.locator('#localsearch-list .result').first()
    await expect.poll(() => first.getAttribute('href')).toContain('troubleshooting#outcome_unknown')
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.pathname === '/troubleshooting')
    expect(new URL(page.url()).hash).toBe('#outcome_unknown')
    await page.context().close()
  })

  it('lets the keyboard reach everything that can be pressed', { timeout: 120_000 }, async () => {
    const page = await open({ viewport: { width: 1440, height: 900 } })
    await goTo(page, '/invalid-token')
    expect(await beyondTheKeyboard(page)).toEqual([])

    await page
      .locator('.explainer button')
      .first()
      .evaluate((button: HTMLElement) => {
        button.tabIndex = -1
      })
    expect(await beyondTheKeyboard(page)).toEqual(['Show a token'])
    await page.context().close()
  })

  it('explains a token that is pasted, and tells nobody', async () => {
    const page = await open({})
    await goTo(page, '/invalid-token')
    const requests: Request[] = []
    page.on('request', (request) => requests.push(request))
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { iss: 'https://as.example.com', aud: 'https://api.example.com/', iat: 1_000, exp: 2_000 }
    const token = `${part({ alg: 'ES256', typ: 'at+jwt' })}.${part(claims)}.c2lnbmF0dXJl`
    const found = page.locator('.explainer .found')

    await page.locator('.explainer textarea').fill(token)
    expect(await found.textContent()).toMatch(/An access tokenIt expired \d+ h ago/)
    await page.getByLabel("The API's audience, if you know it").fill('https://mail.example.com/')
    expect(await found.textContent()).toContain('not for https://mail.example.com/')

    await page
      .locator('.explainer textarea')
      .fill('HTTP/1.1 401\nwww-authenticate: Bearer error="invalid_token", reason="revoked"')
    expect(await found.textContent()).toContain('The access token was revoked')
    await page.locator('.explainer textarea').fill('not a token')
    expect(await found.textContent()).toContain('only its server can read')

    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]))
    const telling = requests.filter((request) => !asksForFile(request)).map((request) => request.url())
    expect(telling).toEqual([])
    expect(kept).not.toContain(token.slice(0, 40))
    await page.context().close()
  })

  it('has an anchor for every error code and reason', async () => {
    const source = await readFile(join(root, 'src/errors.ts'), 'utf8')
    const names = [...source.matchAll(/^ {2}\| '(\w+)'$/gm)].map(([, name = '']) => name.toLowerCase())
    const html = await readFile(join(site, 'troubleshooting.html'), 'utf8')
    expect(names.length).toBeGreaterThan(70)
    expect(names.filter((name) => !html.includes(`id="${name}"`))).toEqual([])
  })

  it('has llms.txt, and every page that it names as Markdown', async () => {
    const text = await readFile(join(site, 'llms.txt'), 'utf8')
    const links = [...text.matchAll(/^- \[[^\]]+\]\(([^)]+)\)/gm)].map(([, link = '']) => link)
    expect(links.length).toBeGreaterThan(80)
    const sizes = await Promise.all(
      links.map((link) =>
        stat(join(site, link)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    )
    expect(links.filter((_, index) => (sizes[index] ?? 0) < 50)).toEqual([])
  })
})
