import { expect, it } from 'vitest'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import { type DpopKey, dpopProver } from '../../src/protocol/dpop.ts'
import { instantSigning } from '../support/instant-signing.ts'
import { manualClock } from '../support/manual-clock.ts'

it('DPO-02 DPO-05: 10 000 proofs have 10 000 jti of 128 bit, and none holds the private key', async () => {
  const prover = dpopProver({ signing: instantSigning() }, { crypto: webCrypto, clock: manualClock() })
  const key = (await prover.newKey(['ES256'])) as DpopKey
  const { d } = key.privateKey as { d: string }
  const token = { value: 'at-1' }
  const prove = () => prover.prove(key, 'GET', 'https://api.example.com/notes', token)

  const proofs = await Promise.all(Array.from({ length: 10_000 }, prove))

  const parts = proofs.map((proof) => proof.split('.').map((part) => Buffer.from(part, 'base64url').toString()))
  expect(new Set(parts.map(([, payload]) => JSON.parse(payload ?? '').jti)).size).toBe(10_000)
  expect(JSON.parse(parts[0]?.[1] ?? '').jti).toMatch(/^[\w-]{22}$/)
  expect(parts.filter(([header]) => header?.includes(d) || header?.includes('"d"'))).toEqual([])
})
