import { Refusal } from './access-token-error.ts'
import { shown } from './found.ts'
import type { Issuer } from './issuer.ts'
import { isSignedBy, type VerificationKey } from './signature.ts'
import type { UnverifiedJwt } from './strict-jwt.ts'

/** The algorithm and the key that the header of a JWT names. */
interface SignatureNames {
  readonly alg: string
  readonly kid: string | undefined
}

/** @throws Refusal `malformed` */
export function signatureNames({ alg, kid, crit }: UnverifiedJwt['header']): SignatureNames {
  if (crit !== undefined) throw new Refusal('malformed', 'the header has crit, which nothing here understands')
  if (typeof alg !== 'string') throw new Refusal('malformed', `alg is ${shown(alg)}`)
  if (kid !== undefined && typeof kid !== 'string') throw new Refusal('malformed', `kid is ${shown(kid)}`)
  return { alg, kid }
}

/** @throws Refusal `algorithm_not_allowed` */
export function checkAlgorithm(alg: string, { algorithms }: Issuer): void {
  if (algorithms.includes(alg)) return
  throw new Refusal('algorithm_not_allowed', `alg is ${shown(alg)} (option algorithms of the issuer)`)
}

/**
 * Checks that the issuer made the signature of `jwt`.
 * @param iss the token's `iss`, which `hasIssued` has accepted
 * @throws Refusal `signature_invalid`; `key_unknown` or `keys_unavailable` if there is no key
 */
export async function checkSignature(
  jwt: string,
  { alg, kid }: SignatureNames,
  issuer: Issuer,
  iss: string,
): Promise<void> {
  const keys = issuer.keysOf(iss)
  const known = await keys.find(alg, kid)
  if (await isSignedByOne(jwt, known, alg)) return

  const more = await keys.findMore(known, alg, kid)
  if (await isSignedByOne(jwt, more, alg)) return

  throw new Refusal('signature_invalid', `no key of the issuer that fits alg ${shown(alg)} has made it`)
}

async function isSignedByOne(jwt: string, keys: readonly VerificationKey[], alg: string): Promise<boolean> {
  for (const key of keys) if (await isSignedBy(jwt, key, alg)) return true
  return false
}
