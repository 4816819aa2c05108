import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/in-process/memory-store.ts'
import { type SealingKeySource, sealingKeys } from '../../src/in-process/sealing-keys.ts'
import { webSealing } from '../../src/in-process/web-sealing.ts'
import type { Sealed, Store } from '../../src/ports.ts'
import { sealedWith } from '../../src/sealing/sealed-with.ts'
import { storeContract } from '../contracts/store.ts'
import { saying } from '../support/sentences.ts'

const bytes = (fill: number) => new Uint8Array(32).fill(fill)
const seal = (inner: Store<unknown>, key: SealingKeySource) =>
  sealedWith(inner, { sealing: webSealing, keys: sealingKeys(key) })

storeContract('sealedWith(memoryStore)', async () => {
  const inner = memoryStore<unknown>()
  return { contexts: [seal(inner, bytes(1)), seal(inner, async () => [bytes(1)])] }
})

describe('sealedWith', () => {
  it('STO-13: keeps neither the key nor anything readable in the store', async () => {
    const inner = memoryStore<unknown>()
    await seal(inner, bytes(1)).swap('k', undefined, { token: 'canary-token' })
    expect(await inner.get('sealing-key')).toBeUndefined()
    const { data } = (await inner.get('k'))!.value as Sealed
    expect(Buffer.from(data).toString('latin1')).not.toContain('canary')
  })

  it('rejects what another key sealed, what was changed and what was moved, and leaves it there', async () => {
    const inner = memoryStore<unknown>()
    await seal(inner, bytes(1)).swap('a', undefined, { n: 1 })
    const { value, tag } = (await inner.get('a'))!
    await inner.swap('moved', undefined, value)
    await inner.swap('plain', undefined, { n: 1 })
    const failed = { code: 'ERR_STORE_FAILED', reason: 'store_failed' }
    await expect(seal(inner, bytes(2)).get('a')).rejects.toMatchObject(failed)
    await expect(seal(inner, bytes(1)).get('moved')).rejects.toMatchObject(failed)
    await expect(seal(inner, bytes(1)).get('plain')).rejects.toMatchObject(failed)
    expect((await inner.get('a'))?.tag).toBe(tag)
  })

  it('opens with every key it was given and seals with the first, so that keys can be replaced', async () => {
    const inner = memoryStore<unknown>()
    await seal(inner, bytes(1)).swap('k', undefined, { n: 1 })
    const both = seal(inner, [bytes(2), bytes(1)])
    const row = (await both.get('k'))!
    expect(row.value).toEqual({ n: 1 })
    await both.swap('k', row.tag, { n: 2 })
    expect((await seal(inner, bytes(2)).get('k'))?.value).toEqual({ n: 2 })
  })

  it('refuses a value beyond 1 MiB', async () => {
    const store = seal(memoryStore(), bytes(1))
    await expect(store.swap('k', undefined, 'x'.repeat(2 ** 20))).rejects.toMatchObject({ reason: 'store_failed' })
  })
})

describe('sealingKeys', () => {
  it('names the option when what it is given is no key', async () => {
    const invalid = expect.objectContaining({
      code: 'ERR_INVALID_OPTION',
      message: saying('Option key has to be 32 bytes'),
    })
    for (const key of [new Uint8Array(16), 'secret', undefined, null, [], [bytes(1), 'x']] as SealingKeySource[])
      expect(() => sealingKeys(key)).toThrow(invalid)
    await expect(sealingKeys(() => new Uint8Array(31))()).rejects.toEqual(invalid)
  })

  it('asks a function once, and again after it failed', async () => {
    let asked = 0
    const keys = sealingKeys(async () => {
      if (++asked === 1) throw new Error('not now')
      return bytes(1)
    })
    await expect(keys()).rejects.toThrow('not now')
    const [first] = await keys()
    expect((await keys())[0]).toBe(first)
    expect(asked).toBe(2)
    expect(first?.extractable).toBe(false)
  })

  it('takes a CryptoKey as it is', async () => {
    const key = await webSealing.generateKey()
    expect(await sealingKeys(key)()).toEqual([key])
  })
})
