import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileStore } from '../../src/node/file-store.ts'
import { type Keyring, keychainKey } from '../../src/node/keychain-key.ts'

let path: string
let entries: Map<string, string>
let keyring: Keyring
/** What the keychain does before it answers. */
let before: (operation: 'new' | 'get' | 'set') => void

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'tokenward-'))
  entries = new Map()
  before = () => {}
  keyring = {
    AsyncEntry: class {
      readonly name: string
      constructor(service: string, account: string, options?: { linux?: { store?: string } }) {
        before('new')
        expect(options).toEqual({ linux: { store: 'secret-service' } })
        this.name = `${service}/${account}`
      }
      async getPassword() {
        await sleep(1)
        before('get')
        return entries.get(this.name) ?? null
      }
      async setPassword(text: string) {
        await sleep(5)
        before('set')
        entries.set(this.name, text)
      }
    },
  }
})
afterEach(() => rm(path, { recursive: true, force: true }))

const open = () => fileStore({ path, key: keychainKey({ service: 'program', keyring }) })
const write = async (value: unknown) => {
  const store = open()
  return store.swap('k', (await store.get('k'))?.tag, value)
}

describe('keychainKey', () => {
  it('makes a key at the first use, and finds it again', async () => {
    const store = open()
    expect(entries.size).toBe(0)
    expect(await store.swap('k', undefined, { n: 1 })).toBe(true)
    expect([...entries.keys()]).toEqual(['program/tokenward'])
    expect((await open().get('k'))?.value).toEqual({ n: 1 })
  })

  it('ends with one key when many make it at a time', async () => {
    let made = 0
    before = (operation) => {
      if (operation === 'set') made++
    }
    const stores = Array.from({ length: 8 }, open)
    await Promise.all(stores.map((store, n) => store.swap(`k${n}`, undefined, { n })))
    expect(made).toBe(1)
    for (const n of stores.keys()) expect((await open().get(`k${n}`))?.value).toEqual({ n })
  })

  it('takes the module, or a function that brings it', async () => {
    await write(1)
    const store = fileStore({ path, key: keychainKey({ service: 'program', keyring: async () => keyring }) })
    expect((await store.get('k'))?.value).toBe(1)
  })

  it('begins anew when the keychain has lost the key, and sets aside what was sealed with it', async () => {
    await write({ n: 1 })
    const [lost] = [...entries.values()]
    entries.clear()
    const store = open()
    expect(await store.get('k')).toBeUndefined()
    expect(await store.swap('k', undefined, { n: 2 })).toBe(true)
    expect((await open().get('k'))?.value).toEqual({ n: 2 })
    expect([...entries.values()]).not.toEqual([lost])
    expect((await readdir(path)).filter((name) => name.endsWith('.lost'))).toHaveLength(1)
  })

  it('sets aside what was sealed with another key, though somebody died between keeping the key and that', async () => {
    await write({ n: 1 })
    entries.set('program/tokenward', Buffer.alloc(32).toString('base64'))
    expect(await open().get('k')).toBeUndefined()
    expect(await write({ n: 2 })).toBe(true)
  })

  it('sets nothing aside and makes no key while the keychain is locked', async () => {
    await write({ n: 1 })
    before = (operation) => {
      if (operation === 'get') throw Object.assign(new Error('the word canary-secret'), { code: 'GenericFailure' })
    }
    const locked = { code: 'ERR_STORE_FAILED', reason: 'keychain_unavailable', cause: { name: 'Error', message: '' } }
    const store = open()
    await expect(store.get('k')).rejects.toMatchObject(locked)
    before = () => {}
    expect((await store.get('k'))?.value).toEqual({ n: 1 })
  })

  it('names the alternatives where there is no keychain', async () => {
    for (const failing of ['new', 'set']) {
      before = (operation) => {
        if (operation === failing) throw new Error('no service')
      }
      const error = await write(1).catch((one) => one)
      expect(error).toMatchObject({ code: 'ERR_UNSUPPORTED', reason: 'keychain_unavailable' })
      expect(error.message).toMatch(/environmentKey\(\).*key management service/)
    }
    expect([entries.size, await readdir(path)]).toEqual([0, []])
  })

  it('names the package where it is missing', async () => {
    const missing = async () => {
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    }
    const key = keychainKey({ service: 'program', keyring: missing })
    await expect(fileStore({ path, key }).swap('k', undefined, 1)).rejects.toMatchObject({
      code: 'ERR_UNSUPPORTED',
      message: expect.stringContaining('@napi-rs/keyring'),
    })
  })

  it('overwrites no entry of another program', async () => {
    entries.set('program/tokenward', "somebody's password")
    const error = await write(1).catch((one) => one)
    expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION' })
    expect(error.message).toContain('program/tokenward')
    expect(error.message).not.toContain('password')
    expect([...entries.values()]).toEqual(["somebody's password"])
  })

  it('ERR-01: no error holds the key', async () => {
    await write(1)
    const [text = ''] = [...entries.values()]
    before = () => {
      throw Object.assign(new Error(text), { code: 'GenericFailure', value: text })
    }
    const error = await write(2).catch((one) => one)
    expect(JSON.stringify([error, error.message, error.stack, error.cause?.message])).not.toContain(text)
  })

  it('names the option that is wrong', () => {
    expect(() => keychainKey({ service: '' })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION' }))
  })
})
