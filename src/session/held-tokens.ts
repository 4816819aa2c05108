import type { Platform } from '../ports.ts'
import { type AccessToken, accessToken, type StoredAccessToken, type Target } from '../protocol/access-token.ts'
import type { DpopKey } from '../protocol/dpop.ts'
import { type Moment, moment } from './moment.ts'
import type { SessionRecord } from './record.ts'
import { CLOCK_STEP, fraction, leewayOf, type ScheduleOptions } from './schedule.ts'
import type { Session } from './session.ts'
import { targetKey } from './target-key.ts'

/** An access token in memory, with its times on the monotonic clock. */
export interface HeldToken {
  readonly token: AccessToken
  readonly stored: StoredAccessToken
  /** From here on it is refreshed ahead. */
  readonly refreshAt: number
  /** From here on callers wait for the refresh. */
  readonly waitAt: number
  /** From here on it is never sent. */
  readonly deadAt: number
  /** An API refused it before its time. */
  rejected: boolean
  /** When a refresh brought this very text although an API had refused it, on the monotonic clock. */
  readonly returnedAt?: number | undefined
}

/** The access tokens of the living session, as memory holds them. */
export interface HeldTokens {
  /** The token for `target`, unless it is dead or was refused. `minValidity`: for how long it has to live on, ms. */
  usable(target: Target, minValidity?: number, at?: Moment): HeldToken | undefined
  /** The entry for `target`, whatever its state. */
  get(target: Target): HeldToken | undefined
  /** When the last one that was not refused dies, on the monotonic clock. */
  readonly until: number
  /** The grant a token was handed out for. */
  grantOf(token: AccessToken): string | undefined
  /** The key a token is bound to. */
  keyOf(token: AccessToken): DpopKey | undefined
  /** Follows the session: keeps what it knows of tokens that are still there. */
  sync(): void
}

/** Callers wait for a refresh in the last 5 s of a token's life, or the last 5 % where that is less. */
const LAST_MOMENTS = 5_000

/** Tokens with a shorter life are refreshed on use only, or an idle page would never stop. */
const SHORT = 10_000

/** No token yet. */
export function heldTokens(session: Session): HeldTokens {
  const { platform, options } = session
  const { clock } = platform
  const records = new WeakMap<AccessToken, SessionRecord>()
  let byKey = new Map<string, HeldToken>()
  const grantOf = (token: AccessToken) => records.get(token)?.grantId

  return {
    usable(target, minValidity, { elapsed, now } = moment(clock)) {
      const held = byKey.get(targetKey(target))
      if (!held || held.rejected) return undefined
      if (elapsed >= (minValidity === undefined ? held.waitAt : held.deadAt - minValidity)) return undefined
      return (held.stored.expiresAt ?? Infinity) > now ? held : undefined
    },
    get: (target) => byKey.get(targetKey(target)),
    get until() {
      return Math.max(...[...byKey.values()].map(({ rejected, deadAt }) => (rejected ? -Infinity : deadAt)))
    },
    grantOf,
    keyOf: (token) => records.get(token)?.dpopKey,
    sync() {
      const { live } = session
      byKey = new Map(
        Object.entries(live?.accessTokens ?? {}).map(([key, stored]) => {
          const known = byKey.get(key)
          const isKnown = known && grantOf(known.token) === live?.grantId && isSame(known.stored, stored)
          const held = isKnown ? known : heldToken(stored, platform, options, known)
          records.set(held.token, live as SessionRecord)
          return [key, held]
        }),
      )
    },
  }
}

/** Servers may answer with the text they gave before: a token is known by the commit that brought it as well. */
function isSame(known: StoredAccessToken, stored: StoredAccessToken): boolean {
  return known.value === stored.value && known.generation === stored.generation
}

/**
 * `stored` as memory holds it from now on.
 * @param before what it takes the place of
 */
export function heldToken(
  stored: StoredAccessToken,
  { clock, crypto }: Pick<Platform, 'clock' | 'crypto'>,
  { leeway, jitter }: Pick<ScheduleOptions, 'leeway' | 'jitter'>,
  before?: HeldToken,
): HeldToken {
  const { expiresAt, obtainedAt } = stored
  const elapsed = clock.elapsed()
  const now = clock.now()
  // From the future: the wall clock was set back, and nobody knows how old the token is.
  const left = obtainedAt > now + CLOCK_STEP ? 0 : (expiresAt ?? Infinity) - Math.max(now, obtainedAt)
  const ahead = leewayOf(stored, leeway)
  const deadAt = elapsed + left
  const returned = before?.rejected ? elapsed : before?.returnedAt
  return {
    token: accessToken(stored),
    stored,
    rejected: false,
    returnedAt: before?.stored.value === stored.value ? returned : undefined,
    deadAt,
    waitAt: deadAt - Math.min(LAST_MOMENTS, ahead / 4),
    refreshAt:
      (expiresAt ?? Infinity) - obtainedAt < SHORT ? Infinity : deadAt - ahead * (1 - jitter * fraction(crypto)),
  }
}
