import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { calculateJwkThumbprint } from 'jose'
import { describe, expect, it } from 'vitest'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import { webSigning } from '../../src/in-process/web-signing.ts'
import type { ProofChallenge } from '../../src/protocol/access-token.ts'
import { type DpopKey, type DpopOptions, type DpopProver, dpopProver } from '../../src/protocol/dpop.ts'
import { instantSigning } from '../support/instant-signing.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { verifyProof } from '../support/proof.ts'

const API = 'https://api.example.com/notes'
const token = { value: 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU' }

/** The key and the first proof of RFC 9449 §4.1 and §5. */
const rfc = {
  publicKey: {
    kty: 'EC',
    x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
    y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
    crv: 'P-256',
  },
  proof:
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg',
}

interface Made {
  readonly prover: DpopProver
  readonly key: DpopKey
  readonly clock: ManualClock
}

async function made(options: DpopOptions = {}): Promise<Made> {
  const clock = manualClock()
  const prover = dpopProver({ signing: instantSigning(), ...options }, { crypto: webCrypto, clock })
  return { prover, clock, key: (await prover.newKey(['ES256', 'Ed25519', 'EdDSA'])) as DpopKey }
}

const answer = (status: number, headers: Record<string, string> = {}) => new Response(null, { status, headers })
const challenge = (text: string, nonce?: string) =>
  answer(401, { 'www-authenticate': text, ...(nonce && { 'dpop-nonce': nonce }) })

/** What the API's challenge means, after a proof without a nonce. */
async function heeded({ prover, key }: Made, response: Response, last = false): Promise<ProofChallenge | undefined> {
  return prover.heed(response, API, await prover.prove(key, 'GET', API, token), last)
}

describe('a proof', () => {
  it("DPO-02: says what RFC 9449's own says, and its signature is checked by the same means", async () => {
    const theirs = await verifyProof(rfc.proof)
    const { prover, key, clock } = await made()
    await clock.advance(1_562_262_616_000 - clock.now())
    const ours = await verifyProof(await prover.prove(key, 'POST', 'https://server.example.com/token'))
    expect(ours.claims).toEqual({ ...theirs.claims, jti: ours.claims.jti })
    expect(Object.keys(ours.claims).sort()).toEqual(Object.keys(theirs.claims).sort())
    expect(ours.header).toEqual({ ...theirs.header, jwk: key.publicKey })
  })

  it('DPO-06: dpop_jkt is the thumbprint of RFC 7638: RFC 9449 §6.1, RFC 8037 A.3, and what jose makes of any key', async () => {
    const { prover, key } = await made()
    const jkt = (publicKey: JsonWebKey) => prover.thumbprint({ alg: '', privateKey: {}, publicKey })
    expect(await jkt(rfc.publicKey)).toBe('0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I')
    const okp = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
    expect(await jkt(okp)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
    expect(await jkt(key.publicKey)).toBe(await calculateJwkThumbprint(key.publicKey as never))
  })

  it('DPO-03: ath is the hash of the access token', async () => {
    const { prover, key } = await made()
    const { claims } = await verifyProof(await prover.prove(key, 'GET', API, token))
    expect(claims.ath).toBe('fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo')
    expect((await verifyProof(await prover.prove(key, 'GET', API))).claims).not.toHaveProperty('ath')
    const other = await verifyProof(await prover.prove(key, 'GET', API, { value: 'another' }))
    expect(other.claims.ath).not.toBe(claims.ath)
  })

  it.each([
    ['https://api/x?y#z', 'https://api/x'],
    ['HTTPS://API.Example.com:443/a/../b/%7Efoo?x#y', 'https://api.example.com/b/%7Efoo'],
    ['https://api.example.com:8443/v1/notes;a=b/%2F@me', 'https://api.example.com:8443/v1/notes;a=b/%2F@me'],
    ['http://api.example.com:80/x', 'http://api.example.com/x'],
    ['http://127.0.0.1:4000/.well-known/../x', 'http://127.0.0.1:4000/x'],
    ['https://api.example.com/ñ/"quoted"/{a}`', 'https://api.example.com/%C3%B1/%22quoted%22/%7Ba%7D%60'],
    ['https://api.example.com', 'https://api.example.com/'],
    ['https://api.example.com?x', 'https://api.example.com/'],
  ])('DPO-04: htu of %s is %s', async (url, htu) => {
    const { prover, key } = await made()
    expect((await verifyProof(await prover.prove(key, 'GET', url, token))).claims.htu).toBe(htu)
  })

  it('DPO-04: htu is what the platform sends, for any path', async () => {
    const { prover, key } = await made()
    const path = fc.stringMatching(/^(\/[!"$->@-[\]-~\x80-\uffff]{0,4}){1,4}$/)
    await fc.assert(
      fc.asyncProperty(path, async (text) => {
        const url = `https://api.example.com${text}`
        const { claims } = await verifyProof(await prover.prove(key, 'GET', url, token))
        expect(claims.htu).toBe(new Request(url).url)
      }),
    )
  })

  it('DPO-02: htm is the method as fetch sends it', async () => {
    const { prover, key } = await made()
    for (const method of ['get', 'Post', 'DELETE', 'patch', 'PATCH', 'Query'])
      expect((await verifyProof(await prover.prove(key, method, API))).claims.htm).toBe(
        new Request(API, { method }).method,
      )
    // What no request can have is for `fetch` to refuse: the key is there.
    expect((await verifyProof(await prover.prove(key, 'QUÉRY €', API))).claims.htm).toBe('QUÉRY €')
  })

  it('DPO-01: each is made with the key asked for, also in turns', async () => {
    const { prover, key } = await made()
    const other = (await prover.newKey(['ES256'])) as DpopKey
    for (const one of [key, other, other, key])
      expect((await verifyProof(await prover.prove(one, 'GET', API))).jkt).toBe(await prover.thumbprint(one))
  })

  it('RT-15: without a key, or one that cannot sign, there is none, and the error says nothing of it', async () => {
    const signing = instantSigning()
    const { prover, key } = await made({ signing })
    const lost = { code: 'ERR_SIGNED_OUT', reason: 'dpop_key_lost' }
    await expect(prover.prove(undefined, 'GET', API, token)).rejects.toMatchObject(lost)
    await expect(prover.prove({ ...key, privateKey: {}, publicKey: { x: 'other' } }, 'GET', API)).rejects.toMatchObject(
      lost,
    )
    await prover.prove(key, 'GET', API)
    signing.broken = true
    const error = await prover.prove(key, 'GET', API, token).catch((error) => error)
    expect(error).toMatchObject(lost)
    expect(JSON.stringify([error.message, error.cause])).not.toContain((key.privateKey as { d: string }).d)
  })
})

describe('the key', () => {
  it('DPO-01: that Web Cryptography makes cannot be exported, and signs after a structured clone', async () => {
    const { prover, key } = await made({ signing: webSigning })
    const copy = structuredClone(key)
    await expect(crypto.subtle.exportKey('jwk', copy.privateKey as CryptoKey)).rejects.toThrow()
    const { jkt } = await verifyProof(await prover.prove(copy, 'GET', API))
    expect(jkt).toBe(await prover.thumbprint(key))
    expect(key.publicKey).toEqual({ crv: 'P-256', kty: 'EC', x: expect.any(String), y: expect.any(String) })
  })

  it('DPO-01: for a storage of text it is a JWK, and signs after a way through JSON', async () => {
    const store = { textOnly: true } as never
    const prover = dpopProver({ signing: webSigning }, { crypto: webCrypto, clock: manualClock(), store })
    const key = (await prover.newKey(['ES256'])) as DpopKey
    const copy = JSON.parse(JSON.stringify(key)) as DpopKey
    expect(prover.canUse(copy, ['DPoP'])).toBe(true)
    const { jkt } = await verifyProof(await prover.prove(copy, 'GET', API))
    expect(jkt).toBe(await prover.thumbprint(key))
  })

  it('DPO-12: is of the first algorithm that option, server and platform have in common', async () => {
    const table: [DpopOptions['algorithms'], string[] | undefined, string | undefined][] = [
      [undefined, ['RS256', 'ES256'], 'ES256'],
      [['Ed25519', 'ES256'], ['ES256', 'Ed25519'], 'Ed25519'],
      [['Ed25519', 'EdDSA', 'ES256'], ['ES256', 'EdDSA'], 'EdDSA'],
      [['Ed25519', 'ES256'], ['ES256'], 'ES256'],
      [['Ed25519'], ['ES256'], undefined],
      [undefined, ['EdDSA'], undefined],
      [undefined, [], undefined],
      [undefined, undefined, undefined],
    ]
    for (const [algorithms, offered, alg] of table) {
      const options = { signing: webSigning, algorithms }
      const ports = { crypto: webCrypto, clock: manualClock() }
      const key = await dpopProver(options, ports).newKey(offered)
      expect([algorithms, offered, key?.alg]).toEqual([algorithms, offered, alg])
      if (key) expect((await verifyProof(await dpopProver(options, ports).prove(key, 'GET', API))).header.alg).toBe(alg)
      else
        await expect(dpopProver({ ...options, required: true }, ports).newKey(offered)).rejects.toMatchObject({
          ...{ code: 'ERR_UNSUPPORTED', reason: 'dpop_unsupported' },
        })
    }
    // A platform without Ed25519 takes the next one.
    const { prover } = await made({ algorithms: ['Ed25519', 'ES256'] })
    expect(await prover.newKey(['Ed25519', 'ES256'])).toMatchObject({ alg: 'ES256' })
    expect(await prover.newKey(['Ed25519'])).toBeUndefined()
  })

  it('RT-15: is of use only whole, and tokens that are bound need one', async () => {
    const { prover, key } = await made()
    const { prover: strict } = await made({ required: true })
    expect(prover.canUse(key, ['DPoP'])).toBe(true)
    expect(prover.canUse({ ...key, privateKey: { alias: 'in hardware' } }, ['DPoP'])).toBe(true)
    expect(prover.canUse({ ...key, privateKey: {} }, ['DPoP'])).toBe(false)
    expect(prover.canUse({ ...key, privateKey: { alias: 7 as never } }, ['DPoP'])).toBe(false)
    expect(prover.canUse({ ...key, privateKey: undefined as never }, ['DPoP'])).toBe(false)
    expect(prover.canUse({ ...key, publicKey: undefined as never }, [])).toBe(false)
    expect(prover.canUse(undefined, ['Bearer', 'DPoP'])).toBe(false)
    expect(prover.canUse(undefined, ['Bearer'])).toBe(true)
    expect(strict.canUse(undefined, ['Bearer'])).toBe(false)
    expect(strict.canUse(undefined, [])).toBe(false)
  })
})

describe('nonces', () => {
  const nonceOf = async ({ prover, key }: Made, url: string, for_?: object) =>
    (await verifyProof(await prover.prove(key, 'GET', url, for_ as never))).claims.nonce

  it('DPO-09 DPO-10: are kept per origin, the latest wins, and any answer brings one', async () => {
    const one = await made()
    const { prover } = one
    const at = 'https://api.example.com'
    prover.heed(answer(200, { 'dpop-nonce': 'n1' }), `${at}/a`, 'p.e.s', false)
    prover.heed(answer(500, { 'dpop-nonce': 'o1' }), 'https://other.example.com/a', 'p.e.s', false)
    prover.heedServer(answer(200, { 'dpop-nonce': 's1' }), undefined, 0)
    expect(await nonceOf(one, `${at}/b?q`, token)).toBe('n1')
    expect(await nonceOf(one, 'https://other.example.com:443/x', token)).toBe('o1')
    expect(await nonceOf(one, `${at}:8443/a`, token)).toBeUndefined()
    // One server that is both keeps both.
    expect(await nonceOf(one, `${at}/token`)).toBe('s1')
    prover.heed(answer(200, { 'dpop-nonce': 'n2' }), `${at}/c`, 'p.e.s', false)
    prover.heed(answer(200), `${at}/c`, 'p.e.s', false)
    expect(await nonceOf(one, at, token)).toBe('n2')
  })

  it('DPO-09: the server that asks for one gets another proof; without one to use, or for another reason, it does not', async () => {
    const { prover } = await made()
    expect(prover.heedServer(answer(400, { 'dpop-nonce': 'n' }), 'use_dpop_nonce', 0)).toBe('use_dpop_nonce')
    expect(prover.heedServer(answer(400), 'use_dpop_nonce', 0)).toBeUndefined()
    expect(prover.heedServer(answer(400, { 'dpop-nonce': 'n' }), 'invalid_grant', 0)).toBeUndefined()
    expect(prover.heedServer(answer(200, { 'dpop-nonce': 'n' }), undefined, 0)).toBeUndefined()
  })

  it('DPO-10: the API that asks for one gets another proof, by the challenge of its own scheme', async () => {
    const one = await made()
    expect(await heeded(one, challenge('DPoP error="use_dpop_nonce"', 'n'))).toBe('use_dpop_nonce')
    expect(await heeded(one, challenge('Bearer error="use_dpop_nonce"', 'n'))).toBeUndefined()
    expect(await heeded(one, challenge('DPoP error="use_dpop_nonce"'))).toBeUndefined()
    expect(await heeded(one, challenge('DPoP error="invalid_token"', 'n'))).toBeUndefined()
    expect(await heeded(one, challenge('DPoP error="invalid_dpop_proof"', 'n'))).toBeUndefined()
  })

  it('DPO-10: whatever status the challenge comes with', async () => {
    for (const status of [400, 401, 403]) {
      const headers = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n' }
      expect([status, await heeded(await made(), answer(status, headers))]).toEqual([status, 'use_dpop_nonce'])
    }
    for (const status of [200, 302, 500]) {
      const headers = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n' }
      expect([status, await heeded(await made(), answer(status, headers))]).toEqual([status, undefined])
    }
  })

  it('DPO-19: a proof that was refused without a nonce is made anew with the one that came', async () => {
    const one = await made()
    expect(await heeded(one, challenge('DPoP error="invalid_dpop_proof"', 'n'))).toBe('invalid_dpop_proof')
    expect(await heeded(one, challenge('DPoP error="invalid_dpop_proof"', 'n'))).toBeUndefined()
    const { prover, key } = one
    const refused = answer(400, { 'dpop-nonce': 's' })
    const proof = await prover.prove(key, 'POST', API)
    expect(prover.heedServer(refused, 'invalid_dpop_proof', 0, proof)).toBe('invalid_dpop_proof')
    const next = await prover.prove(key, 'POST', API)
    expect(prover.heedServer(refused, 'invalid_dpop_proof', 0, next)).toBeUndefined()
  })

  it('USE-13: where the challenge cannot be read, a nonce that was not in the proof is reason enough; the same one is not', async () => {
    const one = await made()
    expect(await heeded(one, answer(401, { 'dpop-nonce': 'n1' }))).toBe('use_dpop_nonce')
    expect(await heeded(one, answer(401, { 'dpop-nonce': 'n1' }))).toBeUndefined()
    expect(await heeded(one, answer(401))).toBeUndefined()
    expect(await heeded(one, answer(403, { 'dpop-nonce': 'n2' }))).toBeUndefined()
  })

  it('DPO-08: an API that speaks of other schemes only is told apart, once nothing else helps', async () => {
    const one = await made()
    const bearer = challenge('Bearer realm="x", error="invalid_token"')
    expect(await heeded(one, bearer)).toBeUndefined()
    await expect(heeded(one, bearer, true)).rejects.toMatchObject({
      ...{ code: 'ERR_UNSUPPORTED', reason: 'dpop_unsupported_by_resource' },
    })
    expect(await heeded(one, challenge('Bearer realm="x", DPoP algs="ES256"'), true)).toBeUndefined()
    expect(await heeded(one, answer(401), true)).toBeUndefined()
    const scope = answer(403, { 'www-authenticate': 'Bearer error="insufficient_scope"' })
    expect(await heeded(one, scope, true)).toBeUndefined()
  })
})

describe("the server's clock", () => {
  const MINUTE = 60_000
  /** By how much a proof for `url` is ahead of our clock, in minutes; absent: one for the authorization server. */
  const ahead = async ({ prover, key, clock }: Made, url?: string) => {
    const proof = await prover.prove(
      key,
      'GET',
      url ?? 'https://as.example/token',
      url === undefined ? undefined : token,
    )
    const { iat = 0 } = (await verifyProof(proof)).claims
    return Math.round((iat * 1000 - clock.now()) / MINUTE)
  }
  const dated = ({ clock }: Made, minutes: number, more: Record<string, string> = {}) => ({
    date: new Date(clock.now() + minutes * MINUTE).toUTCString(),
    ...more,
  })
  const refused = { 'www-authenticate': 'DPoP error="invalid_dpop_proof"' }

  it('DPO-13: is learnt from Date and from what an ID token says, for iat only', async () => {
    const one = await made()
    const { prover, clock } = one
    expect(await ahead(one)).toBe(0)
    prover.tell((clock.now() + 10 * MINUTE) / 1000, undefined, clock.now())
    expect(await ahead(one)).toBe(10)
    prover.heedServer(answer(200, dated(one, -3)), undefined, clock.now())
    expect(await ahead(one)).toBe(-3)
    prover.tell((clock.now() + 2_000) / 1000, undefined, clock.now())
    expect(prover.clockOffset).toBe(0)
  })

  it('DPO-13: is not believed when it is more than a day off, nor when this page slept meanwhile', async () => {
    const one = await made()
    const { prover, key, clock } = one
    prover.tell((clock.now() + 25 * 60 * MINUTE) / 1000, undefined, clock.now())
    prover.tell((clock.now() - 2 * MINUTE) / 1000, undefined, clock.now() - 2 * MINUTE)
    prover.tell('soon', undefined, clock.now())
    expect(prover.clockOffset).toBeUndefined()
    const proof = await prover.prove(key, 'GET', API, token)
    const late = answer(200, dated(one, 0, { 'dpop-nonce': 'n' }))
    await clock.advance(2 * MINUTE)
    prover.heed(late, API, proof, false)
    expect(await ahead(one, API)).toBe(0)
  })

  it('DPO-13: is remembered with the key, until a proof is refused because of it', async () => {
    const { prover, clock, ...one } = await made()
    const key = { ...one.key, clockOffset: 10 * MINUTE }
    const same = { prover, clock, key }
    expect(await ahead(same)).toBe(10)
    // The person has set the clock right since.
    const refuse = async () =>
      prover.heedServer(answer(400), 'invalid_dpop_proof', 0, await prover.prove(key, 'POST', API))
    expect(await refuse()).toBe('invalid_dpop_proof')
    expect(await ahead(same)).toBe(0)
    expect(await refuse()).toBeUndefined()
  })

  it('DPO-13: a proof refused because of it is made anew where the answer tells the time', async () => {
    const one = await made()
    expect(await heeded(one, answer(401, dated(one, 30, refused)))).toBe('invalid_dpop_proof')
    expect(await ahead(one, API)).toBe(30)
    expect(await heeded(one, answer(401, dated(one, 30, refused)))).toBeUndefined()
    // An API's answer may come from a cache: its Date counts only when it was made for this request.
    one.prover.heed(answer(200, { date: new Date(0).toUTCString() }), API, 'p.e.s', false)
    expect(await ahead(one, API)).toBe(30)
  })

  it('DPO-13: what an API says of it counts for that API alone', async () => {
    const one = await made()
    const other = 'https://other.example/x'
    await heeded(one, answer(401, dated(one, 30, refused)))
    expect([await ahead(one, API), await ahead(one, other), await ahead(one)]).toEqual([30, 0, 0])
    expect(one.prover.clockOffset).toBeUndefined()
    // What the authorization server says counts for whoever has said nothing.
    one.prover.tell((one.clock.now() + 5 * MINUTE) / 1000, undefined, one.clock.now())
    expect([await ahead(one, API), await ahead(one, other), await ahead(one)]).toEqual([30, 5, 5])
  })

  it('DPO-13: an answer with a nonce was made for its request, and tells the time too', async () => {
    const one = await made()
    expect(await heeded(one, answer(200, dated(one, -7, { 'dpop-nonce': 'n' })))).toBeUndefined()
    expect(await ahead(one, API)).toBe(-7)
  })

  it('DPO-13: an API whose answer tells nothing is tried with our own clock, and then with the authorization server’s', async () => {
    const one = await made()
    one.prover.tell((one.clock.now() + 10 * MINUTE) / 1000, undefined, one.clock.now())
    const refuse = () => heeded(one, answer(401, refused))
    expect([await ahead(one, API), await refuse(), await ahead(one, API)]).toEqual([10, 'invalid_dpop_proof', 0])
    expect([await refuse(), await ahead(one, API), await ahead(one)]).toEqual(['invalid_dpop_proof', 10, 10])
  })

  it('DPO-13: of several calls refused at once each gets another proof', async () => {
    const one = await made()
    const { prover, key } = one
    one.prover.tell((one.clock.now() + 10 * MINUTE) / 1000, undefined, one.clock.now())
    const proofs = await Promise.all([1, 2, 3].map(() => prover.prove(key, 'GET', API, token)))
    const heard = proofs.map((proof) => prover.heed(answer(401, refused), API, proof, false))
    expect(heard).toEqual(Array(3).fill('invalid_dpop_proof'))
    expect(await ahead(one, API)).toBe(0)
  })

  it('DPO-13: that this device’s clock is off is told, with the difference, once for each server', async () => {
    const clock = manualClock()
    const told: object[] = []
    const ports = { crypto: webCrypto, clock, onClockOff: (details: object) => void told.push(details) }
    const prover = dpopProver({ signing: instantSigning() }, ports)
    const one = { prover, clock, key: (await prover.newKey(['ES256'])) as DpopKey }
    for (let times = 0; times < 3; times++)
      prover.tell((clock.now() + 5 * MINUTE + times) / 1000, undefined, clock.now())
    expect(told).toEqual([{ by: -5 * MINUTE, origin: undefined }])
    for (let times = 0; times < 3; times++) await heeded(one, answer(401, dated(one, -2, refused)))
    expect(told.slice(1)).toMatchObject([{ origin: 'https://api.example.com' }])
    expect(Math.round((told[1] as { by: number }).by / MINUTE)).toBe(2)
    // Right again, and off once more.
    prover.tell(clock.now() / 1000, undefined, clock.now())
    prover.tell((clock.now() + 6 * MINUTE) / 1000, undefined, clock.now())
    expect(told.slice(2)).toEqual([{ by: -6 * MINUTE, origin: undefined }])
  })
})

it('DPO-02: a key that was made elsewhere signs as well, and tells no private member though it was given one', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = publicKey.export({ format: 'jwk' }) as JsonWebKey
  const all = privateKey.export({ format: 'jwk' }) as JsonWebKey
  const key = { alg: 'ES256', privateKey: all, publicKey: { ...all, key_ops: ['sign'] } }
  const { prover } = await made({ signing: webSigning })
  expect((await verifyProof(await prover.prove(key, 'GET', API))).header.jwk).toEqual(jwk)
})
