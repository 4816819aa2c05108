import { invalidOption } from './invalid-option.ts'
import type { JsonSourceOptions } from './json-source.ts'
import { checkOptionNames, type OptionNames } from './known-options.ts'

/** How issuers' keys and metadata are kept. Milliseconds. */
export interface KeyOptions {
  /** Limit for one request. Default 5 000. */
  readonly timeout?: number
  /**
   * The shortest time between two requests that unknown keys cause, or signatures that no known key has made. Default 30 000. Meanwhile a token
   * of an unknown key is answered with 503, as the issuer may have a new one. After a failure the next request is made after 1 s, then 2 s, and so on up to this time.
   */
  readonly cooldown?: number
  /** For how long keys are fresh; one the issuer took away is refused after it. Default 600 000. */
  readonly maxAge?: number
  /** For how long known keys go on working after that while the issuer cannot be reached. Default 3 600 000; 0: not at all. */
  readonly staleFor?: number
}

/** What keys and metadata are fetched with. */
interface Fetching {
  readonly keys?: KeyOptions
  readonly fetch?: typeof fetch
  readonly now?: () => number
}

const NAMES: OptionNames<KeyOptions> = { timeout: true, cooldown: true, maxAge: true, staleFor: true }

/**
 * Checks and completes how keys and metadata are fetched and kept.
 * @throws TokenManagerError `ERR_INVALID_OPTION` naming the option
 */
export function keySource({ keys = {}, fetch = globalFetch, now = Date.now }: Fetching): JsonSourceOptions {
  checkOptionNames(keys, NAMES, 'keys.')
  const { timeout = 5_000, cooldown = 30_000, maxAge = 600_000, staleFor = 3_600_000 } = keys
  for (const [name, value] of Object.entries({ timeout, cooldown, maxAge, staleFor }))
    if (!(value >= 0)) throw invalidOption(`keys.${name} has to be 0 or more`)
  return { fetch, now, timeout, cooldown, maxAge, staleFor }
}

/** The platform's at the time of the request, so that what replaces it later counts. */
const globalFetch: typeof fetch = (...request) => globalThis.fetch(...request)
