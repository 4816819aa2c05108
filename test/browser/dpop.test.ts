import { describe, expect, it } from 'vitest'
import { tellsNoSecret } from '../support/browser/browser-world.ts'
import type { Tab } from '../support/browser/tab.ts'
import { profile, useBrowserWorld, world } from '../support/browser/use-browser-world.ts'

useBrowserWorld({ dpop: 'required with nonces' })

const options = { dpop: { required: true } }

/** What the API answers to `count` calls at once. */
const call = (tab: Tab, count = 1) =>
  tab.evaluate(
    ({ url, count }) => Promise.all(Array.from({ length: count }, async () => (await tokens.fetch(url)).status)),
    { url: `${world.api.origin}/notes`, count },
  )

const granted = () => world.server.requests.filter(({ outcome }) => outcome === 'ok').map(({ grantType }) => grantType)

describe('a server that wants DPoP with nonces, and an API that does', () => {
  it('DPO-06 DPO-09 DPO-10: sign-in, two tabs, calls, one refresh for both, a refused token, sign-out', async () => {
    const one = await profile.signedIn(options)
    const two = await profile.ready(options)
    expect(await one.evaluate(async () => (await tokens.getAccessToken()).type)).toBe('DPoP')
    expect(await Promise.all([call(one, 10), call(two, 10)])).toEqual([Array(10).fill(200), Array(10).fill(200)])
    expect(granted()).toEqual(['authorization_code'])

    await one.evaluate(async () => void (await tokens.refresh()))
    expect(await Promise.all([call(one), call(two)])).toEqual([[200], [200]])
    expect(granted()).toEqual(['authorization_code', 'refresh_token'])

    world.api.denyNextToken()
    expect(await Promise.all([call(one, 5), call(two, 5)])).toEqual([Array(5).fill(200), Array(5).fill(200)])
    expect(granted()).toEqual(['authorization_code', 'refresh_token', 'refresh_token'])
    expect(world.server.reuseCount).toBe(0)

    await two.evaluate(async () => void (await (await tokens.signOut()).revoked))
    await one.until(() => tokens.state.status === 'signedOut')
    expect(world.server.revocations.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const tab of [one, two])
      expect(
        await tab.evaluate(() => page.events.filter(({ type }) => /failed|not_bound|degraded/.test(type))),
      ).toEqual([])
  })

  it('DPO-01 STO-10: the key survives a reload, is exported by nobody, and is gone after sign-out', async () => {
    const tab = await profile.signedIn(options)
    await tab.reload()
    await tab.until(() => window.tokens?.state.status === 'signedIn')
    expect(await call(tab)).toEqual([200])
    const seen = await tab.evaluate(async () => {
      const records = (await page.opened()) as { dpopKey?: { privateKey: CryptoKey; publicKey: { x: string } } }[]
      const { privateKey, publicKey } = records.find((record) => record?.dpopKey)!.dpopKey!
      const formats = ['jwk', 'pkcs8', 'raw'] as const
      const exported = formats.map((format) =>
        crypto.subtle.exportKey(format as 'raw', privateKey).then(
          () => 'exported',
          (error) => error.name,
        ),
      )
      const { extractable, type, usages } = privateKey
      return {
        extractable,
        type,
        usages,
        x: publicKey.x,
        exported: await Promise.all(exported),
        dump: await page.dump(),
        inside: JSON.stringify(records),
      }
    })
    expect(seen).toMatchObject({ extractable: false, type: 'private', usages: ['sign'] })
    expect(seen.exported).not.toContain('exported')
    expect(seen.dump).toContain('CryptoKey ECDSA InvalidAccessError,InvalidAccessError')
    expect(seen.inside).toContain(seen.x)
    expect(`${seen.dump}${seen.inside}`).not.toMatch(/"?\bd"?: ?"?[\w-]{43}/)
    expect([...world.server.issuedTokens].filter((token) => seen.dump.includes(token))).toEqual([])

    await tab.evaluate(async () => void (await (await tokens.signOut()).revoked))
    const after = await tab.evaluate(async () => `${await page.dump()}${JSON.stringify(await page.opened())}`)
    expect(after).not.toContain('ECDSA')
    expect(after).not.toContain(seen.x)
  })

  it('a popup, and the worker that refreshes, use the key of the session', async () => {
    const opener = await profile.ready({ ...options, agent: 'popup' })
    await opener.click(async () => void (await tokens.signIn()))
    expect(await call(opener)).toEqual([200])

    const tab = await profile.signedIn({ ...options, worker: '/worker.js' })
    const events = await tab.evaluate(async () => {
      await tokens.refresh()
      return page.events.map(({ type }) => type)
    })
    expect(events).toContain('waited')
    expect(events).not.toContain('degraded')
    expect(await call(tab)).toEqual([200])
    expect(world.server.reuseCount).toBe(0)
  })

  it('RT-15: the key lost from the storage ends the session, and no refresh token leaves', async () => {
    const tab = await profile.signedIn(options)
    await tab.evaluate(async () => {
      const store = page.library.indexedDbStore()
      for (const [name] of await page.dump.values()) {
        const row = await store.get(name)
        const value = row?.value as { keys?: unknown } | undefined
        if (value?.keys) await store.swap(name, row?.tag, { ...value, keys: [{}] })
      }
    })
    world.server.reset()
    await tab.reload()
    await tab.until(() => window.tokens?.state.status === 'signedOut')
    expect(await tab.evaluate(() => tokens.state)).toMatchObject({ reason: 'dpop_key_lost' })
    expect(world.server.requests).toEqual([])
  })
})

tellsNoSecret(() => world)
