import { describe, expect, it } from 'vitest'
import { TokenManagerError } from '../../src/errors.ts'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import { type DpopKey, dpopProver } from '../../src/protocol/dpop.ts'
import { type AuthorizedFetchOptions, authorizedFetch } from '../../src/requests/authorized-fetch.ts'
import { followRedirect } from '../../src/requests/follow-redirect.ts'
import { resourceMatcher } from '../../src/requests/resource-matcher.ts'
import { instantSigning } from '../support/instant-signing.ts'
import { manualClock } from '../support/manual-clock.ts'
import { type Proof, verifyProof } from '../support/proof.ts'
import { scriptedTokenSource, tokenNamed } from '../support/scripted-token-source.ts'

const API = 'https://api.example.com/v1'
const challenge = (error: string, nonce?: string, scheme = 'DPoP') =>
  new Response('no', {
    status: 401,
    headers: { 'www-authenticate': `${scheme} error="${error}"`, ...(nonce && { 'dpop-nonce': nonce }) },
  })

interface Arrived {
  readonly authorization: string | null
  readonly proof: Proof | undefined
  readonly body: string
  readonly url: string
}

/** An API that checks signatures, and a fetch that carries real proofs to it. */
function setup(
  answer: (arrived: Arrived, count: number) => Response,
  options: Partial<AuthorizedFetchOptions> = {},
  type: 'DPoP' | 'Bearer' = 'DPoP',
) {
  const arrived: Arrived[] = []
  const events: object[] = []
  const source = scriptedTokenSource({ type })
  const prover = dpopProver({ signing: instantSigning() }, { crypto: webCrypto, clock: manualClock() })
  let key: Promise<DpopKey | undefined> | undefined
  const proofs = prover.proofs(() => {
    key ??= prover.newKey(['ES256'])
    return key
  })
  const fetch = authorizedFetch({
    source,
    proofs: () => proofs,
    async fetch(...args) {
      const request = new Request(...args)
      const { url, headers } = request
      const dpop = headers.get('dpop')
      const proof = dpop === null ? undefined : await verifyProof(dpop)
      if (proof) expect(proof.claims).toMatchObject({ htm: request.method, htu: url.replace(/\?.*/, '') })
      const one = { url, authorization: headers.get('authorization'), proof, body: await request.text() }
      arrived.push(one)
      return answer(one, arrived.length)
    },
    match: resourceMatcher([API], { insecureLoopback: false }),
    unlisted: 'throw',
    whenSignedOut: 'throw',
    observe: (type, details) => events.push({ type, ...details }),
    ...options,
  })
  return { fetch, arrived, source, events, prover }
}

const jtis = (arrived: readonly Arrived[]) => new Set(arrived.map(({ proof }) => proof?.claims.jti)).size

describe('a DPoP token', () => {
  it('USE-01 DPO-08: goes in one Authorization header of its own scheme, with one proof of its hash', async () => {
    const { fetch, arrived } = setup(() => new Response('yes'))
    for (const method of ['GET', 'POST', 'patch'])
      await fetch(`${API}/a?q=1`, { method, ...(method !== 'GET' && { body: 'x' }) })
    await fetch(new Request(`${API}/b`, { method: 'PUT', body: 'x' }))
    expect(arrived.map(({ authorization }) => authorization)).toEqual(Array(4).fill('DPoP T1'))
    expect(arrived.map(({ proof }) => proof?.claims.ath)).toEqual(
      Array(4).fill(Buffer.from(await webCrypto.sha256(new TextEncoder().encode('T1'))).toString('base64url')),
    )
    expect(jtis(arrived)).toBe(4)
  })

  it("replaces a DPoP header of the caller's", async () => {
    const { fetch, arrived } = setup(() => new Response('yes'))
    await fetch(`${API}/a`, { headers: { dpop: 'forged' } })
    expect(arrived[0]?.proof?.claims.jti).toBeTruthy()
  })

  it('DPO-05 DPO-10: a nonce costs one more sending with a new proof, and no token', async () => {
    const { fetch, arrived, source } = setup(({ proof }) =>
      proof?.claims.nonce === 'n1' ? new Response('yes') : challenge('use_dpop_nonce', 'n1'),
    )
    expect((await fetch(`${API}/a`, { method: 'POST', body: 'x' })).status).toBe(200)
    expect((await fetch(`${API}/b`)).status).toBe(200)
    expect(arrived.map(({ proof, body }) => [proof?.claims.nonce, body])).toEqual([
      [undefined, 'x'],
      ['n1', 'x'],
      ['n1', ''],
    ])
    expect([source.refreshes, jtis(arrived)]).toEqual([0, 3])
  })

  it('DPO-11: a nonce that a good answer brings is in the next proof, and costs nothing', async () => {
    const { fetch, arrived } = setup(
      (_, count) => new Response('yes', { headers: count === 2 ? {} : { 'dpop-nonce': `n${count}` } }),
    )
    for (let i = 0; i < 4; i++) expect((await fetch(`${API}/a`)).status).toBe(200)
    expect(arrived.map(({ proof }) => proof?.claims.nonce)).toEqual([undefined, 'n1', 'n1', 'n3'])
  })

  it('DPO-05 DPO-10: nonce and token are each answered once, in either order; a third refusal is the answer', async () => {
    for (const first of ['use_dpop_nonce', 'invalid_token']) {
      const { fetch, arrived, source } = setup(({ proof, authorization }) => {
        const nonce = proof?.claims.nonce === 'n'
        if (nonce && authorization === 'DPoP T2') return new Response('yes')
        const wanted = nonce ? 'invalid_token' : authorization === 'DPoP T2' ? 'use_dpop_nonce' : first
        return challenge(wanted, wanted === 'use_dpop_nonce' ? 'n' : undefined)
      })
      expect((await fetch(`${API}/a`)).status).toBe(200)
      expect([arrived.length, source.refreshes, jtis(arrived)]).toEqual([3, 1, 3])
    }
    let nonce = 0
    const { fetch, arrived, source } = setup((_, count) =>
      count % 2 ? challenge('use_dpop_nonce', `n${++nonce}`) : challenge('invalid_token'),
    )
    expect((await fetch(`${API}/a`)).status).toBe(401)
    expect([arrived.length, source.refreshes]).toEqual([3, 1])
  })

  it('DPO-10 DPO-13: time and nonce are each answered once, in either order; what is asked for again is the answer', async () => {
    const later = manualClock().now() + 300_000
    const wrongTime = (status: number) =>
      new Response('no', {
        status,
        headers: { 'www-authenticate': 'DPoP error="invalid_dpop_proof"', date: new Date(later).toUTCString() },
      })
    for (const [status, timeFirst] of [
      [401, true],
      [403, true],
      [401, false],
    ] as const) {
      const { fetch, arrived, source } = setup(({ proof }) => {
        const isInTime = Math.abs((proof?.claims.iat ?? 0) * 1_000 - later) < 60_000
        const hasNonce = proof?.claims.nonce === 'n'
        if (!isInTime && (timeFirst || hasNonce)) return wrongTime(status)
        return hasNonce ? new Response('yes') : challenge('use_dpop_nonce', 'n')
      })
      expect((await fetch(`${API}/a`, { method: 'POST', body: 'x' })).status).toBe(200)
      expect([arrived.length, source.refreshes, jtis(arrived)]).toEqual([3, 0, 3])
      expect(arrived.map(({ body }) => body)).toEqual(['x', 'x', 'x'])
      expect((await fetch(`${API}/a`)).status).toBe(200)
      expect(arrived).toHaveLength(4)
    }
    let nonce = 0
    const { fetch, arrived } = setup((_, count) =>
      count % 2 ? wrongTime(401) : challenge('use_dpop_nonce', `n${++nonce}`),
    )
    expect((await fetch(`${API}/a`)).status).toBe(401)
    expect(arrived).toHaveLength(3)
  })

  it('INV-04: only the challenge of its own scheme counts; another scheme alone is as good as none', async () => {
    const { fetch, arrived, source } = setup((_, count) =>
      count > 1
        ? new Response('yes')
        : new Response(null, {
            status: 401,
            headers: {
              'www-authenticate': 'Bearer error="insufficient_user_authentication", DPoP error="invalid_token"',
            },
          }),
    )
    expect((await fetch(`${API}/a`)).status).toBe(200)
    expect([arrived.length, source.refreshes]).toEqual([2, 1])
    const other = setup(() => challenge('invalid_dpop_proof'))
    expect((await other.fetch(`${API}/a`)).status).toBe(401)
    expect(other.source.refreshes).toBe(0)
  })

  it('DPO-08: is never sent as Bearer; an API that takes nothing else is told apart', async () => {
    const { fetch, arrived, source } = setup(() => challenge('invalid_token', undefined, 'Bearer'))
    await expect(fetch(`${API}/a`)).rejects.toMatchObject({
      ...{ code: 'ERR_UNSUPPORTED', reason: 'dpop_unsupported_by_resource' },
    })
    expect(arrived.map(({ authorization }) => authorization)).toEqual(['DPoP T1', 'DPoP T2'])
    expect(source.refreshes).toBe(1)
  })

  it('USE-09: a body that can be read once is not sent again for a nonce', async () => {
    const { fetch, arrived, events } = setup(() => challenge('use_dpop_nonce', 'n'))
    const body = new Response('once').body as ReadableStream
    const response = await fetch(`${API}/a`, { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect([response.status, arrived.length]).toEqual([401, 1])
    expect(events).toEqual([{ type: 'retry_impossible', status: 401 }])
  })

  it('USE-04: a redirect that may be followed gets a proof for where it leads', async () => {
    const { fetch, arrived } = setup(
      ({ url }) =>
        url === `${API}/a`
          ? new Response(null, { status: 307, headers: { location: '/v1/b?x=1' } })
          : new Response('yes'),
      { follow: followRedirect },
    )
    expect((await fetch(`${API}/a`, { method: 'POST', body: 'x' })).status).toBe(200)
    expect(arrived.map(({ proof }) => proof?.claims.htu)).toEqual([`${API}/a`, `${API}/b`])
    expect(jtis(arrived)).toBe(2)
    const { fetch: browser } = setup(() => new Response(null, { status: 302, headers: { location: '/v1/b' } }))
    await expect(browser(`${API}/a`)).rejects.toMatchObject({ code: 'ERR_REDIRECTED' })
  })

  it('RT-15: without its key goes nowhere', async () => {
    const error = new TokenManagerError('ERR_SIGNED_OUT', 'dpop_key_lost')
    const { fetch, arrived } = setup(() => new Response('yes'), {
      proofs: () => ({ prove: () => Promise.reject(error), heed: () => undefined }),
    })
    await expect(fetch(`${API}/a`)).rejects.toBe(error)
    expect(arrived).toEqual([])
  })

  it('that a refresh replaced by a Bearer token leaves no proof behind', async () => {
    const { fetch, arrived, source } = setup((_, count) =>
      count > 1 ? new Response('yes') : challenge('invalid_token'),
    )
    source.onReplace = async () => tokenNamed('B', 'Bearer')
    expect((await fetch(`${API}/a`)).status).toBe(200)
    expect(arrived.map(({ authorization, proof }) => [authorization, proof !== undefined])).toEqual([
      ['DPoP T1', true],
      ['Bearer B', false],
    ])
  })
})

it('a Bearer token goes without a proof, and what an API says of DPoP means nothing to it', async () => {
  const { fetch, arrived, source } = setup(
    (_, count) => (count > 1 ? new Response('yes') : challenge('use_dpop_nonce', 'n')),
    {},
    'Bearer',
  )
  // No challenge of its own scheme: a bare 401.
  expect((await fetch(`${API}/a`)).status).toBe(200)
  expect(arrived.map(({ proof }) => proof)).toEqual([undefined, undefined])
  expect(source.refreshes).toBe(1)
})
