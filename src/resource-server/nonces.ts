import { base64url } from 'jose'
import type { Bytes } from './builtin.ts'
import { keyedHash } from './keyed-hash.ts'

/** Nonces for proofs (RFC 9449 §8, §9). Every process with the same secret can check them, and none has to remember them. */
export interface Nonces {
  /** The nonce that clients get now. */
  current(): Promise<string>
  /** Whether `nonce` was made with this secret and is not too old. */
  accepts(nonce: unknown): Promise<boolean>
}

/** How nonces are made. */
export interface NonceOptions {
  /** At least 32 bytes, the same in every process of the API. Default: random, for one process. */
  readonly secret?: Bytes
  /** How long a nonce is valid, ms. After half of this time clients get a new one. Default 300 000, 10 000 to 3 600 000. */
  readonly lifetime?: number
}

/** How many bytes of the authentication code are sent. */
const CODE = 16

/** Makes nonces. Time is divided into slots, and a nonce is an HMAC-SHA-256 of its slot's number. */
export function nonces({ secret, lifetime = 300_000 }: NonceOptions, now: () => number): Nonces {
  const step = lifetime / 2
  const made = new Map<number, string>()
  const hash = keyedHash(secret)

  return {
    current: () => nonceOf(slotNow()),
    async accepts(nonce) {
      if (typeof nonce !== 'string') return false

      const slot = slotNow()
      // The next slot is accepted because the clock of another process may be ahead.
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
