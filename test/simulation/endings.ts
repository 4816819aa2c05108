import type { SessionRecord } from '../../src/session/record.ts'
import type { Evidence } from './evidence.ts'
import type { Presentations } from './presentations.ts'
import type { Tab } from './tab.ts'

/** Laws 2 to 5 and 9, for what is written. */
export interface Endings {
  written(tab: Tab, before: SessionRecord | undefined, after: SessionRecord | undefined): void
  /** `tab` shows that its session is over. */
  shown(tab: Tab, reason: string): void
}

/** Reasons that only this client knows, or that a person knows. */
const LOCAL = ['idle', 'max_age', 'signed_out', 'signed_out_elsewhere', 'user_changed']

export function endings(known: Evidence, sent: Presentations): Endings {
  const { history, broken, buried, grantOf, personOf } = known
  const { plan, time, server } = history
  const { idleTimeout, maxAge } = plan.options
  /** Grants that a grant had replaced which has ended. */
  const replacedByEnded = new Set<string>()

  return {
    written(tab, before, after) {
      if (!after) {
        if (before) broken(4, `${tab.name} deletes the session`)
      } else if (after.signedOut) {
        if (before?.signedOut && before.grantId === after.grantId) return
        // After the storage was cleared, an older tab may bring back what another sign-in had replaced. Who knows the end of that one ends it too.
        const isBroughtBack = known.clearedAt > -Infinity && replacedByEnded.has(after.grantId)
        const again = buried.has(after.grantId) || isBroughtBack
        buried.set(after.grantId, time.now)
        for (const grant of after.replaced?.split(' ') ?? []) replacedByEnded.add(grant)
        if (!again) ended(tab, before?.grantId === after.grantId ? before : undefined, after, after.signedOut.reason)
      } else {
        lives(tab, before, after)
      }
    },
    shown(tab, reason) {
      const { record } = known
      if (!record || record.signedOut || LOCAL.includes(reason) || buried.size > 0) return
      if (tab.readFailedAt > -Infinity || tab.writeFailedAt > -Infinity || known.clearedAt > -Infinity) return
      broken(4, `${tab.name} is signed out (${reason}), but the session lives`)
    },
  }

  function lives(tab: Tab, before: SessionRecord | undefined, after: SessionRecord) {
    const family = server.refreshTokens.get(after.refreshToken ?? '')?.family
    if (family) grantOf.set(family, after.grantId)
    if (after.claims) personOf.set(after.grantId, after.claims.sub)
    for (const { value } of Object.values(after.accessTokens)) {
      const issued = server.accessTokens.get(value)
      if (issued && !grantOf.has(issued.family)) grantOf.set(issued.family, after.grantId)
    }
    const end = buried.get(after.grantId)
    if (end !== undefined && known.clearedAt < end) broken(3, `${tab.name} brings back a session that was ended`)
    if (!before) return
    if (before.grantId === after.grantId) goesOn(tab, before, after)
    else if (!before.signedOut && !(family && known.families.has(family))) broken(4, `${tab.name} replaces the session`)
  }

  /** The same grant, before and after a write. */
  function goesOn(tab: Tab, before: SessionRecord, after: SessionRecord) {
    if (!before.refreshToken && after.refreshToken) known.revivedAt = history.time.now
    if (after.generation < before.generation)
      broken(9, `${tab.name} writes generation ${after.generation} over ${before.generation}`)
    if (before.generation === after.generation && before.refreshToken !== after.refreshToken) {
      if (after.refreshToken !== undefined)
        broken(2, `${tab.name} writes another refresh token into the same generation`)
      else if (before.doubt === undefined) broken(4, `${tab.name} drops the refresh token without a doubt`)
      else if (!sent.wasRejected(tab, before.refreshToken, ['rejected', 'refused']))
        broken(4, `${tab.name} drops a refresh token that was not refused`)
    }
    // What has expired by the clock of the moment falls out.
    const entries = Object.entries(known.clocksAreRight ? before.accessTokens : {})
    for (const [key, { expiresAt = Infinity }] of entries)
      if (!after.accessTokens[key] && expiresAt > known.wall + 1_000 && entries.length < 30)
        broken(5, `${tab.name} drops the access token of another target`)
  }

  /** Law 4: why a session may end. */
  function ended(tab: Tab, before: SessionRecord | undefined, after: SessionRecord, reason: string) {
    const why = unjustified(tab, before, after, reason)
    if (why !== undefined) broken(4, `${tab.name} ends the session as ${reason}${why}`)
  }

  function unjustified(
    tab: Tab,
    before: SessionRecord | undefined,
    after: SessionRecord,
    reason: string,
  ): string | undefined {
    switch (reason) {
      case 'signed_out':
        return known.signOuts === 0 ? ', and nobody asked for it' : undefined
      case 'rejected':
        if (!sent.wasRejected(tab, before?.refreshToken)) return ' without invalid_grant for its refresh token'
        return before && endedByUs(before) ? ', but we had used its refresh token ourselves' : undefined
      case 'idle':
        return isTooEarly((before ?? after).usedAt + (idleTimeout ?? Infinity)) ? ' too early' : undefined
      case 'max_age':
        return isTooEarly((before ?? after).signedInAt + (maxAge ?? Infinity)) ? ' too early' : undefined
      case 'outcome_unknown':
      case 'expired':
        return hasLiveRefreshToken(before) || hasGoodToken(before) ? ', which has a token' : undefined
      case 'user_changed':
        return plan.server.otherPerson ? undefined : ', and there is no other person'
      default:
        return ''
    }
  }

  function isTooEarly(due: number): boolean {
    return known.clearedAt === -Infinity && known.wall < due
  }

  /** One that was revoked is of no use to a session that was written back after the storage was cleared. */
  function hasLiveRefreshToken(record: SessionRecord | undefined): boolean {
    const token = record?.refreshToken
    const isRevoked = server.refreshTokens.get(token ?? '')?.family.endedBy === 'revoked'
    const wasWrittenBack = isRevoked && known.clearedAt > -Infinity
    return token !== undefined && !wasWrittenBack
  }

  function hasGoodToken(record: SessionRecord | undefined): boolean {
    return Object.values(record?.accessTokens ?? {}).some(({ value, expiresAt = Infinity }) => {
      const issued = server.accessTokens.get(value)
      const accepted = issued && !issued.rejected && issued.expiresAt > time.now + 1_000
      return known.clocksAreRight && accepted && expiresAt > known.wall + 1_000
    })
  }

  /** Whether the family was lost because one of us presented a used token, and nothing excuses it. */
  function endedByUs(before: SessionRecord): boolean {
    const family = server.refreshTokens.get(before.refreshToken ?? '')?.family
    return family?.endedBy === 'reuse' && known.clearedAt === -Infinity && !sent.arrivedLate(family)
  }
}
