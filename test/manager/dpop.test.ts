import { describe, expect, it, onTestFinished } from 'vitest'
import type { Api } from '../../examples/demo/api.ts'
import { webSigning } from '../../src/in-process/web-signing.ts'
import { systemClock, webCrypto } from '../../src/index.ts'
import { type DpopKey, dpopProver } from '../../src/protocol/dpop.ts'
import { plainOAuthClient } from '../examples/demo/plain-oauth-client.ts'
import { type DpopProgram, type DpopProgramOptions, dpopProgram } from '../support/dpop-program.ts'
import { verifyProof } from '../support/proof.ts'

const redirectUri = 'http://127.0.0.1:4711/callback'

async function program(options?: DpopProgramOptions): Promise<DpopProgram> {
  const started = await dpopProgram(options)
  onTestFinished(started.stop)
  return started
}

describe('with oidc-provider, DPoP required, with nonces', () => {
  it('DPO-09 DPO-10: sign-in, calls, refresh and sign-out cost one extra round trip each the first time', async () => {
    const { server, apis, manager, sent, told } = await program()
    const [api] = apis as [Api]
    expect(await manager.getAccessToken()).toMatchObject({ type: 'DPoP' })
    for (let i = 0; i < 3; i++) expect((await manager.fetch(`${api.origin}/notes?i=${i}`)).status).toBe(200)
    await manager.refresh()
    expect((await manager.fetch(`${api.origin}/notes`, { method: 'POST', body: 'x' })).status).toBe(200)
    expect(api.requests.map(({ status }) => status)).toEqual([401, 200, 200, 200, 200])
    expect(server.requests.map(({ outcome }) => outcome)).toEqual(['use_dpop_nonce', 'ok', 'ok'])
    const proofs = sent.map(({ headers }) => headers.get('dpop')).filter(Boolean)
    expect([proofs.length, new Set(proofs).size]).toEqual([8, 8])
    expect([told, server.reuseCount]).toEqual([['refreshed'], 0])
    const report = await manager.signOut()
    // A JWT is nothing this server revokes; the refresh token is.
    expect(['revoked', 'unsupported']).toContain(await report.revoked)
    expect(server.revocations[0]).toMatchObject({ status: 200, tokenTypeHint: 'refresh_token' })
  })

  it('DPO-06 ACQ-18: a pushed request names the key that the code is redeemed with, and the person carries neither', async () => {
    const { manager, sent, visited } = await program({ pushed: true })
    expect(await manager.getAccessToken()).toMatchObject({ type: 'DPoP' })
    expect([...new URL(visited[0] ?? '').searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
    const pushed = sent.find(({ url }) => url.endsWith('/request'))
    const jkt = new URLSearchParams(String(pushed?.body)).get('dpop_jkt')
    const redeemed = await Promise.all(
      sent.filter(({ url }) => url.endsWith('/token')).map(({ headers }) => verifyProof(headers.get('dpop'))),
    )
    expect(redeemed.map((proof) => proof.jkt)).toEqual([jkt, jkt])
  })

  it('headersFor() gives what another transport needs, for one request', async () => {
    const { apis, manager } = await program()
    const [api] = apis as [Api]
    const url = `${api.origin}/notes?q=1`
    await manager.fetch(url)
    const headers = await manager.headersFor(url, 'post')
    const call = (method: string) => fetch(url, { method, headers })
    expect((await call('GET')).status).toBe(401)
    expect((await call('POST')).status).toBe(200)
    expect((await call('POST')).status).toBe(401)
    expect(api.requests.slice(-3).map(({ reason }) => reason)).toEqual(['proof_invalid', undefined, 'proof_replayed'])
  })

  it('a copied refresh token is refused, with no proof and with the proof of another key, and stays good for its owner', async () => {
    const { server, manager, stored } = await program()
    const stolen = await stored()
    const thief = plainOAuthClient(server, redirectUri)
    expect((await thief.refresh(stolen)).status).toBe(400)
    const prover = dpopProver({ signing: webSigning }, { crypto: webCrypto, clock: systemClock })
    const key = (await prover.newKey(['ES256'])) as DpopKey
    const answers: unknown[] = []
    for (let tries = 0; tries < 2; tries++) {
      const response = await fetch(`${server.issuer}/token`, {
        method: 'POST',
        headers: { dpop: await prover.prove(key, 'POST', `${server.issuer}/token`) },
        body: new URLSearchParams({ client_id: server.clientId, grant_type: 'refresh_token', refresh_token: stolen }),
      })
      const { error } = (await response.json()) as { error: string }
      answers.push([response.status, error])
      prover.heedServer(response, error, Date.now())
    }
    expect(answers).toEqual([
      [400, 'use_dpop_nonce'],
      [400, 'invalid_grant'],
    ])
    expect(await manager.refresh()).toMatchObject({ type: 'DPoP' })
  })

  it('a copied access token is refused, as Bearer, without a proof, with a copied proof and with that of another key', async () => {
    const { apis, manager, sent } = await program()
    const [api] = apis as [Api]
    const url = `${api.origin}/notes`
    await manager.fetch(url)
    const { value } = await manager.getAccessToken()
    const prover = dpopProver({ signing: webSigning }, { crypto: webCrypto, clock: systemClock })
    const key = (await prover.newKey(['ES256'])) as DpopKey
    const nonce = (await fetch(url, { headers: { authorization: `DPoP ${value}` } })).headers.get('dpop-nonce') ?? ''
    prover.heed(new Response(null, { headers: { 'dpop-nonce': nonce } }), url, 'p.e.s', false)
    const attempts: Record<string, string>[] = [
      { authorization: `Bearer ${value}` },
      { authorization: `DPoP ${value}` },
      { authorization: `DPoP ${value}`, dpop: sent.at(-1)?.headers.get('dpop') ?? '' },
      { authorization: `DPoP ${value}`, dpop: await prover.prove(key, 'GET', url, { value }) },
    ]
    for (const headers of attempts) expect((await fetch(url, { headers })).status).toBe(401)
    expect(api.requests.slice(-4).map(({ reason }) => reason)).toEqual([
      ...['binding_mismatch', 'proof_missing', 'proof_replayed', 'binding_mismatch'],
    ])
    expect((await manager.fetch(url)).status).toBe(200)
  })
})

it('DPO-10 DPO-11: two APIs with nonces that rotate under 100 calls at once: none fails, no refresh, one more round trip at most', async () => {
  let skipped = 0
  const { apis, manager, sent, server, told } = await program({ apiCount: 2, rotation: 100, skipped: () => skipped })
  const requests = server.requests.length
  const urls = Array.from({ length: 100 }, (_, i) => `${apis[i % 2]?.origin}/notes?call=${i}`)
  let challenged = 0
  for (let round = 0; round < 3; round++) {
    const before = sent.length
    const answers = await Promise.all(urls.map((url) => manager.fetch(url).then(({ status }) => status)))
    expect(answers.filter((status) => status !== 200)).toEqual([])
    const perCall = new Map<string, number>()
    for (const { url } of sent.slice(before)) perCall.set(url, (perCall.get(url) ?? 0) + 1)
    expect([perCall.size, Math.max(...perCall.values()) <= 2]).toEqual([100, true])
    challenged += sent.length - before - 100
    // Longer than a nonce lives, nobody calls.
    if (round === 1) skipped += 2
  }
  console.log(`300 calls under rotating nonces: ${challenged} were asked for another proof`)
  expect(challenged).toBeGreaterThanOrEqual(200)
  expect([server.requests.length - requests, told]).toEqual([0, []])
})
