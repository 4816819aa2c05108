// Prints what DPoP costs over the signature, which no client can do without: a proof beside the signature alone, and `tokens.fetch`
// beside a plain call with fixed headers and a signature. Medians of single calls, one after the other in turn, and their ratios. The
// stub does only what every fetch has to do.

import { systemClock } from '../src/in-process/system-clock.ts'
import { webCrypto } from '../src/in-process/web-crypto.ts'
import { webSigning } from '../src/in-process/web-signing.ts'
import type { Fetch } from '../src/ports.ts'
import { accessToken } from '../src/protocol/access-token.ts'
import { type DpopKey, dpopProver } from '../src/protocol/dpop.ts'
import { authorizedFetch } from '../src/requests/authorized-fetch.ts'
import { resourceMatcher } from '../src/requests/resource-matcher.ts'

const CALLS = 6_000
const WARM = 1_000
const URL = 'https://api.example.com/v1/notes?limit=20'

const stub: Fetch = async (input, init) => {
  new Request(input, init)
  return new Response(null)
}
const token = accessToken({ value: 'a'.repeat(800), type: 'DPoP', obtainedAt: 0, scope: 'notes' })
const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
const us = (ms: number) => `${(ms * 1000).toFixed(1)} µs`

for (const alg of ['ES256', 'Ed25519'] as const) {
  const prover = dpopProver({ signing: webSigning, algorithms: [alg] }, { crypto: webCrypto, clock: systemClock })
  const key = (await prover.newKey([alg])) as DpopKey
  const proofs = prover.proofs(() => key)
  const fetch = authorizedFetch({
    source: { current: () => token, get: async () => token, replace: async () => undefined },
    proofs: () => proofs,
    fetch: stub,
    match: resourceMatcher(['https://api.example.com/v1'], { insecureLoopback: false }),
    unlisted: 'throw',
    whenSignedOut: 'throw',
    observe: () => {},
  })
  // Of a text as long as a proof.
  const proof = new TextEncoder().encode((await prover.prove(key, 'GET', URL, token)).replace(/\.[^.]*$/, ''))
  const algorithm = alg === 'ES256' ? { name: 'ECDSA', hash: 'SHA-256' } : alg
  const signature = () => crypto.subtle.sign(algorithm, key.privateKey as CryptoKey, proof)
  const fixed = { headers: { authorization: `DPoP ${token.value}`, dpop: await prover.prove(key, 'GET', URL, token) } }
  const cases = {
    signature,
    proof: () => prover.prove(key, 'GET', URL, token),
    plain: async () => {
      await signature()
      return stub(URL, fixed)
    },
    call: () => fetch(URL),
  }
  const names = Object.keys(cases) as (keyof typeof cases)[]
  const times = { signature: [] as number[], proof: [] as number[], plain: [] as number[], call: [] as number[] }
  for (let round = -WARM; round < CALLS; round++)
    for (const name of round % 2 ? names : names.toReversed()) {
      const began = performance.now()
      await cases[name]()
      if (round >= 0) times[name].push(performance.now() - began)
    }
  const ratio = (a: keyof typeof cases, b: keyof typeof cases) => (median(times[a]) / median(times[b])).toFixed(2)
  console.log(
    `${alg}: signature ${us(median(times.signature))}, proof ${us(median(times.proof))} (${ratio('proof', 'signature')} ×); ` +
      `signature and plain call ${us(median(times.plain))}, tokens.fetch ${us(median(times.call))} (${ratio('call', 'plain')} ×)`,
  )
}
