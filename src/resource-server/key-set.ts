import type { JWK } from 'jose'
import { Refusal } from './access-token-error.ts'
import { type JsonSource, type JsonSourceOptions, jsonSource } from './json-source.ts'
import { type SignatureMode, type VerificationKey, verificationKey } from './signature.ts'

/** The public keys of one issuer (RFC 7517). */
export interface KeySet {
  /**
   * The keys that fit: same `kid` where the token names one, right type, curve and size for `alg`, meant for signatures.
   * An unknown `kid` makes the keys be fetched anew, at most once a cooldown.
   * @param owners who may sign with a key that says whose it is (a member `issuer`, as Entra has it); without it the member is not read
   * @throws Refusal `key_unknown` where the issuer's present keys have none that fits, or `keys_unavailable` where the present ones cannot
   * be had now: the issuer may have a new key
   */
  find(alg: string, kid: string | undefined, owners?: readonly string[]): Promise<readonly VerificationKey[]>
}

/** Keys of one name. */
interface ImportedKeys {
  readonly all: readonly VerificationKey[]
  /** The same, each with the issuer that it says it is for. */
  readonly owned: readonly { readonly key: VerificationKey; readonly owner: unknown }[]
}

/** How a key set is kept and used. Milliseconds. */
export interface KeySetOptions extends JsonSourceOptions {
  /** Default `'pooled'`. */
  readonly signatures?: SignatureMode | undefined
}

/** What an algorithm wants of a key (RFC 7518 §3.1, RFC 8037, RFC 9864). */
const shapes: Readonly<Record<string, { readonly kty: string; readonly crv?: string }>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
}

/** The algorithms there are: asymmetric ones only. */
export const signatureAlgorithms: readonly string[] = Object.keys(shapes)

/** Characters of a modulus of 2048 bit in base64url. */
const SMALLEST_MODULUS = 342

/** Whether `jwk` can have made a signature with `alg`. */
export function fitsAlgorithm(jwk: JWK, alg: string): boolean {
  const shape = Object.hasOwn(shapes, alg) ? shapes[alg] : undefined
  return (
    shape !== undefined &&
    jwk.kty === shape.kty &&
    jwk.crv === shape.crv &&
    (jwk.alg === undefined || jwk.alg === alg) &&
    (shape.kty !== 'RSA' || (typeof jwk.n === 'string' && jwk.n.length >= SMALLEST_MODULUS))
  )
}

/**
 * The keys behind a `jwks_uri`.
 * @param locate gives the URL; asked again after it failed
 */
export function keySet(locate: () => Promise<string>, options: KeySetOptions): KeySet {
  const source: JsonSource<readonly JWK[]> = jsonSource(locate, readKeys, options)
  const found = new WeakMap<readonly JWK[], Map<string, ImportedKeys>>()

  return {
    async find(alg, kid, owners) {
      const since = options.now()
      const known = await source.get().catch(() => undefined)
      const fitting = known && keysFor(owners, await keysOf(known, alg, kid))
      if (fitting?.length) return fitting

      const renewed = await source.renew(since).catch(() => undefined)
      if (!renewed) throw unavailable('the key set could not be fetched')
      const present = keysFor(owners, await keysOf(renewed.value, alg, kid))
      if (present.length) return present
      // Anybody can make up a kid and so keep the keys from being fetched for a while. That speaks against no token.
      if (!renewed.isCurrent)
        throw unavailable('no known key fits, and the key set cannot be fetched anew yet; option keys.cooldown')
      throw new Refusal('key_unknown', 'no key of the issuer fits')
    },
  }

  function unavailable(detail: string): Refusal {
    return new Refusal('keys_unavailable', detail, { retryAfter: source.restsFor() })
  }

  async function keysOf(set: readonly JWK[], alg: string, kid: string | undefined): Promise<ImportedKeys> {
    const before = found.get(set) ?? new Map<string, ImportedKeys>()
    const name = kid === undefined ? alg : `${alg} ${kid}`
    const known = before.get(name)
    if (known) return known
    const imported = await Promise.all(
      choose(set, alg, kid).map(async (jwk) => ({
        key: await verificationKey(jwk, alg, options.signatures),
        owner: (jwk as { issuer?: unknown }).issuer,
      })),
    )
    const owned = imported.flatMap(({ key, owner }) => (key === undefined ? [] : [{ key, owner }]))
    const keys = { all: owned.map(({ key }) => key), owned }
    // Only names that there are: anybody can make up others.
    if (owned.length) found.set(set, before.set(name, keys))
    return keys
  }
}

function keysFor(owners: readonly string[] | undefined, { all, owned }: ImportedKeys): readonly VerificationKey[] {
  if (!owners) return all
  const fitting = owned.filter(({ owner }) => owner === undefined || owners.includes(owner as string))
  return fitting.map(({ key }) => key)
}

function choose(keys: readonly JWK[], alg: string, kid: string | undefined): readonly JWK[] {
  return keys.filter(
    (jwk) =>
      (kid === undefined || jwk.kid === kid) &&
      (jwk.use === undefined || jwk.use === 'sig') &&
      (!Array.isArray(jwk.key_ops) || jwk.key_ops.includes('verify')) &&
      fitsAlgorithm(jwk, alg),
  )
}

function readKeys(body: Record<string, unknown>): readonly JWK[] | undefined {
  const { keys } = body
  if (!Array.isArray(keys)) return undefined
  return keys.filter((key) => typeof key === 'object' && key !== null && typeof key.kty === 'string') as JWK[]
}
