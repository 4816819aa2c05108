import type { JWK } from 'jose'
import { Refusal } from './access-token-error.ts'
import { documentFailure } from './document-failure.ts'
import { shown } from './found.ts'
import { mayOwnKey } from './issuer-template.ts'
import { type JsonSource, type JsonSourceOptions, jsonSource, Unavailable } from './json-source.ts'
import { type SignatureMode, type VerificationKey, verificationKey } from './signature.ts'
import { fitsAlgorithm } from './signature-algorithms.ts'

/** The public keys of one issuer (RFC 7517). */
export interface KeySet {
  /**
   * Gives the keys that fit a token. A key fits if it has the token's `kid`, if the token has one; if its type, curve and size are right for
   * `alg`; and if it is meant for signatures. If no key fits, the keys are fetched again, but at most once in each cooldown.
   * @param iss the token's issuer. A key with a member `issuer` of another issuer does not fit (Entra has such keys)
   * @throws Refusal `key_unknown` if none of the issuer's present keys fits. `keys_unavailable` if the present keys cannot be fetched now: the
   *   issuer may have a new key
   */
  find(alg: string, kid: string | undefined, iss: string): Promise<readonly VerificationKey[]>
  /**
   * Those that fit and are not in `known`, once the keys were fetched anew; none where that cannot be, or may not be yet. For a signature that
   * none of `known` has made: some issuers give a new key the name of the old one, or no name.
   */
  findMore(
    known: readonly VerificationKey[],
    alg: string,
    kid: string | undefined,
    iss: string,
  ): Promise<readonly VerificationKey[]>
}

/** A key, and its member `issuer`. */
interface OwnedKey {
  readonly key: VerificationKey
  readonly owner: unknown
}

/** How a key set is kept and used. Milliseconds. */
export interface KeySetOptions extends JsonSourceOptions {
  /** Default `'pooled'`. */
  readonly signatures?: SignatureMode | undefined
}

/**
 * The keys behind a `jwks_uri`.
 * @param locate gives the URL; asked again after it failed
 */
export function keySet(locate: () => Promise<string>, options: KeySetOptions): KeySet {
  const source: JsonSource<readonly JWK[]> = jsonSource(locate, readKeys, options)
  const found = new WeakMap<readonly JWK[], Map<string, readonly OwnedKey[]>>()

  return {
    async find(alg, kid, iss) {
      const since = options.now()
      const known = await source.get().catch(() => undefined)
      const fitting = known && (await keysFor(known, alg, kid, iss))
      if (fitting?.length) return fitting

      const renewed = await source.renew(since).catch((cause) => {
        throw unavailable(`${documentFailure('the key set', cause, options.timeout)}; issuer.issuer, issuer.jwksUri`)
      })
      const present = await keysFor(renewed.value, alg, kid, iss)
      if (present.length > 0) return present

      // Anybody can invent a kid and so start the cooldown. During that time the token may still have a new key of the issuer.
      if (!renewed.isCurrent)
        throw unavailable('no known key fits, and the key set cannot be fetched anew yet; option keys.cooldown')
      throw new Refusal('key_unknown', `no key of the issuer fits alg ${shown(alg)} and the kid of the token`)
    },
    async findMore(known, alg, kid, iss) {
      const renewed = await source.renew(options.now()).catch(() => undefined)
      const present = renewed ? await keysFor(renewed.value, alg, kid, iss) : []
      return present.filter((key) => !known.includes(key))
    },
  }

  function unavailable(detail: string): Refusal {
    return new Refusal('keys_unavailable', detail, { retryAfter: source.restsFor() })
  }

  async function keysFor(
    set: readonly JWK[],
    alg: string,
    kid: string | undefined,
    iss: string,
  ): Promise<readonly VerificationKey[]> {
    const named = await keysOf(set, alg, kid)
    return named.filter(({ owner }) => mayOwnKey(owner, iss)).map(({ key }) => key)
  }

  async function keysOf(set: readonly JWK[], alg: string, kid: string | undefined): Promise<readonly OwnedKey[]> {
    const before = found.get(set) ?? new Map<string, readonly OwnedKey[]>()
    const name = kid === undefined ? alg : `${alg} ${kid}`
    const known = before.get(name)
    if (known) return known

    const imported = await Promise.all(choose(set, alg, kid).map((jwk) => ownedKey(jwk, alg)))
    const keys = imported.flat()
    // Only a kid that exists is remembered. Anybody can invent others, and they would fill the memory.
    if (keys.length > 0) found.set(set, before.set(name, keys))
    return keys
  }

  /** @returns an empty list if `jwk` is no usable key */
  async function ownedKey(jwk: JWK, alg: string): Promise<readonly OwnedKey[]> {
    const key = await verificationKey(jwk, alg, options.signatures)
    const { issuer: owner } = jwk as { readonly issuer?: unknown }
    return key === undefined ? [] : [{ key, owner }]
  }
}

function choose(keys: readonly JWK[], alg: string, kid: string | undefined): readonly JWK[] {
  return keys.filter((jwk) => {
    const isNamed = kid === undefined || jwk.kid === kid
    return isNamed && isForSignatures(jwk) && fitsAlgorithm(jwk, alg)
  })
}

/** Whether the key is meant for verifying signatures (RFC 7517 §4.2, §4.3). */
function isForSignatures({ use, key_ops }: JWK): boolean {
  const hasUse = use === undefined || use === 'sig'
  const hasOperation = key_ops === undefined || (Array.isArray(key_ops) && key_ops.includes('verify'))
  return hasUse && hasOperation
}

function readKeys(body: Record<string, unknown>): readonly JWK[] {
  const { keys } = body
  if (!Array.isArray(keys)) throw new Unavailable('the key set has no list of keys')
  const found = keys.filter((key) => typeof key === 'object' && key !== null && typeof key.kty === 'string')
  return found.map(said)
}

/**
 * The key without members that are `null`: some servers write `null` instead of leaving a member out. An `issuer` that is `null` stays, so
 * that such a key fits no issuer.
 */
function said(key: object): JWK {
  return Object.fromEntries(Object.entries(key).filter(([name, value]) => value !== null || name === 'issuer'))
}
