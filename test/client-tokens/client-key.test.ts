import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type ClientCredentialsOptions,
  createClientCredentials,
} from '../../src/client-tokens/create-client-credentials.ts'
import { createJwtBearer } from '../../src/client-tokens/create-jwt-bearer.ts'
import { createTokenExchange } from '../../src/client-tokens/create-token-exchange.ts'
import { type DpopOptions, dpop, memoryStore } from '../../src/index.ts'
import { fileStore } from '../../src/node/file-store.ts'
import { instantSigning } from '../support/instant-signing.ts'
import { verifyProof } from '../support/proof.ts'
import { json, type TokenEndpoint, tokenEndpoint } from './token-endpoint.ts'

const API = 'https://api.example/notes'

/** A token endpoint that offers DPoP, and binds what it gives to the key that was proven. */
function place() {
  const endpoint = tokenEndpoint()
  let count = 0
  endpoint.answer = () =>
    json(200, { access_token: `at${++count}`, token_type: 'DPoP', expires_in: 300, issued_token_type: 'urn:x' })
  const { metadata, ...rest } = endpoint.options
  const options: ClientCredentialsOptions = {
    ...rest,
    metadata: { ...Object(metadata), dpop_signing_alg_values_supported: ['ES256'] },
    dpop: bound(),
  }
  const client = (more: Partial<ClientCredentialsOptions> = {}) =>
    createClientCredentials({ ...options, ...more }, endpoint.platform)
  return { endpoint, options, client }
}

const bound = (options: DpopOptions = {}) => dpop({ required: true, signing: instantSigning(), ...options })
const keys = async (all: readonly { readonly proof: string | null }[]) =>
  (await Promise.all(all.map(({ proof }) => verifyProof(proof)))).map(({ jkt }) => jkt)
const keysOf = async ({ requests, calls }: TokenEndpoint) => [...(await keys(requests)), ...(await keys(calls))]

describe('tokens of a client that are bound to a key', () => {
  it('DPO-06: one key for the token requests and the API calls of a client, a new proof for each, and another key for another', async () => {
    const { endpoint, client } = place()
    const [one, two] = [client(), client()]
    await one.fetch(API)
    await one.fetch(API, { method: 'POST', body: 'x' })
    const headers = await one.headersFor(API, 'PUT')
    const used = await keysOf(endpoint)
    expect(used).toHaveLength(3)
    expect(new Set(used).size).toBe(1)
    const proofs = await Promise.all(
      [...endpoint.calls.map(({ proof }) => proof), headers.get('dpop')].map(verifyProof),
    )
    expect(proofs.map(({ claims }) => claims.htm)).toEqual(['GET', 'POST', 'PUT'])
    expect(new Set(proofs.map(({ claims }) => claims.ath)).size).toBe(1)
    expect(new Set(proofs.map(({ claims }) => claims.jti)).size).toBe(3)
    expect(headers.get('authorization')).toBe('DPoP at1')
    await two.fetch(API)
    expect((await keysOf(endpoint)).filter((jkt) => jkt !== used[0])).toHaveLength(2)
  })

  it('takes the key it is given, and says what is wrong with one', async () => {
    const { endpoint, client } = place()
    const dpopKey = await instantSigning().generate('ES256', true)
    await client({ dpopKey }).fetch(API)
    await client({ dpopKey }).fetch(API)
    expect(new Set(await keysOf(endpoint)).size).toBe(1)
    for (const wrong of [{ dpopKey: {} as never }, { dpopKey, dpop: undefined as never }])
      expect(() => client(wrong)).toThrow(/Option dpopKey has to be a key pair, beside option dpop/)
  })

  it('a fleet on one store has one key, also when all make it at the same time, and shares its tokens', async () => {
    const { endpoint, client } = place()
    const store = memoryStore<unknown>()
    const fleet = Array.from({ length: 5 }, () => client({ store }))
    const asked = Promise.all(fleet.map(({ fetch }) => fetch(API)))
    for (let at = 0; at < 3_000; at += 50) await endpoint.clock.advance(50)
    await asked
    expect(endpoint.requests).toHaveLength(1)
    expect(endpoint.calls).toHaveLength(5)
    expect(new Set(await keysOf(endpoint)).size).toBe(1)
  })

  it('those with keys of their own share no token, as none could use it', async () => {
    const { endpoint, client } = place()
    const store = memoryStore<unknown>()
    for (let n = 0; n < 2; n++)
      await client({ store, dpopKey: await instantSigning().generate('ES256', true) }).fetch(API)
    const [first, second, ...calls] = await keysOf(endpoint)
    expect(calls).toEqual([first, second])
    expect(first).not.toBe(second)
  })

  it('STO-13: the key and its tokens lie sealed in a file, for the next process', async () => {
    const { endpoint, client } = place()
    const path = join(await mkdtemp(join(tmpdir(), 'tokenward-')), 'store')
    const store = () => fileStore({ path, key: new Uint8Array(32).fill(7) })
    await client({ store: store(), dpop: dpop({ required: true }) }).fetch(API)
    await client({ store: store(), dpop: dpop({ required: true }) }).fetch(API)
    expect(endpoint.requests).toHaveLength(1)
    expect(new Set(await keysOf(endpoint)).size).toBe(1)
    await rm(path, { recursive: true })
  })

  it('a store that is down takes the key from nobody: each has its own, and that is reported', async () => {
    const { endpoint, client } = place()
    const store = { ...memoryStore<unknown>(), get: () => Promise.reject(new Error('down')) }
    const tokens = client({ store })
    const told: string[] = []
    tokens.on('store_failed', ({ during }) => told.push(during))
    expect((await tokens.fetch(API)).status).toBe(200)
    expect(new Set(await keysOf(endpoint)).size).toBe(1)
    expect(told).toContain('key')
  })

  it('rubbish in the place of the key is replaced', async () => {
    const { endpoint, client } = place()
    const inner = memoryStore<unknown>()
    const names = new Set<string>()
    const store = { ...inner, get: (name: string) => inner.get(names.add(name) && name) }
    await client({ store }).fetch(API)
    for (const name of names) await inner.swap(name, (await inner.get(name))?.tag, { version: 1, key: { alg: 'x' } })
    expect((await client({ store }).fetch(API)).status).toBe(200)
    expect(new Set((await keys(endpoint.calls)).values()).size).toBe(2)
  })

  it('a server that asks for its nonce gets it, and one that gives less than a bound token is refused', async () => {
    const { endpoint, client } = place()
    const { answer } = endpoint
    endpoint.answer = () => {
      endpoint.answer = answer
      return json(400, { error: 'use_dpop_nonce' }, { 'dpop-nonce': 'n1' })
    }
    await client().fetch(API)
    const proofs = await Promise.all(endpoint.requests.map(({ proof }) => verifyProof(proof)))
    expect(proofs.map(({ claims }) => claims.nonce)).toEqual([undefined, 'n1'])
    endpoint.answer = () => json(200, { access_token: 'at', token_type: 'Bearer', expires_in: 300 })
    await expect(client().fetch(API)).rejects.toMatchObject({ reason: 'dpop_not_bound' })
  })

  it('where the server does not offer it there are Bearer tokens, or none at all if it is required', async () => {
    const { endpoint, client } = place()
    endpoint.answer = () => json(200, { access_token: 'at', token_type: 'Bearer', expires_in: 300 })
    const { metadata } = endpoint.options
    const without = { ...(metadata && { metadata }) }
    await expect(client(without).fetch(API)).rejects.toMatchObject({
      code: 'ERR_UNSUPPORTED',
      reason: 'dpop_unsupported',
    })
    expect(endpoint.requests).toEqual([])
    const told: string[] = []
    const loose = (more: Partial<ClientCredentialsOptions>) => {
      const tokens = client({ ...more, dpop: bound({ required: false }) })
      tokens.on('dpop_not_bound', ({ reason }) => told.push(reason))
      return tokens
    }
    await loose(without).fetch(API)
    expect([...endpoint.requests, ...endpoint.calls].map(({ proof }) => proof)).toEqual([null, null])
    await loose({}).fetch(API)
    expect(told).toEqual(['dpop_unsupported', 'dpop_not_bound'])
  })

  it('DPO-06: holds for exchanged tokens and for assertions as well', async () => {
    const { endpoint, options } = place()
    await createTokenExchange(options, endpoint.platform).for({ token: 'theirs' }).fetch(API)
    await createJwtBearer({ ...options, assertion: () => 'jwt' }, endpoint.platform)
      .for('them')
      .fetch(API)
    const [exchange, bearer, ...calls] = await keysOf(endpoint)
    expect(calls).toEqual([exchange, bearer])
    expect(exchange).not.toBe(bearer)
  })
})
