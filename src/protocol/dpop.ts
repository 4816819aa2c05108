import { TokenManagerError } from '../errors.ts'
import type { EpochMs, Platform, Signing, SigningKey } from '../ports.ts'
import { base64url, base64urlOf } from './base64url.ts'
import { parseChallenges } from './challenge.ts'

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

/** Makes the proofs of one authorization server's tokens, and learns from its answers and those of the APIs. */
export interface DpopProver {
  /** Whether it is refused to go without. */
  readonly required: boolean
  /** How far the server's clock is ahead of ours, ms; absent: nothing was learnt yet. */
  readonly clockOffset: number | undefined
  /**
   * A key for a new grant, or `undefined` where the server does not offer DPoP, or the platform lacks what it offers.
   * @param offered what the server's metadata lists (RFC 9449 §5.1)
   * @throws TokenManagerError `ERR_UNSUPPORTED` in place of `undefined` when DPoP is required
   */
  newKey(offered: readonly string[] | undefined): Promise<DpopKey | undefined>
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
   * @returns whether another proof may do (RFC 9449 §8)
   */
  heedServer(answer: Response, error: unknown, sentAt: EpochMs): boolean
  /**
   * Hears an API's answer to a request to `url` that carried `proof`.
   * @param last whether the token is not going to be replaced any more
   * @returns whether another proof may do (RFC 9449 §9)
   * @throws TokenManagerError `ERR_UNSUPPORTED` if it is the last and the API speaks only of other schemes
   */
  heed(answer: Response, url: string, proof: string, last: boolean): boolean
  /** The server's clock says `time`, in an answer to a request that was sent at `sentAt`. */
  tell(time: EpochMs, sentAt: EpochMs): void
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

/** Makes proofs. Nothing is kept but nonces, the clock's offset and what is cached. */
export function dpopProver(
  { required = false, algorithms = DEFAULT_ALGORITHMS, signing }: DpopOptions & { readonly signing: Signing },
  { crypto, clock, store }: Pick<Platform, 'crypto' | 'clock'> & Partial<Pick<Platform, 'store'>>,
): DpopProver {
  /** The last one each origin gave. */
  const nonces = new Map<string, string>()
  const hashes = new WeakMap<object, string>()
  let signer: { x: string | undefined; header: string; sign: Awaited<ReturnType<Signing['signer']>> } | undefined
  let clockOffset: number | undefined
  /** In the last proof. */
  let usedOffset = 0
  /** Drawn for many proofs at a time: a draw costs more than all else in a proof but its signature. */
  let randomness = new Uint8Array()

  const prover: DpopProver = {
    required,
    get clockOffset() {
      return clockOffset
    },
    async newKey(offered = []) {
      for (const alg of algorithms) {
        const key =
          offered.includes(alg) && (await signing.generate(alg, store?.textOnly === true).catch(() => undefined))
        if (key) return key
      }
      if (!required) return
      const what = `DPoP is required, and there is no algorithm that option dpop (${algorithms}), the metadata (${offered}) and this platform have in common`
      throw new TokenManagerError('ERR_UNSUPPORTED', 'dpop_unsupported', what)
    },
    thumbprint: ({ publicKey }) => sha256(JSON.stringify(membersOf(publicKey))),
    canUse(key, types) {
      if (!key) return !required && !types.includes('DPoP')
      const { type, d } = Object(key.privateKey)
      return (type === 'private' || typeof d === 'string') && typeof key.publicKey?.x === 'string'
    },
    async prove(key, method, url, token) {
      try {
        const { header, sign } = signer?.x === key?.publicKey.x && signer ? signer : await signerOf(key as DpopKey)
        const ath = token && (hashes.get(token) ?? (await hashOf(token)))
        if (!randomness.length) randomness = crypto.randomBytes(1024)
        const jti = base64url(randomness.subarray(0, 16))
        randomness = randomness.subarray(16)
        usedOffset = clockOffset ?? key?.clockOffset ?? 0
        const proof = `${header}.${encode({
          jti,
          htm: /[a-z]/.test(method) ? asSent(method) : method,
          htu: htuOf(url),
          iat: Math.floor((clock.now() + usedOffset) / 1000),
          ath,
          nonce: nonces.get(token ? originOf(url) : SERVER),
        })}`
        return `${proof}.${base64url(new Uint8Array(await sign(ascii.encode(proof))))}`
      } catch (cause) {
        const what = 'The key that the tokens are bound to is gone or cannot sign'
        throw new TokenManagerError('ERR_SIGNED_OUT', 'dpop_key_lost', what, { cause })
      }
    },
    heedServer(answer, error, sentAt) {
      prover.tell(dateOf(answer), sentAt)
      return heed(answer, SERVER, error)
    },
    heed(answer, url, proof, last) {
      const { status, headers } = answer
      const field = headers.get('www-authenticate')
      const challenges = status === 401 ? parseChallenges(field) : []
      const mine = challenges.find(({ scheme }) => scheme === 'dpop')
      if (last && challenges.length && !mine)
        throw new TokenManagerError('ERR_UNSUPPORTED', 'dpop_unsupported_by_resource', 'The API does not take DPoP')
      const nonce = headers.get('dpop-nonce')
      // Where the challenge cannot be read (CORS), a nonce that the proof did not have is the likeliest reason.
      const unread = status === 401 && !field && nonce && !payloadOf(proof).includes(`"${nonce}"`)
      return heed(answer, originOf(url), unread ? 'use_dpop_nonce' : mine?.params.error)
    },
    tell(time, sentAt) {
      const now = clock.now()
      const ahead = time - now
      // This page may have slept since, or the answer come from far away.
      if (!(Math.abs(ahead) < FARTHEST && Math.abs(now - sentAt) < 2 * TOLERANCE)) return
      clockOffset = Math.abs(ahead) < TOLERANCE ? 0 : ahead
    },
  }
  return prover

  function heed(answer: Response, place: string, error: unknown): boolean {
    const nonce = answer.headers.get('dpop-nonce')
    if (nonce) nonces.set(place, nonce)
    if (error === 'use_dpop_nonce') return Boolean(nonce)
    if (error !== 'invalid_dpop_proof') return false
    // Perhaps our clock is wrong; or it is right again, and what was learnt about it is not.
    clockOffset = 0
    prover.tell(dateOf(answer), clock.now())
    return clockOffset !== usedOffset
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

/** NaN where it is not to be read. */
function dateOf({ headers }: Response): EpochMs {
  return Date.parse(headers.get('date') ?? '')
}

/** The URL as it is sent, without query and fragment (RFC 9449 §4.2). */
function htuOf(url: string): string {
  const [bare = ''] = url.split(/[?#]/, 1)
  return PLAIN.test(bare) ? bare : new Request(bare).url
}

function originOf(url: string): string {
  return htuOf(url).split('/', 3).join('/')
}
