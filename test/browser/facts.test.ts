import { describe, expect, it } from 'vitest'
import { profile, useBrowserWorld, world } from '../support/browser/use-browser-world.ts'
import { expectWithin } from '../support/measured.ts'

useBrowserWorld({ network: false })

describe('what Chromium does', () => {
  it('FACT-01 COO-05: a stolen lock is gone at once, but its holder runs on', async () => {
    const tab = await profile.open()
    const seen = await tab.evaluate(async () => {
      const order: string[] = []
      let finish = () => {}
      const old = navigator.locks
        .request('one', async () => {
          await new Promise<void>((resolve) => {
            finish = resolve
          })
          order.push('old ends')
        })
        .catch(({ name }: Error) => order.push(name))
      await new Promise((resolve) => setTimeout(resolve, 20))
      await navigator.locks.request('one', { steal: true }, () => void order.push('thief runs'))
      await old
      finish()
      await new Promise((resolve) => setTimeout(resolve, 20))
      return order
    })
    expect(seen).toEqual(['AbortError', 'thief runs', 'old ends'].sort((a, b) => seen.indexOf(a) - seen.indexOf(b)))
    expect(seen.at(-1)).toBe('old ends')
  })

  it('FACT-02: a closed tab and a killed renderer give their locks back within milliseconds', async () => {
    const waiter = await profile.open()
    for (const end of ['closed', 'killed']) {
      const holder = await profile.open()
      await holder.evaluate(
        () =>
          new Promise<void>((resolve) => {
            void navigator.locks.request('one', () => {
              resolve()
              return new Promise(() => {})
            })
          }),
      )
      const renderer = await holder.findRenderer()
      const waited = waiter.evaluate(async () => {
        await navigator.locks.request('one', () => {})
        return page.now()
      })
      await new Promise((resolve) => setTimeout(resolve, 100))
      const ended = performance.timeOrigin + performance.now()
      if (end === 'closed') await holder.close()
      else renderer.kill()
      const took = Math.round((await waited) - ended)
      console.log(`holder ${end}: the lock is free after ${took} ms`)
      expectWithin(took, 1_000)
    }
  })

  it('FACT-03 COO-08: what Web Locks refuse', async () => {
    const tab = await profile.open()
    const seen = await tab.evaluate(async () => {
      const ask = (name: string, options: LockOptions) =>
        navigator.locks.request(name, options, () => 'granted').catch(({ name }: Error) => name)
      const { signal } = new AbortController()
      const late = new AbortController()
      return {
        misuse: await Promise.all([
          ask('one', { steal: true, signal }),
          ask('one', { ifAvailable: true, signal }),
          ask('one', { steal: true, mode: 'shared' }),
          ask('-one', {}),
        ]),
        afterGrant: await navigator.locks.request('one', { signal: late.signal }, async () => {
          late.abort()
          return 'not heard'
        }),
        nested: await navigator.locks.request('one', () =>
          Promise.race([ask('one', {}), new Promise((resolve) => setTimeout(resolve, 200, 'waits'))]),
        ),
      }
    })
    expect(seen).toEqual({ misuse: Array(4).fill('NotSupportedError'), afterGrant: 'not heard', nested: 'waits' })
  })

  it('FACT-07: a redirect to another origin loses Authorization, keeps other headers, and 307 keeps the body', async () => {
    const tab = await profile.open()
    for (const status of [302, 307]) {
      world.site.requests.length = 0
      const from = `${world.site.origin}/redirect?status=${status}&to=${encodeURIComponent(`${world.site.other}/echo`)}`
      await tab.evaluate(async (from) => {
        const headers = { authorization: 'Bearer one', dpop: 'two', 'content-type': 'text/plain' }
        await fetch(from, { method: 'POST', headers, body: 'refresh_token=three' })
      }, from)
      const { headers, body, method } = world.site.requests.findLast(
        ({ url, method }) => url === `${world.site.other}/echo` && method !== 'OPTIONS',
      )!
      expect([method, headers.authorization, headers.dpop, body]).toEqual(
        status === 307 ? ['POST', undefined, 'two', 'refresh_token=three'] : ['GET', undefined, 'two', ''],
      )
    }
  })

  it('FACT-08: a manual redirect tells a page nothing', async () => {
    const tab = await profile.open()
    const seen = await tab.evaluate(async (url) => {
      const { type, status, headers } = await fetch(url, { redirect: 'manual' })
      return { type, status, location: headers.get('location') }
    }, `${world.site.origin}/redirect?status=302&to=/echo`)
    expect(seen).toEqual({ type: 'opaqueredirect', status: 0, location: null })
  })

  it('FACT-10 REV-06: keepalive requests of a page share 64 KiB', async () => {
    world.site.latency = 200
    const send = async (...sizes: number[]) => {
      const tab = await profile.open()
      return tab.evaluate(
        (sizes) =>
          Promise.all(
            sizes.map((size) =>
              fetch('/slow', { method: 'POST', keepalive: true, body: 'x'.repeat(size) }).then(
                ({ status }) => status,
                ({ name }: Error) => name,
              ),
            ),
          ),
        sizes,
      )
    }
    expect(await send(65_536)).toEqual([200])
    expect(await send(65_537)).toEqual(['TypeError'])
    expect((await send(40_000, 40_000)).sort()).toEqual([200, 'TypeError'])
  })

  it('FACT-12: a non-extractable key outlives a reload in IndexedDB, and stays closed', async () => {
    const tab = await profile.open()
    await tab.evaluate(async () => {
      const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
      const iv = new Uint8Array(12)
      const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new Uint8Array([1, 2, 3]))
      await page.library.indexedDbStore().swap('key', undefined, { key, sealed })
    })
    await tab.reload()
    const seen = await tab.evaluate(async () => {
      const row = await page.library.indexedDbStore().get('key')
      const { key, sealed } = row!.value as { key: CryptoKey; sealed: ArrayBuffer }
      const iv = new Uint8Array(12)
      const open = [...new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed))]
      const raw = await crypto.subtle.exportKey('raw', key).catch(({ name }: Error) => name)
      const posted = await new Promise<boolean>((resolve) => {
        const listener = new BroadcastChannel('keys')
        listener.onmessage = ({ data }) => resolve(data instanceof CryptoKey)
        new BroadcastChannel('keys').postMessage(key)
      })
      return { open, raw, posted }
    })
    expect(seen).toEqual({ open: [1, 2, 3], raw: 'InvalidAccessError', posted: true })
  })
})
