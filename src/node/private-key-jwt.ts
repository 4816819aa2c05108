import { createPrivateKey, KeyObject, webcrypto } from 'node:crypto'
import { invalidOption, type TokenManagerError } from '../errors.ts'
import type { ClientAuthentication, CryptoKey, JsonWebKey } from '../ports.ts'
import { type AssertionKey, type AssertionOptions, signedAssertion } from './client-authentication.ts'
import { withoutPssMark } from './rsa-pss-key.ts'

/** A private key: PEM (PKCS #8, PKCS #1 or SEC 1), a JWK, a `KeyObject`, or a `CryptoKey` with the usage `sign`. */
export type PrivateKeySource = string | JsonWebKey | KeyObject | CryptoKey

/** Options of {@link privateKeyJwt}. */
export interface PrivateKeyJwtOptions {
  /** The identifier of the key at the server, for the header of the assertion. Default: the `kid` of the JWK, or none. */
  readonly kid?: string
  /**
   * The signature algorithm (RFC 7518 §3.1). Use `EdDSA` for servers that know an Ed25519 key only by that name. Default: the `alg` of the JWK, or the
   * algorithm of the key: `RS256` for RSA; `PS256` for RSA-PSS, or that of its hash; `ES256`, `ES384` or `ES512` by the curve; `Ed25519`.
   */
  readonly alg?: string
  /** `aud` of the assertion. Default: the issuer identifier. Some servers want the URL of their token endpoint. */
  readonly aud?: string
}

/**
 * `private_key_jwt` (RFC 7523 §3): the client signs a new assertion for every request. An assertion is valid for 60 s, and the key never leaves this
 * process.
 * @param key the private key, or a function that returns it. The function is called before every request, so that a rotated key is used at once
 * @throws TokenManagerError `ERR_INVALID_OPTION` if the key cannot be read or does not fit `alg`
 */
export function privateKeyJwt(
  key: PrivateKeySource | (() => PrivateKeySource | Promise<PrivateKeySource>),
  { kid, alg, aud }: PrivateKeyJwtOptions = {},
): ClientAuthentication {
  const options: AssertionOptions = aud === undefined ? {} : { audience: aud }
  const read = keyReader({ kid, alg })
  if (typeof key !== 'function') {
    const known = read(key)
    return signedAssertion(() => known, options)
  }

  let last: { readonly source: PrivateKeySource; readonly key: Promise<AssertionKey> } | undefined
  return signedAssertion(async () => {
    const source = await key()
    if (last?.source !== source) last = { source, key: read(source) }
    return last.key
  }, options)
}

const ALGORITHMS: Readonly<Record<string, RsaHashedImportParams | EcKeyImportParams | { readonly name: string }>> = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  RS384: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' },
  RS512: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  PS384: { name: 'RSA-PSS', hash: 'SHA-384' },
  PS512: { name: 'RSA-PSS', hash: 'SHA-512' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', namedCurve: 'P-384' },
  ES512: { name: 'ECDSA', namedCurve: 'P-521' },
  Ed25519: { name: 'Ed25519' },
  EdDSA: { name: 'Ed25519' },
}

const BY_CURVE: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' }

/** Makes the function that reads keys. It throws at once if a key is wrong. The import is asynchronous. */
function keyReader(names: { readonly kid: string | undefined; readonly alg: string | undefined }) {
  return (source: PrivateKeySource): Promise<AssertionKey> => {
    if (isCryptoKey(source)) return Promise.resolve({ ...names, key: source })

    const isJwk = typeof source === 'object' && !(source instanceof KeyObject)
    const own = (isJwk ? source : {}) as { readonly kid?: string; readonly alg?: string }
    const key = keyObject(source as string | JsonWebKey | KeyObject)
    const alg = names.alg ?? own.alg ?? algorithmOf(key)
    const algorithm = ALGORITHMS[alg]
    const asked = alg.slice(0, 20)
    if (!algorithm) throw notGiven(`a key and an alg of ${Object.keys(ALGORITHMS).join(', ')}; alg is ${asked}`)
    if (!isFor(key, alg)) throw notGiven(`a key that fits alg ${asked}; it is one for ${algorithmOf(key)}`)

    const importable = key.asymmetricKeyType === 'rsa-pss' ? withoutPssMark(key) : key
    const imported = webcrypto.subtle.importKey(
      'pkcs8',
      importable.export({ format: 'der', type: 'pkcs8' }),
      algorithm as RsaHashedImportParams,
      false,
      ['sign'],
    ) as Promise<CryptoKey>
    // A failure is reported by the first request, which awaits the import.
    imported.catch(() => {})
    return imported.then((ready) => ({ key: ready, kid: names.kid ?? own.kid, alg }))
  }
}

function keyObject(source: string | JsonWebKey | KeyObject): KeyObject {
  if (source instanceof KeyObject && source.type === 'private') return source
  try {
    return typeof source === 'string'
      ? createPrivateKey(source)
      : createPrivateKey({ key: source as never, format: 'jwk' })
  } catch {
    // The platform's error is not passed on, because it may contain the key.
    throw notGiven('a private key: PEM, a JWK, a KeyObject or a CryptoKey')
  }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (asymmetricKeyType === 'rsa') return 'RS256'
  if (asymmetricKeyType === 'rsa-pss') return `PS${bitsOf(asymmetricKeyDetails?.hashAlgorithm)}`
  if (asymmetricKeyType === 'ed25519') return 'Ed25519'
  return BY_CURVE[asymmetricKeyDetails?.namedCurve ?? ''] ?? 'unknown'
}

function isFor(key: KeyObject, alg: string): boolean {
  const own = algorithmOf(key)
  const { asymmetricKeyType, asymmetricKeyDetails: { hashAlgorithm, saltLength = 0 } = {} } = key
  if (asymmetricKeyType === 'rsa') return /^(RS|PS)/.test(alg)
  if (asymmetricKeyType !== 'rsa-pss') return own === alg || (own === 'Ed25519' && alg === 'EdDSA')

  // The key may allow one hash only, and may ask for a longer salt than JWS has, which is as long as the hash (RFC 7518 §3.5).
  const isItsHash = hashAlgorithm === undefined || own === alg
  return alg.startsWith('PS') && isItsHash && saltLength <= Number(bitsOf(alg)) / 8
}

/** The number in the name of a hash or of an algorithm: 384 for `sha384` or `PS384`. A key without a hash gets the most usual one. */
function bitsOf(name = 'sha256'): string {
  return name.replace(/\D/g, '')
}

function notGiven(expected: string): TokenManagerError {
  return invalidOption('clientAuthentication (private_key_jwt)', `given ${expected}`)
}

function isCryptoKey(source: unknown): source is CryptoKey {
  return Object.prototype.toString.call(source) === '[object CryptoKey]'
}
