/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number

// These types are here because platforms without the DOM library lack them, and TypeScript before 5.7 has no `Uint8Array<ArrayBuffer>`.

/** Bytes in an `ArrayBuffer` of their own, never in a `SharedArrayBuffer`. */
export type Bytes = ReturnType<typeof Uint8Array.from>

/** The part of a platform's types that leads to its `CryptoKey`. */
interface WebCryptographyHost<Made> {
  readonly crypto: { readonly subtle: { generateKey(...args: never[]): Promise<Made> } }
}

/** A key of Web Cryptography, for platforms whose types have no `CryptoKey`. */
export interface CryptoKeyHandle {
  /** The algorithm that it is for, such as `{ name: 'ECDSA' }`. */
  readonly algorithm: { readonly name: string }
  /** Whether its bytes can be read. */
  readonly extractable: boolean
  /** `secret`, `private` or `public`. */
  readonly type: string
  /** What it may be used for, such as `sign`. */
  readonly usages: string[]
}

/** A key of Web Cryptography: the platform's own type if there is one. */
export type CryptoKey =
  typeof globalThis extends WebCryptographyHost<infer Made> ? Extract<Made, CryptoKeyHandle> : CryptoKeyHandle

/** A JSON Web Key (RFC 7517 §4, RFC 7518 §6), with the members of Web Cryptography's own type. */
export type JsonWebKey = {
  /** The algorithm it is for. */
  alg?: string
  /** The curve. */
  crv?: string
  /** The private part. */
  d?: string
  /** The exponent of a private RSA key's first factor. */
  dp?: string
  /** The exponent of a private RSA key's second factor. */
  dq?: string
  /** The exponent of an RSA key. */
  e?: string
  /** Whether its bytes may be exported. */
  ext?: boolean
  /** The value of a symmetric key. */
  k?: string
  /** What it may be used for. */
  key_ops?: string[]
  /** The kind of key. */
  kty?: string
  /** The modulus of an RSA key. */
  n?: string
  /** Further factors of a private RSA key. */
  oth?: RsaFactor[]
  /** The first factor of a private RSA key. */
  p?: string
  /** The second factor of a private RSA key. */
  q?: string
  /** The coefficient of a private RSA key. */
  qi?: string
  /** What it is for: `sig` or `enc`. */
  use?: string
  /** The x coordinate of a public key on a curve. */
  x?: string
  /** The y coordinate of a public key on a curve. */
  y?: string
}

/** A further factor of an RSA key (RFC 7518 §6.3.2.7). */
type RsaFactor = {
  d?: string
  r?: string
  t?: string
}

/** The Fetch standard's `fetch`. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** A value in a {@link Store}. */
export interface Stored<V> {
  /** The value that was written. */
  readonly value: V
  /** Opaque. Every write of this key makes a new tag. A tag never comes back, not even after a delete. */
  readonly tag: string
}

/**
 * Key-value storage with one atomic write, `swap`. That write has to be correct; a {@link Lock} only saves waiting. Both methods reject if
 * the storage fails. If another write was first, that is not a failure.
 */
export interface Store<V> {
  /** The value of `key`, or `undefined` if there is none. */
  get(key: string): Promise<Stored<V> | undefined>
  /**
   * Atomic compare-and-set: writes `value` if the tag in the store is `tag`, and returns whether it did.
   * @param tag the tag that was read last; `undefined` expects that the key is absent
   * @param value the new value; `undefined` deletes
   * @param options `durability: 'strict'` (default): the promise resolves only when the write survives a crash of the machine. `'relaxed'`:
   *   a crash may lose the write
   */
  swap(key: string, tag: string | undefined, value: V | undefined, options?: SwapOptions): Promise<boolean>
  /**
   * The clock of the storage, for hosts whose own clocks may be wrong. A manager uses it, unless it has an option `clock`. Absent: the clocks
   * of all hosts have to agree.
   */
  readonly clock?: Clock | undefined
  /** Default of a manager's option `confirmInterval` with this store, ms. Absent: 5 000. */
  readonly confirmInterval?: number | undefined
  /**
   * True if the store keeps values as text (files, Redis), so that a `CryptoKey` would be lost. Keys are then exportable, and are in the value
   * as JWK, next to the tokens. Default: the store keeps everything that structured clone keeps.
   */
  readonly textOnly?: boolean | undefined
  /**
   * Says which processes have ended, if only processes of one machine can reach this storage. Others then take over their unfinished work at
   * once. Absent: they wait until it is old enough.
   */
  readonly processes?: Processes | undefined
  /**
   * Calls `changed` when the tag of `key` is no longer `tag`, whoever wrote or deleted it. If that is so already, it calls `changed` soon, but
   * never in the same turn. It may miss a change, because whoever waits for one also reads now and then. Never throws, keeps no process
   * alive. Returns a function that ends this.
   * Absent: whoever waits for a change reads now and then, or hears of it through the channel.
   */
  readonly watch?: ((key: string, tag: string | undefined, changed: () => void) => () => void) | undefined
}

/** The processes of one machine. */
export interface Processes {
  /** The name of this process. No other process ever has the same. */
  readonly own: string
  /** Whether the process of this name has ended; false if that is not known. Never throws. */
  isOver(name: string): boolean
}

/** How safe a write has to be before `swap` resolves. */
export interface SwapOptions {
  /** Default `'strict'`. */
  readonly durability?: 'strict' | 'relaxed'
  /**
   * How long the value is needed, ms. A store that deletes by itself may delete it then, but not earlier. All other stores keep it.
   * Default: the store's own setting.
   */
  readonly expireAfter?: number
}

/** Mutual exclusion in the shape of Web Locks. It only makes waiting shorter. Everything is correct even if it excludes nobody. */
export interface Lock {
  /**
   * `'store'`: the lock excludes every context that can reach the same store, and ends with its holder.
   * `'process'`: it excludes only this process, so it says nothing about others. `'nothing'`: it excludes nobody.
   */
  readonly spans: 'store' | 'process' | 'nothing'
  /**
   * Runs `run` while holding the lock `name`, in the order of asking.
   * @param options `signal` ends the wait for the lock (rejects with its reason); once `run` was called it has no effect
   */
  request<T>(name: string, options: { readonly signal: AbortSignal }, run: () => Promise<T>): Promise<T>
}

/** Tells other contexts of the same store that something changed. Messages may be lost, late, repeated or out of order. They contain no secret. */
export interface Channel {
  /** Sends `message` to every other context that subscribed to `name`. It can be cloned (structured clone) and contains no secret. Never throws. */
  post(name: string, message: unknown): void
  /** Calls `listener` for the messages of other contexts, but not for its own. Returns a function that ends this. */
  subscribe(name: string, listener: (message: unknown) => void): () => void
}

/**
 * `online`, `visible`, `hidden`: as the platform reports them. `visible` also comes when a visible context gets the focus.
 * `resumed`: this context was asleep (frozen, restored from the back/forward cache, suspended), and what it remembers may be out of date.
 * `frozen`: this context is about to be frozen.
 */
export type LifecycleEvent = 'online' | 'visible' | 'hidden' | 'resumed' | 'frozen'

/** The life of the page, app or process. */
export interface Lifecycle {
  /** False only when the platform is sure that there is no network. */
  isOnline(): boolean
  /** False while this context is hidden. Platforms slow its timers down then, so it leaves work to other contexts. */
  isVisible(): boolean
  /** Calls `listener` on every change. Returns a function that ends this. */
  subscribe(listener: (event: LifecycleEvent) => void): () => void
}

/** The only source of time. */
export interface Clock {
  /** The wall clock, epoch milliseconds. It can jump. */
  now(): EpochMs
  /** Milliseconds since some start. It never goes back, and may stand still while the machine sleeps. */
  elapsed(): number
  /**
   * Runs `run` when `elapsed()` has reached `time`, never in the same turn. `time` may be any time ahead: platform timers overflow at
   * 2^31 ms, so a longer wait is made of shorter ones. Keeps no process alive. Returns a function that ends this.
   */
  at(time: number, run: () => void): () => void
}

/** A plaintext after `seal`. */
export interface Sealed {
  /** The initialization vector: 96 bits, new for every seal. */
  readonly iv: Bytes
  /** The ciphertext with its authentication tag. */
  readonly data: Bytes
  /** The key handles that were in the plaintext. They are kept beside the ciphertext: nobody can read their bytes, so they need no sealing. */
  readonly keys?: readonly unknown[]
}

/** Writes and reads what goes over the wire as text. Platforms with `URLSearchParams` and `TextDecoder` use `webText`. */
export interface WireText {
  /** The parameters, in their order, as `application/x-www-form-urlencoded` (WHATWG URL §5.2). */
  form(parameters: readonly (readonly [name: string, value: string])[]): string
  /** The parameters of a query, which may begin with `?` (WHATWG URL §5.1). Never throws. */
  query(text: string): readonly (readonly [name: string, value: string])[]
  /**
   * Decodes UTF-8 (WHATWG Encoding §8.1.1). Bytes that are not UTF-8 become U+FFFD.
   * @param bytes one character for each byte, as `atob` returns them
   */
  utf8(bytes: string): string
}

/** Random bytes and hashes: all the cryptography that the core itself needs. */
export interface Crypto {
  /** `length` cryptographically strong random bytes. Synchronous. */
  randomBytes(length: number): Bytes
  /** SHA-256 of `data`. */
  sha256(data: Bytes): Promise<Bytes>
}

/** Authenticated encryption, for stores that encrypt what they keep. */
export interface Sealing {
  /** A new key for `seal` and `open`. If the platform can do so, nobody can read its bytes. */
  generateKey(): Promise<CryptoKey>
  /** Encrypts with AES-256-GCM and a new IV. `aad` is authenticated, but not stored. */
  seal(key: CryptoKey, plaintext: Bytes, aad: Bytes): Promise<Sealed>
  /** Returns the plaintext. Rejects if the key, the data or `aad` is not the one that was used to seal it. */
  open(key: CryptoKey, sealed: Sealed, aad: Bytes): Promise<Bytes>
}

/** Takes a person to the authorization server and back (the external user agent of RFC 8252). */
export interface UserAgent {
  /**
   * Stands in every `state` of this user agent, between `statePrefix` and the random part. The page that gets the answer sees by it who
   * asked. It ends with `.`, which base64url does not have. Absent: nothing stands there.
   */
  readonly stateMarker?: string | undefined
  /**
   * Called synchronously at the start of a sign-in, still inside the person's click, because browsers open a window only then. Returns a
   * function that undoes it if the sign-in fails before `authorize()`. After `authorize()` that function does nothing.
   */
  prepare?(): () => void
  /**
   * The redirect URI of this sign-in, if it is known only now, such as the port of a loopback redirect (RFC 8252 §7.3).
   * Absent: the configured one.
   */
  redirectUri?(configured: string): Promise<string>
  /**
   * Opens `url`, and resolves with the full redirect URL when the person comes back to `redirectUri` with `state`. `url` does not always
   * contain `state` (RFC 9126). A redirect leaves this page and does not resolve: the page that comes back gets the URL from `callbackUrl()`.
   * Rejects with a `TokenManagerError` if the platform blocked it or the person gave up.
   */
  authorize(url: string, redirectUri: string, state: string): Promise<string>
  /**
   * The present URL, if it is an authorization response to `redirectUri` with a `state` that begins with `statePrefix`, or one without
   * `state` that this context {@link awaits}. It is taken out of the address bar at once (RFC 9700 §4.2.4), so a second call finds nothing.
   * `undefined`: there is no response. A promise: this context hands the response to the context that asked. It resolves to `undefined` if
   * that context took it, otherwise to the URL.
   */
  callbackUrl(redirectUri: string, statePrefix: string): string | undefined | Promise<string | undefined>
  /**
   * Whether this context (this tab, not another one of the same store) sent a person away with a `state` that begins with `statePrefix`, and
   * no answer has come since. If so, an answer that fits no sign-in is a failed sign-in. Otherwise it is ignored, because it is an old
   * link or a start URL that is read again. Asked before `callbackUrl()`. Absent: no.
   */
  awaits?(statePrefix: string): boolean
  /**
   * Calls `listener` with answers that no `authorize()` waits for: it gave up, or the process that asked has ended. An answer completes its
   * sign-in if the store still knows that sign-in. Otherwise it is an old link and ignored. Returns a function that ends this.
   * Absent: there are no such answers.
   */
  answers?(redirectUri: string, statePrefix: string, listener: (url: string) => void): () => void
}

/** Something that is missing, and what happens instead. */
export type Degradation =
  /** No usable persistent storage: the session lives in memory and ends with the page. */
  | 'store_unavailable'
  /** The sealing key cannot be kept: the session lives in memory and ends with the page. */
  | 'sealing_key_not_storable'
  /** No lock: contexts wait for one another by watching the record. */
  | 'lock_unavailable'
  /** No channel: contexts hear of one another by reading the record. */
  | 'channel_unavailable'
  /** No worker that refreshes: the page does it itself, and a refresh ends with it. */
  | 'worker_unavailable'
  /** The metadata names an endpoint that is not https, such as the one for revocation: it counts as absent. */
  | 'insecure_endpoint'
  /** An answer of the authorization server has no `token_type`: its access token is used as a Bearer token. */
  | 'token_type_missing'

/** Another context that refreshes in place of this one. It outlives this one for as long as any context has joined it. */
export interface RefreshElsewhere {
  /**
   * Asks it to refresh, unless the record is no longer the one of `from`. Resolves, within a limited time, when that context has begun,
   * has finished, or cannot do it. The caller then reads the record. Never rejects.
   */
  (
    from: { readonly grantId: string; readonly generation: number },
    target: { readonly [part in 'resource' | 'audience' | 'scope']?: string | undefined },
  ): Promise<void>
  /** Joins it, so that it does not end together with the context that asked. Called whenever there are new tokens. Never throws. */
  join(): void
}

/** The parts of one request that show who the client is. */
export interface ClientAuthenticationParts {
  /** Parameters for the form. They replace those of the same name. */
  readonly parameters?: Readonly<Record<string, string>>
  /** Headers, with their names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
}

/** How the client shows the authorization server who it is (RFC 6749 §2.3), on every request that it makes as the client. */
export interface ClientAuthentication {
  /** Its name in the server's `token_endpoint_auth_methods_supported` (RFC 8414 §2). */
  readonly method: string
  /**
   * The parts for one request. Called again for every attempt. If it rejects, the request is not sent.
   * @param server the authorization server, by its issuer identifier
   * @param client the client identifier, under its name in a registration (RFC 7591 §2)
   */
  authenticate(
    server: { readonly issuer: string },
    client: { readonly client_id: string },
  ): ClientAuthenticationParts | Promise<ClientAuthenticationParts>
  /** The metadata as it is for this way of authenticating, such as the endpoints for mutual TLS. Absent: the metadata as it is. */
  endpoints?(metadata: Readonly<Record<string, unknown>>): Record<string, unknown>
}

/** Everything that a platform gives to the manager. Options of the same name replace single parts. */
export interface Platform {
  /** Where sessions are kept. */
  readonly store: Store<unknown>
  /** For the authorization server and for resources. */
  readonly fetch: Fetch
  /** Makes waiting for another context shorter. */
  readonly lock: Lock
  /** Tells the other contexts of a change. */
  readonly channel: Channel
  /** Network and visibility. */
  readonly lifecycle: Lifecycle
  /** The only source of time. */
  readonly clock: Clock
  /** Random bytes and hashes. */
  readonly crypto: Crypto
  /** Default: `webText`. */
  readonly text?: WireText
  /** Absent: nobody can sign in interactively. */
  readonly userAgent?: UserAgent | undefined
  /** Base for relative URLs (`location.origin`). Absent: only absolute URLs are accepted. */
  readonly origin?: string | undefined
  /** Absent: every context refreshes for itself. */
  readonly refreshElsewhere?: RefreshElsewhere | undefined
  /** The authorization server's metadata, already checked, for platforms with many sessions at one server. Absent: each session loads it. */
  readonly metadata?: (() => Promise<Readonly<Record<'issuer', string>>>) | undefined
  /** Absent: a public client, with `client_id` in the body and no secret. */
  readonly clientAuthentication?: ClientAuthentication | undefined
  /** Calls `listener` with everything that turned out to be missing, also before this call. Returns a function that ends this. */
  onDegraded?(listener: (step: Degradation) => void): () => void
}

/** The name of a private key that stays in hardware (Secure Enclave, StrongBox). */
export interface KeyHandle {
  /** The name. It is not a secret. */
  readonly alias: string
}

/** A key pair for signatures, as it is stored. */
export interface SigningKey {
  /** JWS algorithm (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2): `ES256`, `Ed25519` or `EdDSA`. */
  readonly alg: string
  /** A handle whose bytes nobody can read. If the store keeps text only: the private JWK or a {@link KeyHandle}. */
  readonly privateKey: CryptoKey | JsonWebKey | KeyHandle
  /** The public key, with only the members that make its thumbprint (RFC 7638 §3.2). */
  readonly publicKey: JsonWebKey
}

/** Signs with keys that stay on this platform. */
export interface Signing {
  /**
   * A new key pair. Rejects if the platform lacks `alg`. `extractable`: the store keeps text only, so the private key has to be a JWK or a
   * {@link KeyHandle}.
   */
  generate(alg: string, extractable: boolean): Promise<SigningKey>
  /** Returns a function that signs with `key`, in the format of JWS (RFC 7518 §3.4: r and s). Rejects if the key is gone. */
  signer(key: SigningKey): Promise<(data: Bytes) => Promise<Uint8Array | ArrayBuffer>>
}
