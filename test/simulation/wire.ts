import type { Evidence } from './evidence.ts'
import type { Tab } from './tab.ts'

/** Laws 1, 3 to 5, for tokens that leave a tab. */
export interface Wire {
  /** A refresh token, to be refreshed with. */
  refreshing(tab: Tab, value: string): void
  /** Any token, to be revoked. */
  revoking(tab: Tab, value: string): void
  /** An access token, to an API. */
  using(tab: Tab, value: string): void
}

export function wire(known: Evidence): Wire {
  const { history, broken, grantOf } = known
  const { plan, time, server } = history

  return {
    refreshing(tab, value) {
      history.note?.(tab, `sends refresh token ${value}`)
      const token = server.refreshTokens.get(value)
      if (!token) return broken(1, `${tab.name} sends a refresh token nobody issued`)
      if (known.buriedAt(token.family) !== undefined && tab.knowsEnded.has(grantOf.get(token.family) ?? ''))
        broken(3, `${tab.name} sends ${value}, although it has read the sign-out`)
    },
    revoking(tab, value) {
      history.note?.(tab, `revokes ${value}`)
      const { record } = known
      const family = server.refreshTokens.get(value)?.family
      const isOfLiving = family && family === server.refreshTokens.get(record?.refreshToken ?? '')?.family
      if (record?.signedOut || known.clearedAt > -Infinity) return
      if (isOfLiving) broken(4, `${tab.name} revokes ${value} of the living session`)
      const grant = family && grantOf.get(family)
      // What a server answered for another person is revoked, whose place the person has taken or not.
      const isPerhapsAnothers = plan.server.otherPerson > 0
      if (grant === undefined || !known.replaced.has(grant) || known.buried.size > 0 || isPerhapsAnothers) return
      if (known.replaced.get(grant) === record?.claims?.sub)
        broken(4, `${tab.name} revokes ${value}, in whose place the same person has signed in`)
    },
    using(tab, value) {
      const token = server.accessTokens.get(value)
      if (!token) return
      history.note?.(tab, `sends access token ${value}`)
      if (known.clocksAreRight && time.now >= token.announced)
        broken(5, `${tab.name} sends ${value}, which has expired`)
      const at = known.buriedAt(token.family)
      // Whoever was disposed of no longer hears of anything.
      if (at === undefined || tab.readFailedAt >= at || tab.disposedAt > -Infinity) return
      const { confirmInterval } = plan.options
      const age = time.now - tab.readAt
      if (tab.knowsEnded.has(grantOf.get(token.family) ?? ''))
        broken(3, `${tab.name} sends ${value}, although it has read the sign-out`)
      else if (tab.heardAt > at) broken(3, `${tab.name} sends ${value}, although it heard of a change or woke up since`)
      else if (age > confirmInterval * (1 + plan.noise.drift) + tab.readTook + 1)
        broken(3, `${tab.name} sends ${value} after the sign-out, ${Math.round(age)} ms after it looked last`)
    },
  }
}
