import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { expect, it } from 'vitest'
import { dpop, type Signing } from '../../src/react-native/index.ts'
import { verifyProof } from '../support/proof.ts'
import { app, type Phone, phone, settled } from './phone.ts'

/** The chip of a phone that keeps private keys: they are made there, and only their names come out. */
function secureEnclave() {
  const keys = new Map<string, KeyObject>()
  const signing: Signing = {
    async generate(alg) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const { crv, kty, x, y } = createPublicKey(privateKey).export({ format: 'jwk' })
      const alias = `tokenward.${keys.size}`
      keys.set(alias, privateKey)
      return { alg, privateKey: { alias }, publicKey: { crv, kty, x, y } as JsonWebKey }
    },
    async signer({ privateKey }) {
      const key = 'alias' in privateKey ? keys.get(privateKey.alias) : undefined
      if (!key) throw new Error('errSecItemNotFound')
      return async (data) => sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' })
    },
  }
  return { keys, signing }
}

function started(on: Phone, signing: Signing) {
  const authorize = async (url: string) => on.server.authorize(url)
  return app(on, {
    dpop: dpop({ required: true, signing }),
    userAgent: { authorize, callbackUrl: () => undefined },
  })
}

async function signedIn() {
  const on = phone()
  on.server.dpop = true
  const chip = secureEnclave()
  const first = await started(on, chip.signing)
  await settled(on.clock, first.signIn(), 5_000)
  first.dispose()
  return { on, chip }
}

it('DPO-01: a key that stays in hardware signs after a restart, and the keychain holds its name alone', async () => {
  const { on, chip } = await signedIn()
  expect([...on.keychain.items.values()].join()).toContain('"privateKey":{"alias":"tokenward.0"}')

  const next = await started(on, chip.signing)
  expect((await settled(on.clock, next.refresh(), 5_000)).value).toMatchObject({ type: 'DPoP' })
  const proofs = await Promise.all(on.server.requests.map(({ proof }) => verifyProof(proof)))
  expect(proofs).toHaveLength(2)
  expect(new Set(proofs.map(({ jkt }) => jkt)).size).toBe(1)
  expect(chip.keys.size).toBe(1)
})

it('a session whose key is gone from the hardware has ended, and says so', async () => {
  const { on, chip } = await signedIn()
  chip.keys.clear()
  const next = await started(on, chip.signing)
  const failure = await settled(on.clock, next.refresh(), 5_000).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'dpop_key_lost' })
  expect(next.state).toMatchObject({ status: 'signedOut', reason: 'dpop_key_lost' })
})
