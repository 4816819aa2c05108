import { base64url } from 'jose'
import type { Bytes } from './builtin.ts'
import { keyedHash } from './keyed-hash.ts'

/** Nonces for proofs that any process with the same secret can check, without remembering one (RFC 9449 §8, §9). */
export interface Nonces {
  /** The nonce to hand out now. */
  current(): Promise<string>
  /** Whether `nonce` is one of ours and not too old. */
  accepts(nonce: unknown): Promise<boolean>
}

/** How nonces are made. */
export interface NonceOptions {
  /** At least 32 bytes, the same in every process of the API. Default: random, for one process. */
  readonly secret?: Bytes
  /** How long a nonce counts, ms. Default 300 000; 10 000 to 3 600 000. A new one is handed out after half of it. */
  readonly lifetime?: number
}

/** Bytes of the authentication code that are sent. */
const CODE = 16

/** The nonce is a time slot and an HMAC-SHA-256 over it. */
export function nonces({ secret, lifetime = 300_000 }: NonceOptions, now: () => number): Nonces {
  const step = lifetime / 2
  const made = new Map<number, string>()
  const hash = keyedHash(secret)

  return {
    current: () => nonceOf(slotNow()),
    async accepts(nonce) {
      if (typeof nonce !== 'string') return false
      const slot = slotNow()
      // The next slot is another process's whose clock is ahead.
      for (const one of [slot, slot - 1, slot + 1]) if ((await nonceOf(one)) === nonce) return true
      return false
    },
  }

  function slotNow(): number {
    return Math.floor(now() / step)
  }

  async function nonceOf(slot: number): Promise<string> {
    const known = made.get(slot)
    if (known !== undefined) return known
    for (const old of made.keys()) if (Math.abs(old - slot) > 2) made.delete(old)
    const nonce = await sign(slot)
    made.set(slot, nonce)
    return nonce
  }

  async function sign(slot: number): Promise<string> {
    const code = await hash(`dpop nonce ${slot}`)
    return base64url.encode(new Uint8Array(code, 0, CODE))
  }
}
