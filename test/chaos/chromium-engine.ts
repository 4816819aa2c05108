import { startChromium } from '../support/browser/chromium.ts'
import { createTab } from '../support/browser/tab.ts'
import type { Engine } from './engine.ts'
import { descendants } from './processes.ts'

/** Chromium over the DevTools Protocol; every tab in a window of its own, so that it is seen and can be hidden. */
export async function startChromiumEngine(): Promise<Engine> {
  const chromium = await startChromium()
  const sessions = new Set<string>()
  let offline = false
  const network = (sessionId: string) =>
    chromium
      .send('Network.enable', {}, sessionId)
      .then(() =>
        chromium.send(
          'Network.emulateNetworkConditions',
          { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 },
          sessionId,
        ),
      )
      .catch(() => {})
  const { product } = await chromium.send<{ product: string }>('Browser.getVersion')
  return {
    version: product.replace(/^.*\//, 'Chromium '),
    reachable: true,
    async open(url) {
      const { targetId } = await chromium.send<{ targetId: string }>('Target.createTarget', { url, newWindow: true })
      const attached = await chromium.send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
      const { sessionId } = attached
      sessions.add(sessionId)
      const tab = createTab(chromium, targetId, sessionId)
      return {
        async close() {
          sessions.delete(sessionId)
          await tab.close()
        },
        reload: async () => void (await tab.send('Page.reload')),
        async setFrozen(frozen) {
          if (frozen) await tab.setHidden(true)
          await tab.setFrozen(frozen)
          if (!frozen) await tab.setHidden(false)
        },
      }
    },
    renderers: () =>
      descendants(chromium.pid)
        .filter(({ command }) => command.includes('--type=renderer'))
        .map(({ pid }) => pid),
    async setOffline(now) {
      offline = now
      await Promise.all([...sessions].map(network))
    },
    stop: () => chromium.stop(),
  }
}
