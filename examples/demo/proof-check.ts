import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'

/** What a request has to prove. */
export interface Proven {
  readonly method: string
  /** Absolute; its query and fragment do not count. */
  readonly url: string
  /** The access token that came with it. */
  readonly token: string
  /** The thumbprint of the key that the token is bound to: its `cnf.jkt`. */
  readonly jkt: string
}

/** Checks DPoP proofs (RFC 9449 §4.3) and gives out nonces (§9). */
export interface ProofCheck {
  /** The nonce for the next proof. */
  nonce(): string
  /** `undefined`: the proof is good. Otherwise the `error` of the challenge. */
  check(proof: string | undefined, proven: Proven): Promise<'invalid_dpop_proof' | 'use_dpop_nonce' | undefined>
}

/** How far a proof without a nonce may be from now, seconds. */
const WINDOW = 60

/**
 * A check with its own memory of proofs that were used.
 * @param options `required`: whether proofs have to hold a nonce; default false. `lap`: counts up at each new nonce, of which that and
 *   the one before are accepted; default a new one each minute
 */
export function proofCheck({ required = false, lap = () => Math.floor(Date.now() / 60_000) } = {}): ProofCheck {
  const secret = randomBytes(32)
  const used = new Set<string>()
  const nonceOf = (count: number) => createHmac('sha256', secret).update(String(count)).digest('base64url')
  const isKnown = (nonce: string) =>
    [0, 1].some((back) => {
      const known = nonceOf(lap() - back)
      return nonce.length === known.length && timingSafeEqual(Buffer.from(nonce), Buffer.from(known))
    })

  return {
    nonce: () => nonceOf(lap()),
    async check(proof = '', { method, url, token, jkt }) {
      const verified = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt', algorithms: ['ES256', 'EdDSA'] }).catch(
        () => undefined,
      )
      if (!verified?.protectedHeader.jwk || 'd' in verified.protectedHeader.jwk) return 'invalid_dpop_proof'
      const { jti, htm, htu, iat, ath, nonce } = verified.payload
      const hash = createHash('sha256').update(token).digest('base64url')
      const fits = htm === method && htu === url.replace(/[?#].*$/, '') && ath === hash
      const bound = (await calculateJwkThumbprint(verified.protectedHeader.jwk)) === jkt
      if (!fits || !bound || typeof iat !== 'number' || !jti || used.has(jti)) return 'invalid_dpop_proof'
      if (nonce === undefined ? required || Math.abs(Date.now() / 1000 - iat) > WINDOW : !isKnown(String(nonce)))
        return 'use_dpop_nonce'
      used.add(jti)
      return undefined
    },
  }
}
