import type { SharedSession } from '../manager/shared-session.ts'
import { numberOf } from '../protocol/json-members.ts'
import type { SessionRecord } from '../session/record.ts'

/** What a pool needs of a denylist. */
export interface SessionDenylist {
  /** Why what was issued to a session counts no more, or `undefined`. `iat` in seconds. */
  check(session: {
    readonly iss: string
    readonly sub?: string | undefined
    readonly sid?: string | undefined
    readonly client_id: string
    readonly iat: number
  }): string | undefined
  /** Calls the listener when there are new denials. Returns a function that ends this. Absent: sessions that are in use are looked at when they are used next. */
  subscribe?(listener: () => void): () => void
}

/** Signs the session out if `denylist` names it, and nothing that began later. */
export async function endDenied({ session, signOut }: SharedSession, denylist: SessionDenylist): Promise<void> {
  const { live } = session
  if (!live || !isDenied(live)) return

  const buried = signOut.end('session_ended', undefined, isDenied)
  // The authorization server has said it: whoever is in use here does not wait for the store.
  session.apply({ type: 'ended', grantId: live.grantId, reason: 'session_ended' })
  await buried

  function isDenied({ issuer, clientId, claims, signedInAt }: SessionRecord): boolean {
    const { sub, sid } = claims ?? {}
    const iat = claims?.iat === undefined ? Infinity : numberOf(claims.iat)
    // A refresh brings a later `iat`, so the earlier of the two times counts. In whole seconds, as tokens have it.
    const began = Math.floor(Math.min(iat, signedInAt / 1000))
    return denylist.check({ iss: issuer, client_id: clientId, sub, sid, iat: began }) !== undefined
  }
}
