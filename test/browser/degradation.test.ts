import { describe, expect, it } from 'vitest'
import { tellsNoSecret } from '../support/browser/browser-world.ts'
import type { Tab } from '../support/browser/tab.ts'
import { profile, useBrowserWorld, world } from '../support/browser/use-browser-world.ts'

useBrowserWorld()

/** In the page: a session with a token from elsewhere, all the way to its end. */
async function liveAlone(url: string) {
  const before = await page.create({ resources: [url] }).ready()
  await tokens.adopt({ accessToken: 'given', refreshToken: 'given too', expiresAt: Date.now() + 300_000 })
  const { value } = await tokens.getAccessToken()
  const { ok } = await tokens.fetch(url)
  const refreshed = await page.outcome(tokens.refresh())
  const { local } = await tokens.signOut()
  return {
    before,
    used: value === 'given' && ok,
    refreshed: 'error' in refreshed && refreshed.error.code,
    local,
    status: tokens.state.status,
    steps: page.events.flatMap(({ step }) => (step ? [step] : [])).sort(),
    uncaught: page.uncaught,
    rows: indexedDB ? await page.dump.keys().catch(() => []) : [],
  }
}

const lived = {
  before: { status: 'signedOut', reason: 'none' },
  used: true,
  local: 'removed',
  status: 'signedOut',
  uncaught: [],
}

/** Runs {@link liveAlone} in a frame of `tab`. */
const inFrame = (tab: Tab, url: string, sandbox: string | null) =>
  tab.evaluate(({ url, sandbox, run, echo }) => page.frames.run(url, sandbox ?? undefined, run, echo), {
    url,
    sandbox,
    run: `${liveAlone}`,
    echo: `${world.site.origin}/echo`,
  })

// The tests look at the sources' own platform, of which a page with the built package has another one.
describe.skipIf(process.env.BUILD === 'production')('what a page lacks', () => {
  it('STO-09 ERR-07: in a sandboxed frame with an opaque origin the session lives in memory', async () => {
    const tab = await profile.open()
    const seen = await inFrame(tab, `${world.site.origin}/`, 'allow-scripts')
    expect(seen).toMatchObject({ ...lived, rows: [] })
    expect(seen).toMatchObject({ steps: ['lock_unavailable', 'store_unavailable'] })
  })

  it('COO-10 FACT-05: in a frame of another site it is an island of its own', async () => {
    const own = await profile.signedIn()
    const foreign = await profile.open()
    await foreign.goto(`http://localhost:${world.site.port}/`)
    expect(await inFrame(foreign, `${world.site.origin}/`, null)).toMatchObject({ ...lived, steps: [] })
    expect(await own.evaluate(() => tokens.state.status)).toBe('signedIn')
    expect(await own.evaluate(() => page.events.map(({ type }) => type))).not.toContain('adopted')
    await own.evaluate(() => localStorage.setItem('seen', 'here'))
    const raw = await foreign.evaluate(({ url, run }) => page.frames.run(url, undefined, run), {
      url: `${world.site.origin}/`,
      run: `${async () => ({
        local: localStorage.length,
        rows: (await indexedDB.databases()).length,
        held: (await navigator.locks.query()).held?.length,
      })}`,
    })
    expect(raw).toMatchObject({ local: 0, held: 0 })
  })

  const lacks: readonly (readonly [id: string, what: string, step: string, take: () => void])[] = [
    [
      'STO-09',
      'IndexedDB denied',
      'store_unavailable',
      () => {
        IDBFactory.prototype.open = () => {
          throw new DOMException('denied', 'SecurityError')
        }
      },
    ],
    [
      'STO-09',
      'CryptoKey not storable',
      'sealing_key_not_storable',
      () => {
        const { put } = IDBObjectStore.prototype
        IDBObjectStore.prototype.put = function (row, key) {
          if (row.value instanceof CryptoKey) throw new DOMException('no', 'DataCloneError')
          return put.call(this, row, key)
        }
      },
    ],
    [
      'STO-09',
      'IndexedDB taken away',
      'store_unavailable',
      () => void Object.defineProperty(window, 'indexedDB', { value: undefined }),
    ],
    [
      'COO-09',
      'no Web Locks',
      'lock_unavailable',
      () => void Object.defineProperty(navigator, 'locks', { value: undefined }),
    ],
    [
      'STO-09',
      'no BroadcastChannel',
      'channel_unavailable',
      () => void Reflect.deleteProperty(window, 'BroadcastChannel'),
    ],
  ]
  for (const [id, what, step, take] of lacks) {
    it(`${id}: ${what}: ${step} is reported and everything goes on`, async () => {
      const tab = await profile.open()
      await tab.evaluate(take)
      expect(await tab.evaluate(liveAlone, `${world.site.origin}/echo`)).toMatchObject({ ...lived, steps: [step] })
    })
  }

  it('STO-08: where a browser has left the database without its rows, they are made, and tabs share the session', async () => {
    const [tab, other] = [await profile.open(), await profile.open()]
    await tab.evaluate(async () => {
      const settled = (request: IDBOpenDBRequest) =>
        new Promise<IDBDatabase>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result)
          request.onerror = () => reject(request.error)
        })
      await settled(indexedDB.deleteDatabase('tokenward'))
      const empty = await settled(indexedDB.open('tokenward'))
      empty.close()
    })
    await tab.evaluate(async () => {
      await page.create().ready()
      await tokens.adopt({ accessToken: 'given', refreshToken: 'given too', expiresAt: Date.now() + 300_000 })
    })
    expect(await other.evaluate(async () => (await page.create().ready()).status)).toBe('signedIn')
    expect(await tab.evaluate(() => page.events.filter(({ type }) => type === 'store_failed'))).toEqual([])
    await tab.evaluate(async () => void (await tokens.signOut()))
  })

  it('STO-09: a popup signs in where nothing can be stored', async () => {
    const tab = await profile.open({ agent: 'popup' })
    await tab.evaluate(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('denied', 'SecurityError')
      }
      page.create()
    })
    const status = await tab.click(async () => (await tokens.signIn()).status)
    expect(status).toBe('signedIn')
    expect(await tab.evaluate(async (url) => (await tokens.fetch(url)).status, `${world.api.origin}/notes`)).toBe(200)
    expect(await tab.evaluate(async () => (await tokens.refresh()).type)).toBe('Bearer')
  })

  it('FACT-06: without a secure context there are no locks and no cryptography; a manager says so', async () => {
    const tab = await profile.open()
    await tab.goto(`http://insecure.example:${world.site.port}/`)
    const seen = await tab.evaluate(async () => ({
      secure: isSecureContext,
      locks: typeof navigator.locks,
      subtle: typeof crypto.subtle,
      channel: typeof BroadcastChannel,
      store: typeof indexedDB,
      state: await page.create().ready(),
      signIn: await page.outcome(tokens.signIn()),
      uncaught: page.uncaught,
    }))
    expect(seen).toMatchObject({
      secure: false,
      locks: 'undefined',
      subtle: 'undefined',
      channel: 'function',
      store: 'object',
      uncaught: [],
      state: { status: 'signedOut' },
      signIn: { error: { name: 'TokenManagerError' } },
    })
    console.log(
      `insecure context: ${JSON.stringify(seen.state)}, signIn(): ${'error' in seen.signIn && seen.signIn.error.code}`,
    )
  })
})

tellsNoSecret(() => world)
