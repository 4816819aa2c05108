import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Chromium } from './chromium.ts'

/** A page of the browser. */
export interface Tab {
  readonly targetId: string
  /**
   * Runs `run` in the page and gives back what it returns or resolves to, as JSON would. `run` can use nothing but its argument
   * and the page's own globals.
   */
  evaluate<R, A = undefined>(run: (argument: A) => R | Promise<R>, argument?: A): Promise<R>
  /** The same inside a click: windows may be opened. */
  click<R, A = undefined>(run: (argument: A) => R | Promise<R>, argument?: A): Promise<R>
  /** Waits until `run` is true in the page, whatever page that is by then. */
  until<A = undefined>(run: (argument: A) => boolean | Promise<boolean>, argument?: A, limit?: number): Promise<void>
  /** Goes to `url` and waits for the test page there. */
  goto(url: string): Promise<void>
  reload(): Promise<void>
  back(): Promise<void>
  /** Takes the network away; `site` can still be loaded, as from a service worker's cache. */
  setOffline(offline: boolean, site: string): Promise<void>
  setHidden(hidden: boolean): Promise<void>
  /** Only a hidden page can be frozen. */
  setFrozen(frozen: boolean): Promise<void>
  /** Sends a command of the DevTools Protocol to this page. */
  send<T = Record<string, unknown>>(method: string, params?: Record<string, unknown>): Promise<T>
  close(): Promise<void>
  /** Finds the process that draws this page; what it returns kills it. */
  findRenderer(): Promise<{ readonly pid: number; kill(): void }>
}

interface Evaluated {
  readonly result: { readonly value?: unknown }
  readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } }
}

/** The page behind `targetId`, attached as `sessionId`. */
export function createTab(chromium: Chromium, targetId: string, sessionId: string): Tab {
  const send: Tab['send'] = (method, params) => chromium.send(method, params, sessionId)

  const evaluate = async (run: (argument: never) => unknown, argument: unknown, userGesture: boolean) => {
    const expression = `(${run})(${JSON.stringify(argument) ?? ''})`
    const options = { awaitPromise: true, returnByValue: true, userGesture }
    const { result, exceptionDetails } = await send<Evaluated & Record<string, unknown>>('Runtime.evaluate', {
      expression,
      ...options,
    })
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value as never
  }

  chromium.onEvent(({ method, params, sessionId: from }) => {
    // The page may be gone before it is answered.
    if (method === 'Fetch.requestPaused' && from === sessionId) void serve(params as never).catch(() => {})
  })

  const tab: Tab = {
    targetId,
    send,
    evaluate: (run, argument) => evaluate(run, argument, false),
    click: (run, argument) => evaluate(run, argument, true),
    async until(run, argument, limit = 60_000) {
      const end = performance.now() + limit
      for (let last: unknown = 'it stayed false'; ; await sleep(20)) {
        // While a page gives way to the next, there is nothing to run in.
        const done = await tab.evaluate(run, argument as never).catch((error: Error) => error)
        if (done === true) return
        if (done instanceof Error) last = done.message
        if (performance.now() > end) throw new Error(`Waited in vain for ${run}: ${last}`)
      }
    },
    async goto(url) {
      await send('Page.navigate', { url })
      await loaded()
    },
    async reload() {
      await tab.evaluate(() => void Object.assign(window, { old: true }))
      await send('Page.reload')
      await tab.until(() => !('old' in window))
      await loaded()
    },
    async back() {
      const { currentIndex, entries } = await send<{ currentIndex: number; entries: { id: number }[] }>(
        'Page.getNavigationHistory',
      )
      await send('Page.navigateToHistoryEntry', { entryId: entries[currentIndex - 1]?.id })
    },
    async setOffline(offline, site) {
      await send('Network.emulateNetworkConditions', {
        offline,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      })
      await (offline ? send('Fetch.enable', { patterns: [{ urlPattern: `${site}/*` }] }) : send('Fetch.disable'))
    },
    async setHidden(hidden) {
      const { windowId } = await chromium.send('Browser.getWindowForTarget', { targetId })
      const bounds = { windowState: hidden ? 'minimized' : 'normal' }
      await chromium.send('Browser.setWindowBounds', { windowId, bounds })
      const expected = hidden ? 'hidden' : 'visible'
      await tab.until((expected) => document.visibilityState === expected, expected)
    },
    setFrozen: async (frozen) =>
      void (await send('Page.setWebLifecycleState', { state: frozen ? 'frozen' : 'active' })),
    close: async () => void (await chromium.send('Target.closeTarget', { targetId })),
    async findRenderer() {
      // Another page's process may grow at the same moment.
      let grown: number[] = []
      for (let tries = 0; tries < 5 && grown.length !== 1; tries++) {
        const before = await renderers()
        await tab.evaluate(() => void Object.assign(window, { ballast: new Uint8Array(2 ** 26).fill(1) }))
        const after = await renderers()
        await tab.evaluate(() => void Reflect.deleteProperty(window, 'ballast'))
        grown = [...after].filter(([pid, size]) => size - (before.get(pid) ?? 0) > 2 ** 25).map(([pid]) => pid)
      }
      const [pid = 0] = grown
      if (grown.length !== 1 || !chromium.owns(pid)) throw new Error(`Which process of this browser? ${grown}`)
      return { pid, kill: () => void process.kill(pid, 'SIGKILL') }
    },
  }
  return tab

  async function serve({ requestId, request }: { requestId: string; request: { url: string } }) {
    const response = await fetch(request.url)
    const responseHeaders = [...response.headers].map(([name, value]) => ({ name, value }))
    const body = Buffer.from(await response.arrayBuffer()).toString('base64')
    await send('Fetch.fulfillRequest', { requestId, responseCode: response.status, responseHeaders, body })
  }

  /** The memory of each process that draws pages, in bytes. */
  async function renderers() {
    const { processInfo } = await chromium.send<{ processInfo: { type: string; id: number }[] }>(
      'SystemInfo.getProcessInfo',
    )
    return new Map(processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => [id, residentBytes(id)]))
  }

  function loaded() {
    return tab.until(() => document.readyState === 'complete' && 'page' in window)
  }
}

function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096
}
