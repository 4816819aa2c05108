import { fileURLToPath } from 'node:url'
import { firefox } from 'playwright-core'
import { findFirefox } from '../../scripts/programs.mjs'
import type { Engine } from './engine.ts'
import { descendants } from './processes.ts'

/** Firefox over WebDriver BiDi. */
export async function startFirefoxEngine(): Promise<Engine> {
  const FIREFOX = findFirefox()
  if (!FIREFOX) throw new Error('No Firefox found. Run `npm run setup`, or set FIREFOX_PATH.')
  const before = new Set(own())
  const browser = await firefox.launch({
    channel: 'moz-firefox',
    headless: true,
    executablePath: fileURLToPath(new URL('./firefox.sh', import.meta.url)),
    env: { ...process.env, FIREFOX },
  })
  const roots = own().filter((pid) => !before.has(pid))
  const context = await browser.newContext()
  return {
    version: `Firefox ${browser.version()}`,
    get reachable() {
      return browser.isConnected()
    },
    async open(url) {
      const page = await context.newPage()
      await page.goto(url)
      return { close: () => page.close(), reload: async () => void (await page.reload()) }
    },
    renderers: () =>
      roots
        .flatMap(descendants)
        .filter(({ command }) => command.includes('-isForBrowser') && command.at(-1) === 'tab')
        .map(({ pid }) => pid),
    setOffline: (offline) => context.setOffline(offline),
    stop: () => browser.close(),
  }
}

/** The children of this process: the one that appears when a browser is started is that browser. */
const own = () =>
  descendants(process.pid)
    .filter(({ command }) => command.some((word) => word === '--headless'))
    .map(({ pid }) => pid)
