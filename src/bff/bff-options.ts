import type { NodeSessionPoolOptions } from '../node/create-session-pool.ts'
import type { Clock } from '../ports.ts'
import type { RedisStoreOptions } from '../redis/redis-store.ts'
import type { LogoutDialect } from '../resource-server/token-dialect.ts'
import type { SessionPool } from '../session-pool/session-pool.ts'
import type { BffRefusal } from './refusal.ts'

/** One API behind the backend. */
export interface BffApi {
  /**
   * The URL of the API. It is absolute, and `resources` of the session pool cover it. A request below the path goes to the same place below
   * this URL. It has no query, no fragment, no dot segments and no user name.
   */
  readonly url: string
  /**
   * How long to wait until the API begins to answer, ms. Default 30 000, 1 to 600 000. With each part of a streamed body the time begins
   * again. An answer itself may last as long as it wants. Node's `fetch` gives up by itself when nothing comes for 300 000 ms, neither header fields nor a
   * part of a body. To wait longer, give the pool a `fetch` of your own with other limits.
   */
  readonly timeout?: number
  /** The longest body of a request, bytes. A longer one gets 413. Default 10 485 760 (10 MiB); `Infinity` allows any length. */
  readonly maxBodySize?: number
  /**
   * More headers of the page's request to pass on, such as `x-api-version`. Default: only those of content negotiation, conditional requests,
   * ranges and tracing. Cookies, `Authorization` and headers about the connection are never passed on.
   */
  readonly requestFields?: readonly string[]
  /** Whether the page may open WebSockets there. Your own server then needs `nodeUpgrade(bff)`. They close when the session ends. Default false. */
  readonly webSockets?: boolean
  /** Names of cookies that the API may set in the browser, for this host only. Default: none. Never the backend's own. */
  readonly setCookies?: readonly string[]
}

/** An access token that the page may have. */
export interface BffPageToken {
  /** The resource indicator it is for (RFC 8707). Default: none. */
  readonly resource?: string
  /** The same for servers that have a parameter `audience` instead. Default: none. */
  readonly audience?: string
  /** The widest scope that it may have, space-separated. The page may ask for less. */
  readonly scope: string
}

/** The backend's cookies. */
export interface BffCookieOptions {
  /**
   * The name without its prefix: letters, digits, `-` and `_`. Each backend of one host has to have its own, also those of one host on several
   * ports. Default `'session'`; if the backend's paths are not below `/auth`, with that path: `'session-shop-auth'` below `/shop/auth`.
   */
  readonly name?: string
  /**
   * Default `'__Host-'`: only this host can set the cookie. `'__Host-Http-'`: no script of this host can set it either, in browsers that know
   * this prefix. All others treat it like `'__Host-'`.
   */
  readonly prefix?: '__Host-' | '__Host-Http-'
  /**
   * Default `'Strict'`: requests that another site causes do not carry the cookie. Two navigations come without it: the one by a link on
   * another site, and the one right after a sign-in. Requests of the page's script carry it. `'Lax'` is for servers that render pages for
   * the person.
   */
  readonly sameSite?: 'Strict' | 'Lax'
  /** How long the browser keeps the cookie, ms. Default: until the browser is closed. The limits of the session are set in the pool. */
  readonly maxAge?: number
}

/** Options of `createBff`: what the backend does, and either your session pool, or the options from which it creates one. */
export type BffOptions = BffPoolOptions | BffClientOptions

/** Options of `createBff` with a session pool of your own: for another store than Redis, or for a denylist that others share. */
export interface BffPoolOptions extends BffSiteOptions {
  /**
   * The sessions: `createSessionPool()` of `tokenward/node`. Its `redirectUri` ends with `/callback` and decides about the paths: with
   * `https://app.example.com/auth/callback` they are `/auth/login`, `/auth/logout` and so on.
   */
  readonly sessions: SessionPool
  /**
   * Gets logouts from the authorization server at the path `backchannel`: `createBackchannelLogout()` of `tokenward/resource-server` with the
   * denylist of the pool. Its `onDecision` says why a logout was refused, and `onRefusal` is not called then. Default: this path does not exist.
   */
  readonly backchannelLogout?: (request: Request) => Promise<Response>
}

/** Options of a session pool that only a pool of your own can have. */
type OfOwnPool =
  | 'store'
  | 'channel'
  | 'denylist'
  | 'lock'
  | 'lifecycle'
  | 'userAgent'
  | 'crypto'
  | 'clock'
  | 'redirectUri'
  | 'limits'

/**
 * Options of `createBff` without a pool. They are those of `createSessionPool()` of `tokenward/node`, and `createBff` creates the pool. It has a
 * denylist that gets the logouts of the path `backchannel`. Three defaults differ: `resources` are the URLs of `api`, and both limits are set.
 */
export interface BffClientOptions extends BffSiteOptions, Omit<NodeSessionPoolOptions, OfOwnPool> {
  /**
   * Where the person comes back to, as registered: an absolute URL that ends with `/callback`. The other paths are in the same folder: with
   * `https://app.example.com/auth/callback` they are `/auth/login`, `/auth/logout` and so on. For logouts, register
   * `https://app.example.com/auth/backchannel` at the authorization server (`backchannel_logout_uri`).
   */
  readonly redirectUri: string
  /**
   * Keeps sessions and logouts in Redis, encrypted with `key`, for all hosts with the same options: `{ client, key }`, as for `redisStore()` of
   * `tokenward/redis`. Default: they are in the memory of this process, and end with it.
   */
  readonly redis?: RedisStoreOptions
  /** Ends a session when the page has called no API for this time, ms. Default one day (86 400 000); at least 1 000. */
  readonly idleTimeout?: number
  /** Ends a session this long after the sign-in, ms. Default 7 days (604 800 000); at least 1 000. */
  readonly maxAge?: number
  /**
   * How the authorization server's logout tokens differ from OpenID Connect Back-Channel Logout 1.0, as the option `logout` of a guard's issuer: presets
   * know it, such as `hydra.api({ issuer }).logout`. Default: they do not.
   */
  readonly logout?: LogoutDialect
  /** Leave it out: `createBff` creates the pool. */
  readonly sessions?: undefined
  /** Leave it out: the path `backchannel` always exists. */
  readonly backchannelLogout?: undefined
}

/** What a backend does. */
export interface BffSiteOptions {
  /**
   * The only APIs that the page can call: a path of this site, and the URL of the API. `'/api/notes': 'https://api.example.com/notes'` covers
   * `/api/notes` and everything below it. Default: none.
   */
  readonly api?: Readonly<Record<string, string | BffApi>>
  /** The name and the attributes of the session's cookie. */
  readonly cookie?: BffCookieOptions
  /**
   * Access tokens that the page may have, at the path `token` (the token-mediating backend of RFC 10017 §6.2). They are for APIs that the page
   * has to call itself. An attacker's script in the page can take them. Default: none.
   */
  readonly pageTokens?: readonly BffPageToken[]
  /** The claims of the ID token that the page gets. Default: all of them. */
  readonly claims?: readonly string[]
  /**
   * Other origins whose pages may use the backend, each exactly as in their `Origin`. Only hosts of the same site send the cookie. Default:
   * none, and no answer has CORS headers.
   */
  readonly origins?: readonly string[]
  /** The path of this site to show after a failed sign-in; `?reason=` says why it failed. Default: a line of text. */
  readonly signInFailed?: string
  /**
   * Whether APIs get the header `Forwarded` (RFC 7239). `true`: `host=…;proto=…` of the configured redirect URI. A function returns the value for
   * a request. Such headers of the browser are never passed on. Default false.
   */
  readonly forwarded?: boolean | ((request: Request) => string)
  /**
   * How many sign-ins of people without a session this host begins in an hour. Anybody can begin one, and it needs about 1 kB of the store
   * for that time. All others get 503 with `Retry-After`. People who are signed in do not notice. Default 100 000, 1 to 10 000 000.
   */
  readonly maxSignIns?: number
  /** Called for every request that was refused. An error that it throws is ignored. Default: nothing is called. */
  readonly onRefusal?: (refusal: BffRefusal) => void
  /** Tells the time and sets timers. Default: the machine's clock. */
  readonly clock?: Clock
}
