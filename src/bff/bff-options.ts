import type { NodeSessionPoolOptions } from '../node/create-session-pool.ts'
import type { Clock } from '../ports.ts'
import type { RedisStoreOptions } from '../redis/redis-store.ts'
import type { SessionPool } from '../session-pool/session-pool.ts'
import type { BffRefusal } from './refusal.ts'

/** One API behind the backend. */
export interface BffApi {
  /**
   * Where it is: an absolute URL that `resources` of the session pool cover. What the page asks for below the path goes below this URL. It
   * has no query, no fragment, no dot segments and no user name.
   */
  readonly url: string
  /**
   * How long the API may take until it begins to answer, ms. Default 30 000, 1 to 600 000. With each part of a body that is streamed to it the
   * wait begins anew. How long an answer lasts has no limit.
   */
  readonly timeout?: number
  /** The longest body of a request, bytes; longer ones are answered 413. Default 10 485 760 (10 MiB); `Infinity` for any length. */
  readonly maxBodySize?: number
  /**
   * Further fields of the page's request that go through, such as `x-api-version`. Default: none beside those of content negotiation,
   * conditional requests, ranges and tracing. Cookies, `Authorization` and what speaks of the connection never go through.
   */
  readonly requestFields?: readonly string[]
  /** Whether the page may open WebSockets there; the server needs `nodeUpgrade(bff)` then. They are closed when the session ends. Default false. */
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
  /** The name without its prefix: letters, digits, `-` and `_`. Give each backend of one host its own. Default `'session'`. */
  readonly name?: string
  /**
   * Default `'__Host-'`: only this host can set it. `'__Host-Http-'`: and no script of this host either; browsers that do not know the
   * prefix yet refuse such a cookie of a script only because of the first half of its name.
   */
  readonly prefix?: '__Host-' | '__Host-Http-'
  /**
   * Default `'Strict'`: no request that another site caused carries it. So the very first request of a visit by a link from elsewhere does
   * not, and neither does the one right after a sign-in; what a page's script asks for does. `'Lax'` is for sites whose server renders pages
   * for the person.
   */
  readonly sameSite?: 'Strict' | 'Lax'
  /** How long the browser keeps it, ms. Default: until it is closed. The session's own limits are those of the pool. */
  readonly maxAge?: number
}

/** Options of `createBff`: what the backend does, and whose sessions it serves. Either a pool of yours, or what one is made from. */
export type BffOptions = BffPoolOptions | BffClientOptions

/** Options of `createBff` with a session pool of your own: for another store than Redis, or for a denylist that others share. */
export interface BffPoolOptions extends BffSiteOptions {
  /**
   * Where the sessions are: `createSessionPool()` of `tokenward/node`. The backend's place comes from its `redirectUri`, which ends with
   * `/callback`: with `https://app.example.com/auth/callback` the paths are `/auth/login`, `/auth/logout` and so on.
   */
  readonly sessions: SessionPool
  /**
   * Hears of logouts at the authorization server, at the path `backchannel`: `createBackchannelLogout()` of `tokenward/resource-server`
   * with the denylist that the pool has. Default: there is no such path.
   */
  readonly backchannelLogout?: (request: Request) => Promise<Response>
}

/** What only a pool of your own can have. */
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
 * Options of `createBff` without a pool: those of `createSessionPool()` of `tokenward/node`, from which it makes one, with a denylist that the path
 * `backchannel` feeds. Three defaults differ: `resources` are the URLs of `api`, and sessions have limits.
 */
export interface BffClientOptions extends BffSiteOptions, Omit<NodeSessionPoolOptions, OfOwnPool> {
  /**
   * Where the person comes back to: an absolute URL that ends with `/callback`, as it is registered. The backend's own paths lie beside it: with
   * `https://app.example.com/auth/callback` they are `/auth/login`, `/auth/logout` and so on. At the authorization server register
   * `https://app.example.com/auth/backchannel` for logouts (`backchannel_logout_uri`).
   */
  readonly redirectUri: string
  /**
   * Keeps sessions and logouts in Redis, sealed with `key`, for every host that has the same: `{ client, key }`, as `redisStore()` of
   * `tokenward/redis` takes them. Default: they are in the memory of this process, and are gone with it.
   */
  readonly redis?: RedisStoreOptions
  /** After how long without a request of the page to an API a session ends, ms. Default one day (86 400 000); at least 1 000. */
  readonly idleTimeout?: number
  /** After how long a session ends in any case, ms from the sign-in on. Default 7 days (604 800 000); at least 1 000. */
  readonly maxAge?: number
  /** Left out: the pool is made. */
  readonly sessions?: undefined
  /** Left out: the path `backchannel` is there in any case. */
  readonly backchannelLogout?: undefined
}

/** What a backend does. */
export interface BffSiteOptions {
  /**
   * The only APIs that the page reaches: a path of this site, and what answers there. `'/api/notes': 'https://api.example.com/notes'` covers
   * `/api/notes` and everything below it. Default: none.
   */
  readonly api?: Readonly<Record<string, string | BffApi>>
  /** The cookies. */
  readonly cookie?: BffCookieOptions
  /**
   * Access tokens that the page may have, at the path `token` (the token-mediating backend of RFC 10017 §6.2): for APIs that the page has to
   * call itself. Script that an attacker runs in the page can take them. Default: none.
   */
  readonly pageTokens?: readonly BffPageToken[]
  /** Claims of the ID token that the page is told. Default: all of them. */
  readonly claims?: readonly string[]
  /**
   * Other origins whose pages may use the backend, each spelled exactly as in their `Origin`. Cookies come along only from hosts of the same
   * site. Default: none, and no answer has fields of CORS.
   */
  readonly origins?: readonly string[]
  /** The path of this site that a person sees whose sign-in failed; `?reason=` says why. Default: a line of text. */
  readonly signInFailed?: string
  /**
   * Whether APIs are told how the page reached this site: `Forwarded: host=…;proto=…` (RFC 7239) by the configured redirect URI, or what the
   * function makes of the request. What the browser sends of this kind never goes through. Default false.
   */
  readonly forwarded?: boolean | ((request: Request) => string)
  /**
   * How many sign-ins of people without a session this host begins at most in ten minutes. Anybody can begin one, and it takes about 1 kB of the
   * store for that long. Further ones are answered 503 with `Retry-After`; whoever is signed in does not notice. Default 100 000, 1 to
   * 10 000 000.
   */
  readonly maxSignIns?: number
  /** Hears every request that was not carried out. What it throws is ignored. */
  readonly onRefusal?: (refusal: BffRefusal) => void
  /** Replaces the machine's clock. */
  readonly clock?: Clock
}
