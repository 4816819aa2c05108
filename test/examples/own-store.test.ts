import { webSealing } from 'tokenward'
import { describe, expect, it } from 'vitest'
import { httpStore, startKeyValueServer } from '../../examples/own-store.ts'
import { storeContract } from '../contracts/store.ts'

const key = await webSealing.generateKey()

storeContract('the example of a store of your own', async () => {
  const { url, stop } = await startKeyValueServer()
  // On a busy machine 50 requests at once may take longer than the default.
  const settings = { url, key, timeout: 60_000 }
  return { contexts: [httpStore(settings), httpStore(settings)], close: stop }
})

describe('the example of a store of your own', () => {
  it('rejects what it cannot reach, and what another key sealed', async () => {
    const { url, stop } = await startKeyValueServer()
    await httpStore({ url, key }).swap('k', undefined, { n: 1 })
    const other = httpStore({ url, key: await webSealing.generateKey() })
    await expect(other.get('k')).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
    await stop()
    await expect(httpStore({ url, key }).get('k')).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
  })
})
