// Finds signs of stolen or revoked tokens in the decisions of a guard. Run it in your API, and send what it reports to the people on call.
// It keeps counts in the memory of each process. It has nothing that could be used as a token.
import type { Decision } from 'tokenward/resource-server'

/** Something a person should look at. */
export interface Anomaly {
  readonly what: 'revoked_token_used' | 'token_from_many_places' | 'burst_of_refusals'
  /** Epoch milliseconds. */
  readonly at: number
  /** The decision's hash of the token or the person; the issuer for a burst. */
  readonly who: string
  readonly count: number
}

const MINUTE = 60_000
/** How often a revoked token is used. A client that does not know yet tries once or twice. */
const USES_OF_A_DEAD_TOKEN = 5
/** From how many places one token comes within ten minutes. `describe` of the guard names the place, for example a hash of the address. */
const PLACES = 3
/** How many refusals within a minute are more than a new deployment causes. */
const REFUSALS = 100

/**
 * Watches decisions: `createGuard({ …, describe: addressHash, onDecision: watchDecisions(alert) })`.
 * @param alert is called with each anomaly, once in each window
 */
export function watchDecisions(alert: (anomaly: Anomaly) => void): (decision: Decision) => void {
  const dead = slidingCounter(10 * MINUTE, USES_OF_A_DEAD_TOKEN)
  const places = slidingCounter(10 * MINUTE, PLACES)
  const refusals = slidingCounter(MINUTE, REFUSALS)

  return ({ at, allowed, reason, tokenHash, request, issuer = 'nobody' }) => {
    const isDead = reason === 'revoked' || reason === 'session_ended'
    if (tokenHash !== undefined && isDead)
      dead(tokenHash, `${at} ${Math.random()}`, at, (count) =>
        alert({ what: 'revoked_token_used', at, who: tokenHash, count }),
      )
    if (tokenHash !== undefined && request !== undefined)
      places(tokenHash, request, at, (count) => alert({ what: 'token_from_many_places', at, who: tokenHash, count }))
    // A request without a token is not an attack.
    if (!allowed && reason !== 'no_credentials')
      refusals(issuer, `${at} ${Math.random()}`, at, (count) =>
        alert({ what: 'burst_of_refusals', at, who: issuer, count }),
      )
  }
}

/** Counts the different values of a key within a window. Reports once in each window that there are `limit`. */
function slidingCounter(window: number, limit: number) {
  const seen = new Map<string, { values: Map<string, number>; toldAt: number }>()
  let sweptAt = 0
  return (key: string, value: string, at: number, tell: (count: number) => void) => {
    if (at - sweptAt > window) {
      sweptAt = at
      for (const [old, { values }] of seen) if (Math.max(...values.values()) < at - window) seen.delete(old)
    }
    const entry = seen.get(key) ?? { values: new Map<string, number>(), toldAt: Number.NEGATIVE_INFINITY }
    seen.set(key, entry)
    // The newest is last. So the old ones are first, and only a few have to be checked.
    entry.values.delete(value)
    entry.values.set(value, at)
    for (const [old, time] of entry.values) {
      if (time >= at - window && entry.values.size <= 10 * limit) break
      entry.values.delete(old)
    }
    if (entry.values.size < limit || at - entry.toldAt < window) return
    entry.toldAt = at
    tell(entry.values.size)
  }
}
