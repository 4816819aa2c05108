import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, firefox, type Page } from 'playwright-core'
import { chromiumLaunchOptions, findFirefox } from '../../scripts/programs.mjs'
import { besideStory } from './beside-story.ts'
import { type Row, table } from './check-table.ts'
import { type Servers, startServers } from './servers.ts'
import { story } from './story.ts'
import { startTwoWays, type TwoWays } from './two-ways.ts'

/** How to run the {@link check}. */
export interface CheckOptions {
  /** Lifetime of access tokens in seconds. */
  readonly ttl: number
  /** The page's port; 0 takes a free one. */
  readonly port: number
  /** Where the picture goes. Default: in the system's folder for temporary files. */
  readonly screenshot: string | undefined
  /** Default `'chromium'`. */
  readonly browser?: BrowserName
}

/** A browser that the story is played in. */
export type BrowserName = 'chromium' | 'firefox'

/** What the second story works with. */
export interface BesideStage extends Pick<Stage, 'open' | 'complaints' | 'step'> {
  readonly ways: TwoWays
}

/** What a step of the story works with. */
export interface Stage {
  readonly servers: Servers
  readonly browser: BrowserName
  /** Opens a tab of the same browser. */
  readonly open: () => Promise<Page>
  /** What the pages complained about on their consoles. */
  readonly complaints: readonly string[]
  /** Does `run`, and notes whether what it returns is `expected`. */
  readonly step: (name: string, expected: string, run: () => Promise<string>) => Promise<void>
  /** Saves the picture. */
  readonly photograph: (page: Page) => Promise<void>
}

/** What browsers say themselves: of requests that fail or are left behind, and of what is none of the page's. */
const theirOwn =
  /^(Failed to load resource|NetworkError when|The Same Origin Policy|The page’s settings blocked|The operation was aborted)/

/** Plays the demo's two stories in a headless browser, prints what happened, and says whether all of it was as it should be. */
export async function check({ ttl, port, screenshot, browser: name = 'chromium' }: CheckOptions): Promise<boolean> {
  const path = screenshot ?? join(tmpdir(), 'tokenward-demo.png')
  const rows: Row[] = []
  const complaints: string[] = []
  const [servers, ways] = await Promise.all([startServers({ ttl, port }), startTwoWays({ ttl })])
  const stop = () => Promise.all([servers.stop(), ways.stop()])
  const launching = name === 'firefox' ? launchFirefox() : chromium.launch(chromiumLaunchOptions())
  const browser = await launching.catch(async (error) => {
    await stop()
    throw error
  })
  try {
    const step: Stage['step'] = async (step, expected, run) => {
      const started = performance.now()
      const seen = await run().catch((error: Error) => error.message.split('\n')[0] ?? 'an error')
      rows.push({ step, expected, seen, ok: seen === expected, took: performance.now() - started })
    }
    const tabsOf = async (url: string) => opening(await windowOf(browser), url, complaints)
    await story({
      servers,
      complaints,
      step,
      browser: name,
      open: await tabsOf(servers.url),
      photograph: async (page) => void (await page.screenshot({ path, fullPage: true })),
    })
    await besideStory({ ways, complaints, step, open: await tabsOf(ways.url) })
  } finally {
    await Promise.all([browser.close(), stop()])
  }
  const failed = rows.filter(({ ok }) => !ok).length
  console.log(`${table(rows)}\n\nscreenshot: ${path}\n${rows.length - failed} passed, ${failed} failed`)
  return failed === 0 && rows.length > 0
}

async function windowOf(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 } })
  context.setDefaultTimeout(30_000)
  return context
}

/** Opens tabs at `url`, and notes what they complain about. */
function opening(context: BrowserContext, url: string, complaints: string[]): () => Promise<Page> {
  return async () => {
    const page = await context.newPage()
    const complain = (text: string) => !theirOwn.test(text) && complaints.push(text)
    page.on('console', (message) => void (/error|warning/.test(message.type()) && complain(message.text())))
    page.on('pageerror', ({ message }) => void complain(message))
    await page.goto(url)
    await page.locator('body[data-ready=true]').waitFor()
    return page
  }
}

async function launchFirefox(): Promise<Browser> {
  const executablePath = findFirefox()
  if (!executablePath) throw new Error('No Firefox found. Set FIREFOX_PATH.')
  return firefox.launch({ channel: 'moz-firefox', executablePath, headless: true })
}
