import { TokenManagerError } from '../errors.ts'
import type { EpochMs, JsonWebKey, Platform, Signing, SigningKey } from '../ports.ts'
import type { AccessToken, ProofChallenge, Proofs } from './access-token.ts'
import { base64url, base64urlOf } from './base64url.ts'
import { parseChallenges } from './challenge.ts'
import type { Attempt, Attempted } from './exchange.ts'
import { numberOf, textOf } from './json-members.ts'
import { sha256 } from './sha256.ts'

/** The key that the tokens of one grant are bound to. */
export interface DpopKey extends SigningKey {
  /** How far the authorization server's clock was ahead of this device's when the grant began, in milliseconds. */
  readonly clockOffset?: number | undefined
}

/** Options of `dpop()`. */
export interface DpopOptions {
  /** Whether to refuse what is not bound to a key: servers without DPoP, Bearer tokens, sessions without a key. Default false. */
  readonly required?: boolean | undefined
  /**
   * JWS algorithms, the best first. The first one that the server's metadata lists and the platform has is used. `Ed25519` is the new name
   * of the algorithm `EdDSA`. Default `['ES256']`.
   */
  readonly algorithms?: readonly ('ES256' | 'Ed25519' | 'EdDSA')[] | undefined
  /** Makes keys and signatures, for keys that the platform's Web Cryptography does not hold. Default: Web Cryptography. */
  readonly signing?: Signing
}

/** The difference between this device's clock and another one. */
export interface ClockOff {
  /** How far this device's clock is ahead of the other one, in milliseconds. Negative if it is behind. */
  readonly by: number
  /** The origin of the API that has the other clock. Absent if it is the authorization server's. */
  readonly origin?: string | undefined
}

/** A token request that was not sent because its key is gone. */
export interface KeyLost {
  /** The same kind as of an answer that cannot be used. */
  readonly kind: 'invalid'
  /** An error with the reason `dpop_key_lost`. */
  readonly error: TokenManagerError
}

/** Makes the proofs for the tokens of one authorization server. Takes nonces and the time from the answers of the server and of APIs. */
export interface DpopProver {
  /** Option `required`. */
  readonly required: boolean
  /** How far the authorization server's clock is ahead of this device's, in milliseconds. `undefined` while that is not known. */
  readonly clockOffset: number | undefined
  /**
   * Makes a key for a new grant. Gives `undefined` if the server does not offer DPoP, or no algorithm that the platform has.
   * @param listed the algorithms in the server's metadata (RFC 9449 §5.1)
   * @throws TokenManagerError `ERR_UNSUPPORTED` instead of `undefined` if DPoP is required
   */
  newKey(listed: unknown): Promise<DpopKey | undefined>
  /** The JWK thumbprint of `key` (RFC 7638), for `dpop_jkt` (RFC 9449 §10). */
  thumbprint(key: DpopKey): Promise<string>
  /** Whether tokens of these `types` can be used that are bound to `key`, or to no key if that is `undefined`. */
  canUse(key: DpopKey | undefined, types: readonly string[]): boolean
  /**
   * Makes a new proof for one request (RFC 9449 §4.2).
   * @param token the access token in the request, the same object each time. Absent if the request goes to the authorization server
   * @throws TokenManagerError `ERR_SIGNED_OUT`, reason `dpop_key_lost`
   */
  prove(key: DpopKey | undefined, method: string, url: string, token?: { readonly value: string }): Promise<string>
  /**
   * Reads the authorization server's answer to a request that was sent at `sentAt`.
   * @param error the `error` in the answer
   * @param proof the proof in the request. Absent if it had none
   * @returns why the request should be sent again with a new proof (RFC 9449 §8). `undefined` if a new proof would not help
   */
  heedServer(answer: Response, error: unknown, sentAt: EpochMs, proof?: string): ProofChallenge | undefined
  /**
   * Reads an API's answer to a request to `url` that carried `proof`.
   * @param last whether the token is not going to be replaced any more
   * @returns why the request should be sent again with a new proof (RFC 9449 §9). `undefined` if a new proof would not help
   * @throws TokenManagerError `ERR_UNSUPPORTED` if `last` is true and the API's challenges name only other schemes
   */
  heed(answer: Response, url: string, proof: string, last: boolean): ProofChallenge | undefined
  /**
   * Learns the server's time from an ID token.
   * @param iat when the ID token was issued, as it says itself
   * @param previous the `iat` of the ID token before it
   * @param sentAt when the request was sent that brought it
   */
  tell(iat: unknown, previous: unknown, sentAt: EpochMs): void
  /**
   * Makes what adds proofs to requests to APIs.
   * @param keyOf finds the key that a token is bound to
   * @param lost called when the key of `token` is gone, before the request rejects
   */
  proofs(
    keyOf: (token: AccessToken) => DpopKey | undefined | Promise<DpopKey | undefined>,
    lost?: (token: AccessToken, error: TokenManagerError) => Promise<void>,
  ): Proofs
  /**
   * Sends a token request with a proof for `key`. If the server asks for another proof, it is sent again, at most once for each reason (RFC
   * 9449 §8).
   */
  send(key: DpopKey | undefined, url: string, attempt: Attempt): Promise<Attempted['said'] | KeyLost>
}

const DEFAULT_ALGORITHMS = ['ES256'] as const
/** The key of the authorization server in maps that have an origin as key. */
const SERVER = ''
/** A clock that differs by less counts as right, in milliseconds. The network alone can take that long. */
const TOLERANCE = 5_000
/** A difference of more than this is not believed, in milliseconds. */
const FARTHEST = 86_400_000
/** A URL that every `fetch` sends exactly as it is written. Any other URL is first written as the platform would send it. */
const PLAIN = /^https?:\/\/[a-z\d.-]+(:(?!443\/|80\/)\d+)?\/(?!.*\/\.)(?!\.)[\w~!$&'()*+,;=:@%/.-]*$/
const ascii = new TextEncoder()

/** The ports that a prover needs. */
export interface ProverPlatform extends Pick<Platform, 'crypto' | 'clock'>, Partial<Pick<Platform, 'store'>> {
  /** Called when the device's clock is found to be wrong, once for each difference. */
  readonly onClockOff?: ((details: ClockOff) => void) | undefined
}

/** Makes a prover. It keeps only nonces, the differences between clocks, and what it has computed, and only in memory. */
export function dpopProver(
  { required = false, algorithms = DEFAULT_ALGORITHMS, signing }: DpopOptions & { readonly signing: Signing },
  { crypto, clock, store, onClockOff }: ProverPlatform,
): DpopProver {
  /** The last nonce that each origin gave. */
  const nonces = new Map<string, string>()
  const hashes = new WeakMap<object, string>()
  let signer: { x: string | undefined; header: string; sign: Awaited<ReturnType<Signing['signer']>> } | undefined
  /** How far the clock of each origin is ahead of this device's, in milliseconds. An origin without an entry has the server's offset. */
  const offsets = new Map<string, number>()
  /** The offset of each origin that `onClockOff` was last called with. */
  const told = new Map<string, number>()
  /** The server's offset when the grant of the last proof began. */
  let remembered = 0
  /** Random bytes for many proofs. They are drawn together, because a draw costs more than any other step but the signature. */
  let randomness = new Uint8Array()

  const prover: DpopProver = {
    required,
    get clockOffset() {
      return offsets.get(SERVER)
    },
    async newKey(listed) {
      const offered: readonly string[] = Array.isArray(listed) ? listed.map(textOf) : []
      for (const alg of algorithms) {
        const key =
          offered.includes(alg) && (await signing.generate(alg, store?.textOnly === true).catch(() => undefined))
        if (key) return key
      }
      if (!required) return

      const what = `No algorithm in common: option dpop has ${algorithms}, the metadata ${offered}`
      throw new TokenManagerError('ERR_UNSUPPORTED', 'dpop_unsupported', what)
    },
    thumbprint: ({ publicKey }) => sha256({ crypto }, JSON.stringify(membersOf(publicKey))),
    canUse(key, types) {
      if (!key) return !required && !types.includes('DPoP')
      return isPrivate(key.privateKey) && typeof key.publicKey?.x === 'string'
    },
    async prove(key, method, url, token) {
      try {
        const { header, sign } = signer?.x === key?.publicKey.x && signer ? signer : await signerOf(key as DpopKey)
        const ath = token && (hashes.get(token) ?? (await hashOf(token)))

        if (!randomness.length) randomness = crypto.randomBytes(1024)
        const jti = base64url(randomness.subarray(0, 16))
        randomness = randomness.subarray(16)

        remembered = key?.clockOffset ?? 0
        const place = token ? originOf(url) : SERVER
        const proof = `${header}.${encode({
          jti,
          htm: /[a-z]/.test(method) ? asSent(method) : method,
          htu: htuOf(url),
          iat: Math.floor((clock.now() + offsetOf(place)) / 1000),
          ath,
          nonce: nonces.get(place),
        })}`
        return `${proof}.${base64url(new Uint8Array(await sign(ascii.encode(proof))))}`
      } catch (cause) {
        throw new TokenManagerError('ERR_SIGNED_OUT', 'dpop_key_lost', undefined, { cause })
      }
    },
    heedServer(answer, error, sentAt, proof) {
      learn(SERVER, answer, sentAt)
      return heed(answer, SERVER, error, proof)
    },
    heed(answer, url, proof, last) {
      const { status, headers } = answer
      const field = headers.get('www-authenticate')
      const isRefused = status > 399 && status < 500
      const challenges = isRefused ? parseChallenges(field) : []
      const mine = challenges.find(({ scheme }) => scheme === 'dpop')

      const takesOthersOnly = challenges.length > 0 && !mine
      const isFinal = last && status === 401
      if (isFinal && takesOthersOnly)
        throw new TokenManagerError('ERR_UNSUPPORTED', 'dpop_unsupported_by_resource', 'The API does not take DPoP')

      const nonce = headers.get('dpop-nonce')
      const place = originOf(url)
      const error = mine?.params.error
      // Other answers may come from a cache. Then their Date is old.
      const isFresh = nonce || error === 'invalid_dpop_proof'
      if (isFresh && headers.has('date')) learn(place, answer, madeAt(proof) - offsetOf(place))

      // CORS may hide the challenge. A nonce that was not in the proof is then the most likely reason for the 401.
      const isUnread = status === 401 && !field && nonce && !payloadOf(proof).includes(`"${nonce}"`)
      return heed(answer, place, isUnread ? 'use_dpop_nonce' : error, proof)
    },
    tell(iat, previous, sentAt) {
      // An ID token that the server sends unchanged again says nothing about the present time.
      if (iat && iat !== previous) learnt(SERVER, numberOf(iat) * 1000, sentAt)
    },
    proofs: (keyOf, lost) => ({
      async prove(token, method, url, headers) {
        delete headers.dpop
        if (token.type !== 'DPoP') return

        try {
          headers.dpop = await prover.prove(await keyOf(token), method, url, token)
        } catch (error) {
          await lost?.(token, error as TokenManagerError)
          throw error
        }
      },
      heed: (answer, url, { dpop }, last) => (dpop ? prover.heed(answer, url, dpop, last) : undefined),
    }),
    async send(key, url, attempt) {
      for (const challenges = new Set<string>(); ; ) {
        let proof: string | undefined
        try {
          proof = key && (await prover.prove(key, 'POST', url))
        } catch (error) {
          return { kind: 'invalid', error: error as TokenManagerError }
        }

        const { response, said, sentAt } = await attempt(proof ? { dpop: proof } : {})
        const error = said.kind === 'answer' ? said.body?.error : undefined
        const challenge = prover.heedServer(response, error, sentAt, proof)
        if (!challenge || challenges.has(challenge)) return said

        challenges.add(challenge)
      }
    },
  }
  return prover

  function offsetOf(place: string): number {
    return offsets.get(place) ?? offsets.get(SERVER) ?? remembered
  }

  function learn(place: string, { headers }: Response, sentAt: EpochMs): void {
    learnt(place, Date.parse(headers.get('date') ?? ''), sentAt)
  }

  /** Notes that the clock at `place` showed `time` in the answer to a request that was sent at `sentAt`. */
  function learnt(place: string, time: EpochMs, sentAt: EpochMs): void {
    const now = clock.now()
    const ahead = time - now
    // An answer that took long says little: the page may have slept since the request was sent.
    if (!(Math.abs(ahead) < FARTHEST && Math.abs(now - sentAt) < 2 * TOLERANCE)) return

    const offset = Math.abs(ahead) < TOLERANCE ? 0 : ahead
    offsets.set(place, offset)

    const isNews = Math.abs(offset - (told.get(place) ?? 0)) >= TOLERANCE
    if (!isNews) return

    told.set(place, offset)
    if (offset) onClockOff?.({ by: -offset, origin: place || undefined })
  }

  function heed(answer: Response, place: string, error: unknown, proof?: string): ProofChallenge | undefined {
    const nonce = answer.headers.get('dpop-nonce')
    if (nonce) nonces.set(place, nonce)

    if (error === 'use_dpop_nonce') return nonce ? error : undefined
    if (error !== 'invalid_dpop_proof' || !proof) return

    const isOld = () => Math.abs(madeAt(proof) - clock.now() - offsetOf(place)) > TOLERANCE
    // A server that gives nonces may check the nonce of a proof instead of its time.
    const hasNewNonce = nonce && !payloadOf(proof).includes(`"${nonce}"`)
    if (hasNewNonce || isOld()) return error

    // The answer has no Date. So the other assumption is tried: with an offset, that the clocks agree; without one, that this clock differs
    // from the API's as much as from the authorization server's.
    if (!answer.headers.has('date')) offsets.set(place, offsetOf(place) ? 0 : (offsets.get(SERVER) ?? remembered))
    return isOld() ? error : undefined
  }

  async function signerOf(key: DpopKey) {
    const { alg, publicKey } = key
    const header = encode({ typ: 'dpop+jwt', alg, jwk: membersOf(publicKey) })
    signer = { x: publicKey.x, header, sign: await signing.signer(key) }
    return signer
  }

  async function hashOf(token: { readonly value: string }) {
    const hash = await sha256({ crypto }, token.value)
    hashes.set(token, hash)
    return hash
  }
}

/**
 * Whether `key` can sign: it is a private `CryptoKey`, the name of a key in hardware, or a private JWK. It may come from a store, and be
 * anything.
 */
function isPrivate(key: DpopKey['privateKey'] | null | undefined): boolean {
  if (!key || typeof key !== 'object') return false

  const isHandle = 'type' in key && key.type === 'private'
  const text = 'alias' in key ? key.alias : (key as JsonWebKey).d
  return isHandle || typeof text === 'string'
}

/** The members of a public key that its thumbprint is computed from, in the order of RFC 7638 §3.2. No private member is among them. */
function membersOf({ crv, kty, x, y }: JsonWebKey): JsonWebKey {
  return { crv, kty, x, y } as JsonWebKey
}

/** `method` as `fetch` sends it. Which methods it changes to capitals depends on the platform and its version. */
function asSent(method: string): string {
  try {
    return new Request('http://a', { method }).method
  } catch {
    return method
  }
}

function encode(value: object): string {
  const json = JSON.stringify(value)
  return base64urlOf(json.replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`))
}

function payloadOf(proof: string): string {
  return atob((proof.split('.')[1] as string).replace(/-/g, '+').replace(/_/g, '/'))
}

/** The time in a proof's `iat`, in epoch milliseconds. NaN if it has none. */
function madeAt(proof: string): EpochMs {
  return Number(/"iat":(\d+)/.exec(payloadOf(proof))?.[1]) * 1000
}

/** The proof's `htu`: the URL as it is sent, without query and fragment (RFC 9449 §4.2). */
function htuOf(url: string): string {
  const [bare = ''] = url.split(/[?#]/, 1)
  return PLAIN.test(bare) ? bare : new Request(bare).url
}

function originOf(url: string): string {
  return htuOf(url).split('/', 3).join('/')
}
