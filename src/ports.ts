/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number

// Named here, because types without the DOM library lack them, and TypeScript before 5.7 has no `Uint8Array<ArrayBuffer>`.

/** Bytes in memory of their own, which nobody shares. */
export type Bytes = ReturnType<typeof Uint8Array.from>

/** What the types of a platform say of Web Cryptography. */
interface WebCryptographyHost<Made> {
  readonly crypto: { readonly subtle: { generateKey(...args: never[]): Promise<Made> } }
}

/** A key of Web Cryptography, where the platform's types have none. */
export interface CryptoKeyHandle {
  /** What it is for, as `{ name: 'ECDSA' }`. */
  readonly algorithm: { readonly name: string }
  /** Whether its bytes can be read. */
  readonly extractable: boolean
  /** `secret`, `private` or `public`. */
  readonly type: string
  /** What it may be used for, as `sign`. */
  readonly usages: string[]
}

/** A key of Web Cryptography: the platform's own type, where its types have one. */
export type CryptoKey =
  typeof globalThis extends WebCryptographyHost<infer Made> ? Extract<Made, CryptoKeyHandle> : CryptoKeyHandle

/** A JSON Web Key (RFC 7517 §4, RFC 7518 §6): the members that Web Cryptography's own type has. */
export type JsonWebKey = {
  /** The algorithm it is for. */
  alg?: string
  /** The curve. */
  crv?: string
  /** The private part. */
  d?: string
  /** Of a private RSA key: the first factor's exponent. */
  dp?: string
  /** Of a private RSA key: the second factor's exponent. */
  dq?: string
  /** Of an RSA key: the exponent. */
  e?: string
  /** Whether it may be read again. */
  ext?: boolean
  /** A secret key. */
  k?: string
  /** What it may be used for. */
  key_ops?: string[]
  /** The kind of key. */
  kty?: string
  /** Of an RSA key: the modulus. */
  n?: string
  /** Of a private RSA key: further factors. */
  oth?: RsaFactor[]
  /** Of a private RSA key: the first factor. */
  p?: string
  /** Of a private RSA key: the second factor. */
  q?: string
  /** Of a private RSA key: the coefficient. */
  qi?: string
  /** What it is for: `sig` or `enc`. */
  use?: string
  /** Of a public key on a curve: its x. */
  x?: string
  /** Of a public key on a curve: its y. */
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
   * Calls `changed` when the tag of `key` is no longer `tag`, whoever wrote or deleted it; soon if it is so already, but never in the same turn.
   * It is called only while somebody waits. It may miss a change, because whoever waits also reads now and then. Never throws, keeps no
   * process alive. Returns a function that ends this.
   * Absent: whoever waits reads now and then, or gets a message of the channel.
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

/** Tells other contexts of the same store that something changed. It may lose, delay, repeat and reorder messages. Messages have no secret. */
export interface Channel {
  /** Sends `message` (structured-cloneable, no secrets) to every other context subscribed to `name`. Never throws. */
  post(name: string, message: unknown): void
  /** Calls `listener` for the messages of other contexts, but not for its own. Returns a function that ends this. */
  subscribe(name: string, listener: (message: unknown) => void): () => void
}

/**
 * `online`, `visible`, `hidden`: as the platform reports them; `visible` also when a context that was visible gets the focus.
 * `resumed`: this context was asleep (frozen, restored from the back/forward cache, suspended) and what it remembers may be stale.
 * `frozen`: it is about to be.
 */
export type LifecycleEvent = 'online' | 'visible' | 'hidden' | 'resumed' | 'frozen'

/** The life of the page, app or process. */
export interface Lifecycle {
  /** False only when the platform is sure there is no network. */
  isOnline(): boolean
  /** False while nobody looks: background timers are throttled there and work is left to others. */
  isVisible(): boolean
  /** Calls `listener` on every change. Returns a function that ends this. */
  subscribe(listener: (event: LifecycleEvent) => void): () => void
}

/** The only source of time. */
export interface Clock {
  /** Wall clock, epoch milliseconds. Can jump. */
  now(): EpochMs
  /** Monotonic milliseconds since an arbitrary start. Never jumps back; may stand still while the machine sleeps. */
  elapsed(): number
  /**
   * Runs `run` once `elapsed()` has reached `time`, never in the same turn. Any distance is allowed: the wait is made in
   * laps below 2^31 ms, where platform timers overflow. Returns a function that ends this. Does not keep a process alive.
   */
  at(time: number, run: () => void): () => void
}

/** What `seal` made of a plaintext. */
export interface Sealed {
  /** 96-bit initialization vector, fresh for every seal. */
  readonly iv: Bytes
  /** Ciphertext with its authentication tag. */
  readonly data: Bytes
  /** The handles that were in the plaintext, where a store keeps it: bytes that nobody can read need no sealing. */
  readonly keys?: readonly unknown[]
}

/** How what goes over the wire is written and read as text: `webText` where the platform has `URLSearchParams` and `TextDecoder`. */
export interface WireText {
  /** Parameters in their order as `application/x-www-form-urlencoded` (WHATWG URL §5.2). */
  form(parameters: readonly (readonly [name: string, value: string])[]): string
  /** The parameters of a query, which may begin with `?` (WHATWG URL §5.1). Never throws. */
  query(text: string): readonly (readonly [name: string, value: string])[]
  /** UTF-8 (WHATWG Encoding §8.1.1); what is none becomes U+FFFD. `bytes`: one character for each, as `atob` gives them. */
  utf8(bytes: string): string
}

/** Randomness and hashing: all the cryptography that the core itself needs. */
export interface Crypto {
  /** Cryptographically strong random bytes. Synchronous. */
  randomBytes(length: number): Bytes
  /** SHA-256 of `data`. */
  sha256(data: Bytes): Promise<Bytes>
}

/** Authenticated encryption, for stores that seal what they keep. */
export interface Sealing {
  /** A new key for `seal` and `open`; where the platform can, its bytes cannot be read back. */
  generateKey(): Promise<CryptoKey>
  /** AES-256-GCM with a fresh IV. `aad` is authenticated, not stored. */
  seal(key: CryptoKey, plaintext: Bytes, aad: Bytes): Promise<Sealed>
  /** The plaintext; rejects if key, data or `aad` are not the ones it was sealed with. */
  open(key: CryptoKey, sealed: Sealed, aad: Bytes): Promise<Bytes>
}

/** Takes a person to the authorization server and back (RFC 8252 calls it the external user agent). */
export interface UserAgent {
  /**
   * Put between `statePrefix` and the random part of a `state` this user agent is to carry, so that the page the answer lands
   * on knows who asked. It ends with `.`, which base64url never holds. Absent: nothing is put there.
   */
  readonly stateMarker?: string | undefined
  /**
   * Called synchronously at the start of a sign-in, inside the person's click, where a window may still be opened. Returns
   * its own undo, for a sign-in that fails before `authorize()`; afterwards the undo does nothing.
   */
  prepare?(): () => void
  /**
   * Where the person is to come back to this time, where that is known only now: a loopback redirect's port (RFC 8252 §7.3).
   * Absent: to the configured `redirectUri`.
   */
  redirectUri?(configured: string): Promise<string>
  /**
   * Opens `url` and resolves with the full redirect URL once the person comes back to `redirectUri` with `state`, which `url`
   * need not hold (RFC 9126). One that leaves this page (a redirect) does not resolve: the page that comes back finds the URL in `callbackUrl()`.
   * Rejects with a `TokenManagerError` when it was blocked or the person gave up.
   */
  authorize(url: string, redirectUri: string, state: string): Promise<string>
  /**
   * The present URL if it is an authorization response to `redirectUri` whose `state` begins with `statePrefix`, or one without `state`
   * that this context {@link awaits}, taken out
   * of the address bar at once (RFC 9700 §4.2.4) so that a second call finds nothing. `undefined` when there is none. A promise
   * where this context hands it to the one that asked: it resolves to `undefined` when that one has it, else to the URL.
   */
  callbackUrl(redirectUri: string, statePrefix: string): string | undefined | Promise<string | undefined>
  /**
   * Whether this context (a tab, not another one on the same store) took a person away with a `state` that begins with `statePrefix`, and
   * no answer has come since. An answer that fits no sign-in is a failed sign-in then, and ignored otherwise: an old link, a start URL
   * that is read again. Asked before `callbackUrl()`. Absent: no.
   */
  awaits?(statePrefix: string): boolean
  /**
   * Hears answers that nobody waits for any more: those that come after `authorize()` gave up, or into another process than the one
   * that asked. Each completes its sign-in, if the store still knows it; else it is an old link, and ignored. Returns a function that ends this.
   * Absent: there are none.
   */
  answers?(redirectUri: string, statePrefix: string, listener: (url: string) => void): () => void
}

/** Something the platform lacks, and what is done instead. */
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

/** A context that refreshes in place of this one, and outlives it for as long as another has joined it. */
export interface RefreshElsewhere {
  /**
   * Asks it to refresh, unless the record has moved on `from` what is known here. Resolves, in bounded time, once that context is at
   * it, has done it, or turned out to be of no use; whoever asked then looks at the record. Never rejects.
   */
  (
    from: { readonly grantId: string; readonly generation: number },
    target: { readonly [part in 'resource' | 'audience' | 'scope']?: string | undefined },
  ): Promise<void>
  /** Joins it, so that it does not end with whoever asked. Called whenever there are new tokens. Never throws. */
  join(): void
}

/** What shows who the client is, on one request. */
export interface ClientAuthenticationParts {
  /** Parameters for the form; what the request has of these names is replaced. */
  readonly parameters?: Readonly<Record<string, string>>
  /** Headers, by their names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
}

/** How the client shows the authorization server who it is (RFC 6749 §2.3), on every request it makes as the client. */
export interface ClientAuthentication {
  /** Its name in the server's `token_endpoint_auth_methods_supported` (RFC 8414 §2). */
  readonly method: string
  /**
   * What one request has to carry. Called anew for every attempt; a rejection keeps it from being sent.
   * @param server the authorization server, by its issuer identifier
   * @param client the client identifier, under its name in a registration (RFC 7591 §2)
   */
  authenticate(
    server: { readonly issuer: string },
    client: { readonly client_id: string },
  ): ClientAuthenticationParts | Promise<ClientAuthenticationParts>
  /** What of the metadata holds for this way of authenticating; absent: all of it as it is. */
  endpoints?(metadata: Readonly<Record<string, unknown>>): Record<string, unknown>
}

/** Everything a platform gives to the manager. Each part can be replaced in the options. */
export interface Platform {
  /** Where sessions are kept. */
  readonly store: Store<unknown>
  /** For the authorization server and for resources. */
  readonly fetch: Fetch
  /** Saves contexts waiting. */
  readonly lock: Lock
  /** Wakes the other contexts. */
  readonly channel: Channel
  /** Network and visibility. */
  readonly lifecycle: Lifecycle
  /** All time comes from here. */
  readonly clock: Clock
  /** All randomness, hashing and sealing comes from here. */
  readonly crypto: Crypto
  /** Default: `webText`. */
  readonly text?: WireText
  /** Absent where nobody can sign in interactively. */
  readonly userAgent?: UserAgent | undefined
  /** Base for relative URLs (`location.origin`); absent where there is none: only absolute URLs are accepted. */
  readonly origin?: string | undefined
  /** Absent where every context refreshes for itself. */
  readonly refreshElsewhere?: RefreshElsewhere | undefined
  /** The authorization server's metadata, checked, for those that have many sessions with it. Absent: each session finds it out. */
  readonly metadata?: (() => Promise<Readonly<Record<'issuer', string>>>) | undefined
  /** Absent for a public client: `client_id` in the body and nothing secret. */
  readonly clientAuthentication?: ClientAuthentication | undefined
  /** Hears what the platform turned out to lack, also what was found before subscribing. Returns a function that ends this. */
  onDegraded?(listener: (step: Degradation) => void): () => void
}

/** A private key that stays in hardware (Secure Enclave, StrongBox): the name by which it is found there. */
export interface KeyHandle {
  /** Its name. No secret. */
  readonly alias: string
}

/** A key pair for signatures, as it is stored. */
export interface SigningKey {
  /** JWS algorithm (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2): `ES256`, `Ed25519` or `EdDSA`. */
  readonly alg: string
  /** A handle whose bytes cannot be read back; where the store keeps text only, the private JWK or a {@link KeyHandle}. */
  readonly privateKey: CryptoKey | JsonWebKey | KeyHandle
  /** The public key: the members that make its thumbprint (RFC 7638 §3.2), and no others. */
  readonly publicKey: JsonWebKey
}

/** Signs with keys that stay on the platform. */
export interface Signing {
  /**
   * A new key pair; rejects where the platform lacks `alg`. `extractable`: the store keeps text only, so the private key is to be a JWK or
   * a {@link KeyHandle}.
   */
  generate(alg: string, extractable: boolean): Promise<SigningKey>
  /** What signs with `key`, in the format of JWS (RFC 7518 §3.4: r and s); rejects if there is no such key any more. */
  signer(key: SigningKey): Promise<(data: Bytes) => Promise<Uint8Array | ArrayBuffer>>
}
