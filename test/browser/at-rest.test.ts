import { describe, expect, it } from 'vitest'
import { startAuthorizationServer } from '../../examples/demo/authorization-server.ts'
import { tellsNoSecret } from '../support/browser/browser-world.ts'
import type { Tab } from '../support/browser/tab.ts'
import { profile, useBrowserWorld, world } from '../support/browser/use-browser-world.ts'

useBrowserWorld()

/** Which of the issued tokens lie in clear in what the tab's origin stores, and in what its cookies say. */
async function tokensIn(tab: Tab): Promise<number> {
  const { cookies } = await tab.send('Network.getAllCookies')
  const text = (await tab.evaluate(() => page.dump())) + JSON.stringify(cookies)
  return world.servers.flatMap(({ issuedTokens }) => [...issuedTokens]).filter((token) => text.includes(token)).length
}

/** What the sealed rows say to one who can open them. */
const opened = (tab: Tab) => tab.evaluate(async () => JSON.stringify(await page.opened()))

describe('what is stored', () => {
  it('STO-01 STO-02 STO-10: after sign-in no token in clear; after sign-out none at all', async () => {
    const tab = await profile.signedIn()
    await tab.evaluate(async () => void (await tokens.refresh()))
    const issued = world.server.issuedTokens
    expect(await tokensIn(tab)).toBe(0)
    const dump = await tab.evaluate(() => page.dump())
    expect(dump).toContain('CryptoKey AES-GCM InvalidAccessError')
    expect([...issued].some((token) => dump.includes(token.slice(0, 20)))).toBe(false)
    const inside = await opened(tab)
    expect([...issued].filter((token) => inside.includes(token)).length).toBe(3)

    await tab.evaluate(async () => void (await (await tokens.signOut()).revoked))
    expect(await tokensIn(tab)).toBe(0)
    const left = await opened(tab)
    expect([...issued].filter((token) => left.includes(token))).toEqual([])
    expect(left).toContain('signedOut')
    expect(left).not.toContain('alice')
    console.log(
      `dump of ${dump.length} characters: 0 of ${issued.size} tokens; opened after sign-out: ${left.length} characters, 0`,
    )
  })

  it('sees tokens where there are some: unsealed they lie in clear', async () => {
    const tab = await profile.signedIn({ fault: 'unsealed' })
    expect(await tokensIn(tab)).toBeGreaterThan(0)
  })

  it('STO-01: offline the outbox keeps what is to be revoked, sealed', async () => {
    const tab = await profile.signedIn()
    await tab.setOffline(true, world.site.origin)
    await tab.evaluate(async () => void (await tokens.signOut()))
    expect(await tokensIn(tab)).toBe(0)
    const inside = JSON.parse(await opened(tab)).find((value: { outbox?: unknown } | null) => value?.outbox)
    expect(inside).toMatchObject({ accessTokens: {}, outbox: [{ kind: 'refresh_token' }, { kind: 'access_token' }] })
    expect(inside.refreshToken).toBeUndefined()
    expect(inside.idToken).toBeUndefined()
  })

  it('STO-10: two writes of one session have different bytes, and a changed byte is no session', async () => {
    const tab = await profile.signedIn()
    const rows = await tab.evaluate(async () => {
      const read = async () => [...(await page.dump.values())].filter(([name]) => name.startsWith('tokenward'))
      const before = JSON.stringify(await read())
      await tokens.refresh()
      return before !== JSON.stringify(await read())
    })
    expect(rows).toBe(true)
    await tab.evaluate(async () => {
      const store = page.library.indexedDbStore()
      for (const [name] of await page.dump.values()) {
        if (!name.startsWith('tokenward')) continue
        const row = (await store.get(name))!
        const value = row.value as { data: Uint8Array }
        value.data[40]! ^= 1
        await store.swap(name, row.tag, value)
      }
    })
    await tab.reload()
    const { status, events } = await tab.evaluate(async () => {
      const { status } = await window.tokens.ready()
      return { status, events: page.events.map(({ type }) => type) }
    })
    expect(status).toBe('signedOut')
    expect(events).toContain('storage_corrupt')
  })
})

describe('persistence', () => {
  it("STO-01: 'session' is kept for this tab and its reloads only", async () => {
    const tab = await profile.signedIn({ persistence: 'session' })
    await tab.reload()
    expect(await tab.evaluate(async () => (await window.tokens.ready()).status)).toBe('signedIn')
    const other = await profile.ready({ persistence: 'session' })
    expect(await other.evaluate(() => tokens.state.status)).toBe('signedOut')
    expect(await tokensIn(tab)).toBe(0)
  })

  it("STO-01: 'memory' stores nothing, and ends with the page", async () => {
    const tab = await profile.ready({ persistence: 'memory', agent: 'popup' })
    await tab.click(async () => void (await tokens.signIn()))
    const { rows, status } = await tab.evaluate(async () => ({
      rows: await page.dump.keys(),
      status: tokens.state.status,
    }))
    expect({ rows, status }).toEqual({ rows: [], status: 'signedIn' })
    await tab.reload()
    expect(await tab.evaluate(async () => (await page.create().ready()).status)).toBe('signedOut')
  })
})

describe('several sessions on one origin', () => {
  it('STO-11: another issuer and another account keep theirs, and names tell nothing', async () => {
    const redirectUris = [`${world.site.origin}/callback`]
    const second = await startAuthorizationServer({ redirectUris, autoLogin: 'bob' })
    world.servers.push(second)
    await profile.signedIn()
    await profile.signedIn({ issuer: second.issuer })
    await profile.signedIn({ account: 'work' })
    const tab = await profile.open()
    const seen = await tab.evaluate(async (issuer) => {
      const managers = [page.create(), page.create({ issuer }), page.create({ account: 'work' })]
      const statuses = () => managers.map(({ state }) => state.status)
      await Promise.all(managers.map((manager) => manager.ready()))
      const before = statuses()
      const subjects = managers.map(({ state }) => state.status === 'signedIn' && state.session.subject)
      const refreshing = Promise.all(managers.map((manager) => manager.refresh()))
      const names: string[] = []
      while (names.length < 1) {
        const { held = [] } = await navigator.locks.query()
        names.push(...held.map(({ name }) => name ?? ''))
      }
      const values = (await refreshing).map(({ value }) => value)
      await managers[0]!.signOut()
      return {
        before,
        after: statuses(),
        subjects,
        different: new Set(values).size,
        names,
        keys: await page.dump.keys(),
      }
    }, second.issuer)
    expect(seen).toMatchObject({
      before: ['signedIn', 'signedIn', 'signedIn'],
      subjects: ['alice', 'bob', 'alice'],
      different: 3,
      after: ['signedOut', 'signedIn', 'signedIn'],
    })
    for (const name of [...seen.names, ...seen.keys])
      expect(name).toMatch(/^(tokenward\.[\w-]{22}(\.\w+)?|sealing-key)$/)
  })
})

describe('storage that goes away', () => {
  it('STO-08: the database deleted under running pages is written back, and nobody is signed out', async () => {
    const tab = await profile.signedIn()
    const other = await profile.ready()
    const seen = await tab.evaluate(async () => {
      const deleted = await new Promise((resolve) => {
        const request = indexedDB.deleteDatabase('tokenward')
        request.onsuccess = () => resolve('deleted')
        request.onblocked = () => resolve('blocked')
      })
      const token = await tokens.refresh()
      return { deleted, type: token.type, events: page.events.map(({ type }) => type), status: tokens.state.status }
    })
    expect(seen).toMatchObject({ deleted: 'deleted', type: 'Bearer', status: 'signedIn' })
    expect(seen.events).toContain('storage_lost')
    expect(await other.evaluate(async () => (await tokens.refresh()).type)).toBe('Bearer')
    expect(world.server.reuseCount).toBe(0)
    await tab.reload()
    expect(await tab.evaluate(async () => (await window.tokens.ready()).status)).toBe('signedIn')
    expect(await tokensIn(tab)).toBe(0)
  })

  it('STO-08: gone while no page was open, there is no session and no crash', async () => {
    const tab = await profile.signedIn()
    await tab.goto(`${world.site.origin}/elsewhere`)
    await tab.evaluate(() => void indexedDB.deleteDatabase('tokenward'))
    const state = await tab.evaluate(() => page.create().ready())
    expect(state).toEqual({ status: 'signedOut', reason: 'none' })
  })
})

tellsNoSecret(() => world)
