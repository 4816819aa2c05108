import { Refusal } from './access-token-error.ts'
import { fieldValues, type GuardedRequest } from './credentials.ts'
import { normalizedHtu } from './htu.ts'
import { invalidOption } from './invalid-option.ts'
import { checkOptionNames, type OptionNames } from './known-options.ts'
import { type NonceOptions, type Nonces, nonces } from './nonces.ts'
import { type ProofKey, proofKey } from './proof-key.ts'
import { memoryReplayStore, type ReplayStore } from './replay-store.ts'
import { sha256 } from './sha256.ts'
import { isSignedBy, type SignatureMode, verificationKey } from './signature.ts'
import { signatureAlgorithms } from './signature-algorithms.ts'
import { readJwt, type UnverifiedJwt } from './strict-jwt.ts'

/** How proofs of possession are checked (RFC 9449). Milliseconds. */
export interface DpopProofOptions {
  /** Refuses tokens that are not bound to a key. Default false: bound tokens need a proof, all others pass as Bearer tokens. */
  readonly required?: boolean
  /** Signature algorithms of proofs. Default ES256, Ed25519, EdDSA and RS256, PS256. */
  readonly algorithms?: readonly string[]
  /**
   * The URL of this API as clients see it: scheme, host and, if a proxy removes one, the prefix of the path. Default: the request's own URL, which
   * has to be absolute. `Host` and `X-Forwarded-*` are never used, because anybody can send them.
   */
  readonly baseUrl?: string
  /** How old a proof may be. Default 60 000, at most 300 000. With nonces their age decides instead. */
  readonly maxAge?: number
  /** How far a proof may be ahead of our clock. Default 10 000, at most 60 000. */
  readonly maxAhead?: number
  /** Proofs have to contain a nonce of this API. Default: no nonce is needed. */
  readonly nonce?: NonceOptions
  /** Remembers used proofs. Default `memoryReplayStore()`, which is enough for one process. */
  readonly replayStore?: ReplayStore
  /** What happens if that store fails. `'deny'` (default): 503. `'allow'`: the proof is accepted, and the decision says so. */
  readonly whenReplayStoreFails?: 'deny' | 'allow'
}

/** Checks the proofs of one API. */
export interface DpopProofs {
  readonly required: boolean
  readonly algorithms: readonly string[]
  readonly nonces: Nonces | undefined
  /**
   * Checks everything of RFC 9449 §4.3 except whether the proof was used before.
   * @param thumbprint the thumbprint of the key that the token is bound to
   * @throws Refusal
   */
  check(request: GuardedRequest, token: string, thumbprint: unknown): Promise<Proof>
  /**
   * Notes that the proof is used.
   * @returns `'unknown'` if the store failed and the option `whenReplayStoreFails` is `'allow'`
   * @throws Refusal `proof_replayed`, `replay_store_unavailable`
   */
  use(proof: Proof): Promise<'new' | 'unknown'>
}

/** A proof that was checked. */
export interface Proof {
  /** Its name in the replay store: a hash of the key, `htu` and `jti`. The signature is not part of it, because it has several spellings. */
  readonly key: string
  /** How long the proof would be accepted again, in epoch milliseconds. */
  readonly until: number
  /** The thumbprint of the key that made it. */
  readonly owner: string
}

const NAMES: OptionNames<DpopProofOptions> = {
  required: true,
  algorithms: true,
  baseUrl: true,
  maxAge: true,
  maxAhead: true,
  nonce: true,
  replayStore: true,
  whenReplayStoreFails: true,
}
const NONCE_NAMES: OptionNames<NonceOptions> = { secret: true, lifetime: true }
const DEFAULT_ALGORITHMS = ['ES256', 'Ed25519', 'EdDSA', 'RS256', 'PS256']
const LONGEST_JTI = 256
/** How far the clocks of processes that share a replay store may be apart, ms. */
const CLOCKS_APART = 10_000

/** @throws TokenManagerError `ERR_INVALID_OPTION` */
export function dpopProofs(options: DpopProofOptions, now: () => number, signatures?: SignatureMode): DpopProofs {
  const { required = false, algorithms = DEFAULT_ALGORITHMS, baseUrl, maxAge = 60_000, maxAhead = 10_000 } = options
  const { replayStore = memoryReplayStore({ now }), whenReplayStoreFails = 'deny', nonce: nonceOptions } = options
  checkOptionNames(options, NAMES, 'dpop.')
  const areKnown = algorithms.length > 0 && algorithms.every((alg) => signatureAlgorithms.includes(alg))
  if (!areKnown) throw invalidOption(`dpop.algorithms has to be of ${signatureAlgorithms.join(', ')}`)
  if (!(maxAge > 0 && maxAge <= 300_000)) throw invalidOption('dpop.maxAge has to be 1 to 300 000 ms')
  if (!(maxAhead >= 0 && maxAhead <= 60_000)) throw invalidOption('dpop.maxAhead has to be 0 to 60 000 ms')
  if (baseUrl !== undefined && !isBaseUrl(baseUrl))
    throw invalidOption('dpop.baseUrl has to be an absolute http(s) URL without query and fragment')
  const lifetime = checkNonceOptions(nonceOptions)
  const ownNonces = nonceOptions && nonces(nonceOptions, now)
  const reusableFor = ownNonces ? 2 * lifetime : maxAge + maxAhead

  return {
    required,
    algorithms,
    nonces: ownNonces,
    async check(request, token, thumbprint) {
      const text = proofOf(request)
      const { alg, jwk, claims } = readProof(text)
      const { jti, place } = checkClaims(request, claims)
      if (claims.ath !== (await sha256(token))) throw invalid('ath')

      const key = await proofKey(jwk, alg)
      if (key.thumbprint !== thumbprint) throw new Refusal('binding_mismatch', 'the proof is of another key')
      // Checked after the key: a client with the wrong key should learn that, and not be asked for a nonce first.
      await checkAge(claims)
      // Checked last, because it costs most. So only a client that has a token for this key can make the guard verify signatures.
      await checkSignature(text, key, alg, signatures)

      const owner = key.thumbprint
      const until = now() + reusableFor + CLOCKS_APART
      return { key: await sha256(JSON.stringify([owner, place, jti])), until, owner }
    },
    async use({ key, until, owner }) {
      const isNew = await replayStore.add(key, until, owner).catch(() => undefined)
      if (isNew === false) throw new Refusal('proof_replayed')
      if (isNew === undefined && whenReplayStoreFails === 'deny') throw new Refusal('replay_store_unavailable')
      return isNew ? 'new' : 'unknown'
    },
  }

  function readProof(text: string) {
    const proof = readJwt(text)
    if (!proof) throw invalid('it is no JWT')
    const { typ, alg, crit, jwk } = proof.header
    if (typ !== 'dpop+jwt') throw invalid('typ')
    if (typeof alg !== 'string' || !algorithms.includes(alg)) throw invalid('alg')
    if (crit !== undefined) throw invalid('crit')
    return { alg, jwk, claims: proof.claims }
  }

  function checkClaims(request: GuardedRequest, { jti, htm, htu }: UnverifiedJwt['claims']) {
    if (typeof jti !== 'string' || jti === '') throw invalid('jti')
    if (jti.length > LONGEST_JTI) throw invalid(`jti is longer than ${LONGEST_JTI} characters`)
    if (typeof htm !== 'string' || htm !== request.method) throw invalid('htm')
    const place = typeof htu === 'string' ? normalizedHtu(htu) : undefined
    if (place === undefined || place !== placeOf(request)) throw invalid('htu')
    return { jti, place }
  }

  async function checkAge({ iat, nonce }: UnverifiedJwt['claims']): Promise<void> {
    if (typeof iat !== 'number' || !Number.isFinite(iat)) throw invalid('iat')

    if (ownNonces) {
      if (!(await ownNonces.accepts(nonce)))
        throw new Refusal('nonce_required', 'it has no nonce of this API, or one that is too old')
      return
    }

    const made = iat * 1_000
    if (made < now() - maxAge) throw invalid('iat is too old (option dpop.maxAge)')
    if (made > now() + maxAhead) throw invalid('iat is to come (option dpop.maxAhead)')
  }

  function placeOf({ url = '' }: GuardedRequest): string | undefined {
    if (baseUrl === undefined) {
      const own = normalizedHtu(url)
      if (own === undefined)
        throw new Refusal('guard_failed', 'the request has no absolute URL: set option dpop.baseUrl')
      return own
    }

    const path = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]*/i, '')
    return normalizedHtu(baseUrl.replace(/\/$/, '') + path)
  }
}

function isBaseUrl(url: string): boolean {
  return normalizedHtu(url) !== undefined && !/[?#]/.test(url)
}

/** @returns how long a nonce is valid, in milliseconds */
function checkNonceOptions(options: NonceOptions = {}): number {
  checkOptionNames(options, NONCE_NAMES, 'dpop.nonce.')
  const { secret, lifetime = 300_000 } = options
  if (secret && secret.length < 32) throw invalidOption('dpop.nonce.secret has to be at least 32 bytes')
  if (!(lifetime >= 10_000 && lifetime <= 3_600_000))
    throw invalidOption('dpop.nonce.lifetime has to be 10 000 to 3 600 000 ms')
  return lifetime
}

function proofOf(request: GuardedRequest): string {
  const fields = fieldValues(request, 'dpop')
  const [field] = fields
  if (field === undefined) throw new Refusal('proof_missing')
  if (fields.length > 1) throw invalid('more than one DPoP field')
  return field
}

async function checkSignature(text: string, { jwk }: ProofKey, alg: string, mode?: SignatureMode): Promise<void> {
  const key = await verificationKey(jwk, alg, mode)
  if (!key) throw invalid('jwk')
  if (!(await isSignedBy(text, key, alg))) throw invalid('signature')
}

function invalid(detail: string): Refusal {
  return new Refusal('proof_invalid', detail)
}
