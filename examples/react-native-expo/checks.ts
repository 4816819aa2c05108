import { p256 } from '@noble/curves/nist.js'
import { getRandomBytes } from 'expo-crypto'
import { p256Signing } from 'tokenward/react-native'
import { ISSUER, store, tokens } from './tokens'

/** A check that only a real phone can make. It returns what it saw, and rejects if that is wrong. */
export interface Check {
  readonly name: string
  readonly run: () => Promise<string>
}

const KEY = 'self-check'

export const checks: readonly Check[] = [
  {
    name: 'Random bytes come from the phone, and never the same twice',
    async run() {
      const drawn = [getRandomBytes(16), getRandomBytes(16)].map((bytes) => bytes.join())
      assert(drawn[0] !== drawn[1], 'the same twice')
      return '2 × 16 bytes'
    },
  },
  {
    name: 'The keychain keeps 20 kB, replaces it and removes it',
    async run() {
      const began = Date.now()
      for (const size of [10, 20_000, 300]) {
        const before = await store.get(KEY)
        const text = 'ü'.repeat(size)
        assert(await store.swap(KEY, before?.tag, { text }), 'somebody else wrote')
        const kept = (await store.get(KEY))?.value as { readonly text?: string } | undefined
        assert(kept?.text === text, `${size} characters came back changed`)
      }
      await store.swap(KEY, (await store.get(KEY))?.tag, undefined)
      assert((await store.get(KEY)) === undefined, 'it is still there')
      return `${Date.now() - began} ms`
    },
  },
  {
    name: 'The keychain outlives the app: kill it, start it, and the number has grown',
    async run() {
      const found = await store.get(`${KEY}-starts`)
      const starts = Number(found?.value ?? 0) + 1
      assert(await store.swap(`${KEY}-starts`, found?.tag, starts), 'somebody else wrote')
      return `run ${starts}`
    },
  },
  {
    name: 'A signature for DPoP',
    async run() {
      const signing = p256Signing(p256, getRandomBytes)
      const key = await signing.generate('ES256', true)
      const sign = await signing.signer(key)
      await sign(new Uint8Array(300))
      const began = Date.now()
      const signature = await sign(new Uint8Array(300))
      assert(signature.byteLength === 64, `${signature.byteLength} bytes`)
      return `${Date.now() - began} ms`
    },
  },
  {
    name: 'The authorization server can be reached',
    async run() {
      const response = await fetch(`${ISSUER}/.well-known/openid-configuration`, { credentials: 'omit' })
      assert(response.ok, `status ${response.status}`)
      return `status ${response.status}`
    },
  },
  {
    name: 'A refresh gives another token (sign in first)',
    async run() {
      const before = await tokens.getAccessToken()
      const began = Date.now()
      const after = await tokens.refresh({ reason: 'self-check' })
      assert(after.value !== before.value, 'the same token')
      return `${Date.now() - began} ms`
    },
  },
]

function assert(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what)
}
