import { TokenManagerError } from '../errors.ts'
import type { EpochMs, JsonWebKey, Platform, Signing, SigningKey } from '../ports.ts'
import type { AccessToken, ProofChallenge, Proofs } from './access-token.ts'
import { base64url, base64urlOf } from './base64url.ts'
import { parseChallenges } from './challenge.ts'
import type { Attempt, Attempted } from './exchange.ts'
import { numberOf, textOf } from './json-members.ts'

/** The key of one grant. */
export interface DpopKey extends SigningKey {
  /** How far the authorization server's clock was ahead of ours when the grant began, ms. */
  readonly clockOffset?: number | undefined
}

/** Options of `dpop()`. */
export interface DpopOptions {
  /** Refuses whatever is not bound to a key: servers without DPoP, Bearer answers, unbound sessions. Default false. */
  readonly required?: boolean | undefined
  /**
   * JWS algorithms, best first; the first one is taken that the server's metadata lists and the platform has. Default `['ES256']`.
   * `Ed25519` and `EdDSA` are one algorithm under its new and its old name.
   */
  readonly algorithms?: readonly ('ES256' | 'Ed25519' | 'EdDSA')[] | undefined
  /** Replaces the platform's Web Cryptography, for keys that it keeps elsewhere. */
  readonly signing?: Signing
}

/** This device's clock and another one do not agree. */
export interface ClockOff {
  /** How far this device's clock is ahead of the other, ms; negative: behind. */
  readonly by: number
  /** The API whose clock it is; absent: the authorization server's. */
  readonly origin?: string | undefined
}

/** A token request that was not sent, as its key is gone. */
export interface KeyLost {
  /** As of an answer that cannot be used. */
  readonly kind: 'invalid'
  /** `dpop_key_lost`. */
  readonly error: TokenManagerError
}

/** Makes the proofs of one authorization server's tokens, and learns from its answers and those of the APIs. */
export interface DpopProver {
  /** Whether it is refused to go without. */
  readonly required: boolean
  /** How far the authorization server's clock is ahead of ours, ms; absent: nothing was learnt yet. */
  readonly clockOffset: number | undefined
  /**
   * A key for a new grant, or `undefined` where the server does not offer DPoP, or the platform lacks what it offers.
   * @param listed what the server's metadata lists (RFC 9449 §5.1)
   * @throws TokenManagerError `ERR_UNSUPPORTED` in place of `undefined` when DPoP is required
   */
  newKey(listed: unknown): Promise<DpopKey | undefined>
  /** The JWK thumbprint of `key` (RFC 7638), for `dpop_jkt` (RFC 9449 §10). */
  thumbprint(key: DpopKey): Promise<string>
  /** Whether tokens that are bound to `key`, or to none, can be used. `types`: theirs. */
  canUse(key: DpopKey | undefined, types: readonly string[]): boolean
  /**
   * A new proof (RFC 9449 §4.2), for one attempt.
   * @param token the access token it goes with, the same object each time; absent: it goes to the authorization server
   * @throws TokenManagerError `ERR_SIGNED_OUT`, reason `dpop_key_lost`
   */
  prove(key: DpopKey | undefined, method: string, url: string, token?: { readonly value: string }): Promise<string>
  /**
   * Hears the authorization server's answer to a request that was sent at `sentAt`.
   * @param error what it says of the request
   * @param proof what the request carried; absent: none
   * @returns why another proof may do (RFC 9449 §8); `undefined`: none would
   */
  heedServer(answer: Response, error: unknown, sentAt: EpochMs, proof?: string): ProofChallenge | undefined
  /**
   * Hears an API's answer to a request to `url` that carried `proof`.
   * @param last whether the token is not going to be replaced any more
   * @returns why another proof may do (RFC 9449 §9); `undefined`: none would
   * @throws TokenManagerError `ERR_UNSUPPORTED` if it is the last and the API speaks only of other schemes
   */
  heed(answer: Response, url: string, proof: string, last: boolean): ProofChallenge | undefined
  /** An ID token says that it was issued at `iat`, in an answer to a request that was sent at `sentAt`; the one before at `previous`. */
  tell(iat: unknown, previous: unknown, sentAt: EpochMs): void
  /**
   * Proofs for requests with tokens whose keys `keyOf` knows.
   * @param lost hears that the key of `token` is gone, before the call rejects
   */
  proofs(
    keyOf: (token: AccessToken) => DpopKey | undefined | Promise<DpopKey | undefined>,
    lost?: (token: AccessToken, error: TokenManagerError) => Promise<void>,
  ): Proofs
  /** Sends a token request with a proof for `key`, and once more for each reason that the server gives for wanting another one (RFC 9449 §8). */
  send(key: DpopKey | undefined, url: string, attempt: Attempt): Promise<Attempted['said'] | KeyLost>
}

const DEFAULT_ALGORITHMS = ['ES256'] as const
/** Where the authorization server's nonce is kept: no origin. */
const SERVER = ''
/** A clock that is off by less counts as right, ms: that much is the network. */
const TOLERANCE = 5_000
/** A clock that is off by more is not believed, ms. */
const FARTHEST = 86_400_000
/** Not sent again in another form by any `fetch`: what else there is becomes what the platform makes of it. */
const PLAIN = /^https?:\/\/[a-z\d.-]+(:(?!443\/|80\/)\d+)?\/(?!.*\/\.)(?!\.)[\w~!$&'()*+,;=:@%/.-]*$/
const ascii = new TextEncoder()

/** What a prover is made on. */
export interface ProverPlatform extends Pick<Platform, 'crypto' | 'clock'>, Partial<Pick<Platform, 'store'>> {
  /** Hears, once for each difference, that the device's clock is off. */
  readonly onClockOff?: ((details: ClockOff) => void) | undefined
}

/** Makes proofs. Nothing is kept but nonces, the clock's offset and what is cached. */
export function dpopProver(
  { required = false, algorithms = DEFAULT_ALGORITHMS, signing }: DpopOptions & { readonly signing: Signing },
  { crypto, clock, store, onClockOff }: ProverPlatform,
): DpopProver {
  /** The last one each origin gave. */
  const nonces = new Map<string, string>()
  const hashes = new WeakMap<object, string>()
  let signer: { x: string | undefined; header: string; sign: Awaited<ReturnType<Signing['signer']>> } | undefined
  /** How far the clock of each origin is ahead of ours, ms. Who has none of its own has the authorization server's. */
  const offsets = new Map<string, number>()
  const told = new Map<string, number>()
  /** The authorization server's, when the grant of the last proof began. */
  let remembered = 0
  /** Drawn for many proofs at a time: a draw costs more than all else in a proof but its signature. */
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
    thumbprint: ({ publicKey }) => sha256(JSON.stringify(membersOf(publicKey))),
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
      // Any other answer may come from a cache, and its Date with it.
      const isFresh = nonce || error === 'invalid_dpop_proof'
      if (isFresh && headers.has('date')) learn(place, answer, madeAt(proof) - offsetOf(place))
      // Where the challenge cannot be read (CORS), a nonce that the proof did not have is the likeliest reason.
      const isUnread = status === 401 && !field && nonce && !payloadOf(proof).includes(`"${nonce}"`)
      return heed(answer, place, isUnread ? 'use_dpop_nonce' : error, proof)
    },
    tell(iat, previous, sentAt) {
      // An ID token that has not changed says nothing about the time.
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
      heed: (answer, url, { dpop }, last) => (dpop === undefined ? undefined : prover.heed(answer, url, dpop, last)),
    }),
    async send(key, url, attempt) {
      for (const challenges = new Set<string>(); ; ) {
        let proof: string | undefined
        try {
          proof = key && (await prover.prove(key, 'POST', url))
        } catch (error) {
          return { kind: 'invalid', error: error as TokenManagerError }
        }
        const { response, said, sentAt } = await attempt(proof === undefined ? {} : { dpop: proof })
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

  /** A clock says `time`, in the answer to a request that was sent at `sentAt`. */
  function learnt(place: string, time: EpochMs, sentAt: EpochMs): void {
    const now = clock.now()
    const ahead = time - now
    // This page may have slept since, or the answer come from far away.
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
    // Whoever gives a nonce may judge a proof by that, and not by its time.
    const hasNewNonce = nonce && !payloadOf(proof).includes(`"${nonce}"`)
    if (hasNewNonce || isOld()) return error
    // Nobody says what time it is there: our clock may be right again, or not be off in the way the authorization server's is.
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
    const hash = await sha256(token.value)
    hashes.set(token, hash)
    return hash
  }

  async function sha256(text: string) {
    return base64url(await crypto.sha256(ascii.encode(text)))
  }
}

/** A handle that can sign, the name of one, or a private JWK; what a store gave back may be none of them. */
function isPrivate(key: DpopKey['privateKey'] | null | undefined): boolean {
  if (typeof key !== 'object' || key === null) return false
  const isHandle = 'type' in key && key.type === 'private'
  const text = 'alias' in key ? key.alias : (key as JsonWebKey).d
  return isHandle || typeof text === 'string'
}

/** Those that make the thumbprint, in its order (RFC 7638 §3.2), and so never a private one. */
function membersOf({ crv, kty, x, y }: JsonWebKey): JsonWebKey {
  return { crv, kty, x, y } as JsonWebKey
}

/** Which methods `fetch` puts into capitals differs between platforms and their ages. */
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

/** What time a proof says it is; NaN where it says none. */
function madeAt(proof: string): EpochMs {
  return Number(/"iat":(\d+)/.exec(payloadOf(proof))?.[1]) * 1000
}

/** The URL as it is sent, without query and fragment (RFC 9449 §4.2). */
function htuOf(url: string): string {
  const [bare = ''] = url.split(/[?#]/, 1)
  return PLAIN.test(bare) ? bare : new Request(bare).url
}

function originOf(url: string): string {
  return htuOf(url).split('/', 3).join('/')
}
