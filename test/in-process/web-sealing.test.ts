import { afterEach, expect, it, vi } from 'vitest'
import { webSealing } from '../../src/in-process/web-sealing.ts'
import { sealingContract } from '../contracts/sealing.ts'

sealingContract('webSealing', webSealing)

afterEach(() => void vi.unstubAllGlobals())

it('makes keys whose bytes cannot be read', async () => {
  const key = await webSealing.generateKey()
  expect(key).toMatchObject({ extractable: false, algorithm: { name: 'AES-GCM', length: 256 } })
  await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
})

it('says what is wrong where the page is not a secure context', async () => {
  vi.stubGlobal('crypto', {})
  await expect(webSealing.generateKey()).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED', reason: 'insecure_context' })
})
