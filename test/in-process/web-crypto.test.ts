import { afterEach, expect, it, vi } from 'vitest'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import { cryptoContract } from '../contracts/crypto.ts'

cryptoContract('webCrypto', webCrypto)

afterEach(() => void vi.unstubAllGlobals())

it('says what is wrong where the page is not a secure context', async () => {
  const { getRandomValues } = crypto
  vi.stubGlobal('crypto', { getRandomValues: getRandomValues.bind(crypto) })
  expect(webCrypto.randomBytes(4)).toHaveLength(4)
  const unsupported = { code: 'ERR_UNSUPPORTED', reason: 'insecure_context' }
  await expect(webCrypto.sha256(new Uint8Array())).rejects.toMatchObject(unsupported)
})
