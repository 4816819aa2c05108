import { expect, it } from 'vitest'
import { type Api, startApi } from '../../../examples/demo/api.ts'
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from '../../../examples/demo/authorization-server.ts'
import type { Dpop } from '../../../examples/demo/provider-configuration.ts'
import { type Chromium, startChromium } from './chromium.ts'
import type { PageOptions } from './page/main.ts'
import { secrets as createSecrets, type Secrets } from './secrets.ts'
import { type Site, startSite } from './site.ts'
import { createTab, type Tab } from './tab.ts'

/** How tabs are opened. */
export interface OpenOptions extends Partial<PageOptions> {
  /** Default `/`. */
  readonly path?: string
}

/** One profile of the browser: what its tabs store, nobody else sees. */
export interface Profile {
  /** Opens a tab, in a window of its own so that it is seen; managers it makes have these options. */
  open(options?: OpenOptions): Promise<Tab>
  /** Opens a tab whose manager is ready. */
  ready(options?: OpenOptions): Promise<Tab>
  /** Opens a tab and signs in there, by redirect. */
  signedIn(options?: OpenOptions): Promise<Tab>
  /** Every tab it has by now, popups too. */
  readonly tabs: readonly Tab[]
  close(): Promise<void>
}

/** A real authorization server, API, site and browser. */
export interface BrowserWorld {
  readonly server: AuthorizationServer
  readonly api: Api
  readonly site: Site
  readonly chromium: Chromium
  readonly secrets: Secrets
  /** Further authorization servers whose secrets are watched too. */
  readonly servers: AuthorizationServer[]
  profile(): Promise<Profile>
  /** How many refreshes the authorization server has seen. */
  readonly refreshes: number
  /** Forgets what was asked for so far. */
  reset(): void
  stop(): Promise<void>
}

/** How to start it. */
export interface BrowserWorldOptions {
  /** False where time is measured: URLs and `Referer`s are not watched then. */
  readonly network?: boolean
  /** What its server wants. */
  readonly dpop?: Dpop
  /** What else its server is like. */
  readonly server?: Partial<AuthorizationServerOptions>
}

/** Starts it. */
export async function browserWorld(options: BrowserWorldOptions = {}): Promise<BrowserWorld> {
  const { network = true, dpop = 'offered' } = options
  const site = await startSite()
  const redirectUri = `${site.origin}/callback`
  const server = await startAuthorizationServer({
    redirectUris: [redirectUri],
    autoLogin: 'alice',
    accessTokenTtl: 300,
    dpop,
    ...options.server,
  })
  const { issuer, audience, clientId } = server
  const proofs = dpop === 'required with nonces' ? { nonce: {} } : {}
  const api = await startApi({ issuer, audience, origins: [site.origin], dpop: proofs })
  const servers = [server]
  const defaults: PageOptions = {
    issuer,
    clientId,
    redirectUri,
    scope: 'openid profile notes',
    resources: [`${api.origin}/`],
  }
  const heard = createSecrets(
    () => servers,
    () => redirectUri,
  )
  const chromium = await startChromium().catch(async (error) => {
    await Promise.all([site.stop(), server.stop(), api.stop()])
    throw error
  })
  const opened = watchPages(chromium, heard, network)
  await chromium.send('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: true,
    flatten: true,
  })

  const profile = async (): Promise<Profile> => {
    const { browserContextId } = await chromium.send<{ browserContextId: string }>('Target.createBrowserContext')
    const open: Profile['open'] = async ({ path = '/', ...options } = {}) => {
      site.defaults = { ...defaults, ...options }
      const { targetId } = await chromium.send<{ targetId: string }>('Target.createTarget', {
        url: 'about:blank',
        browserContextId,
        newWindow: true,
      })
      const tab = await opened.of(targetId)
      await tab.goto(new URL(path, site.origin).href)
      return tab
    }
    const ready: Profile['ready'] = async (options) => {
      const tab = await open(options)
      await tab.evaluate(async () => void (await page.create().ready()))
      return tab
    }
    return {
      open,
      ready,
      async signedIn(options) {
        const tab = await ready(options)
        await tab.evaluate(() => void tokens.signIn())
        await tab.until(() => location.pathname === '/callback' && window.tokens?.state.status === 'signedIn')
        return tab
      },
      get tabs() {
        return opened.all(browserContextId)
      },
      close: async () => void (await chromium.send('Target.disposeBrowserContext', { browserContextId })),
    }
  }

  return {
    server,
    api,
    site,
    chromium,
    secrets: heard,
    servers,
    profile,
    get refreshes() {
      return server.requests.filter(({ grantType }) => grantType === 'refresh_token').length
    },
    reset() {
      server.reset()
      api.reset()
      site.requests.length = 0
    },
    async stop() {
      await Promise.all([chromium.stop(), site.stop(), api.stop(), ...servers.map((one) => one.stop())])
    },
  }
}

/** The last test of every file: whatever its tests did, no secret was heard where none may be. */
export function tellsNoSecret(world: () => BrowserWorld): void {
  it('ERR-01 COO-11: no token, code, state, nonce or verifier in console, error, event, message, URL or Referer', async () => {
    const { leaks, size } = world().secrets
    console.log(`searched ${size.heard} texts for ${size.secrets} secrets`)
    expect(size.secrets).toBeGreaterThan(0)
    expect(leaks()).toEqual([])
  })
}

/** Attaches to every page from its first moment on. */
function watchPages(chromium: Chromium, heard: Secrets, network: boolean) {
  const tabs = new Map<string, { readonly tab: Tab; readonly contextId: string }>()
  const waiting = new Map<string, (tab: Tab) => void>()
  chromium.onEvent((event) => {
    heard.note(event)
    const { method, params } = event
    if (method === 'Target.attachedToTarget') void attached(params as never)
    if (method === 'Target.targetDestroyed') tabs.delete(params.targetId as string)
    if (method === 'Target.detachedFromTarget') tabs.delete(params.targetId as string)
  })
  return {
    of: (targetId: string): Promise<Tab> =>
      new Promise((resolve) => {
        const known = tabs.get(targetId)
        if (known) resolve(known.tab)
        else waiting.set(targetId, resolve)
      }),
    all: (contextId: string) => [...tabs.values()].filter((one) => one.contextId === contextId).map(({ tab }) => tab),
  }

  async function attached({ sessionId, targetInfo }: { sessionId: string; targetInfo: Record<string, string> }) {
    const { type, targetId = '', browserContextId: contextId = '' } = targetInfo
    const send = (method: string, params = {}) => chromium.send(method, params, sessionId).catch(() => undefined)
    if (type === 'page' || type === 'iframe') {
      await Promise.all([
        send('Runtime.enable'),
        send('Log.enable'),
        send('Page.enable'),
        network && send('Network.enable'),
        send('Runtime.addBinding', { name: 'overheard' }),
        send('Page.addScriptToEvaluateOnNewDocument', { source: `(${eavesdrop})()` }),
        send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true }),
      ])
    }
    await send('Runtime.runIfWaitingForDebugger')
    if (type !== 'page') return
    const tab = createTab(chromium, targetId, sessionId)
    tabs.set(targetId, { tab, contextId })
    waiting.get(targetId)?.(tab)
    waiting.delete(targetId)
  }
}

/** In the page: listens to what it tells other pages. */
function eavesdrop() {
  if (typeof BroadcastChannel === 'undefined') return
  const { postMessage } = BroadcastChannel.prototype
  BroadcastChannel.prototype.postMessage = function (message) {
    // A popup hands its callback URL to the page that asked: the one message that has to carry a code.
    if (!this.name.startsWith('tokenward:popup:')) window.overheard?.(`message ${this.name} ${JSON.stringify(message)}`)
    postMessage.call(this, message)
  }
  const { postMessage: ask } = MessagePort.prototype
  MessagePort.prototype.postMessage = function (message) {
    window.overheard?.(`message to the worker ${JSON.stringify(message)}`)
    ask.call(this, message)
  }
}
