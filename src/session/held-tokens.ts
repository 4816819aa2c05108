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
  /** From this time on, it is refreshed in the background. */
  readonly refreshAt: number
  /** From this time on, callers wait for the refresh. */
  readonly waitAt: number
  /** From this time on, it is never sent. */
  readonly deadAt: number
  /** Whether an API refused it before it expired. */
  rejected: boolean
  /** When a refresh gave the same text again although an API had refused it, on the monotonic clock. */
  readonly returnedAt?: number | undefined
}

/** The access tokens of the living session, as memory holds them. */
export interface HeldTokens {
  /** The token for `target`, if it can be used. `minValidity`: how long it has to be valid from now on, in milliseconds. */
  usable(target: Target, minValidity?: number, at?: Moment): HeldToken | undefined
  /** The entry for `target`, also if it cannot be used. */
  get(target: Target): HeldToken | undefined
  /** When the last token expires that no API refused, on the monotonic clock. */
  readonly until: number
  /** The grant that a token belongs to. */
  grantOf(token: AccessToken): string | undefined
  /** The key that a token is bound to. */
  keyOf(token: AccessToken): DpopKey | undefined
  /** Takes the tokens of the session's record. What is known of tokens that are still there is kept. */
  sync(): void
}

/** How long before its expiry callers wait for a refresh, in milliseconds. For tokens with a short lifetime it is 5 % of the lifetime. */
const LAST_MOMENTS = 5_000

/** Tokens with a shorter lifetime, in milliseconds, are refreshed only when they are used. Otherwise an idle page would refresh all the time. */
const SHORT = 10_000

/** Makes the tokens in memory, which are none at first. */
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
          const held = isKnown ? known : heldToken(stored, platform, options, known, !live?.refreshToken)
          records.set(held.token, live as SessionRecord)
          return [key, held]
        }),
      )
    },
  }
}

/** Whether both are the same token. The text is not enough, because servers may give the same text again. */
function isSame(known: StoredAccessToken, stored: StoredAccessToken): boolean {
  return known.value === stored.value && known.generation === stored.generation
}

/**
 * Makes the entry in memory for a stored token.
 * @param before the entry that it replaces
 * @param isLast whether there is no refresh token to get another one
 */
export function heldToken(
  stored: StoredAccessToken,
  { clock, crypto }: Pick<Platform, 'clock' | 'crypto'>,
  { leeway, jitter }: Pick<ScheduleOptions, 'leeway' | 'jitter'>,
  before?: HeldToken,
  isLast?: boolean,
): HeldToken {
  const { expiresAt, obtainedAt } = stored
  const elapsed = clock.elapsed()
  const now = clock.now()
  // If it was obtained in the future, the wall clock was set back. Then the token's age is not known, and it counts as expired, if it is not the last.
  const isStale = obtainedAt > now + CLOCK_STEP && !isLast
  const left = isStale ? 0 : (expiresAt ?? Infinity) - Math.max(now, obtainedAt)
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
