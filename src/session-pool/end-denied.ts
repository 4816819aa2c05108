import { TokenManagerError } from '../errors.ts'
import type { SharedSession } from '../manager/shared-session.ts'
import { numberOf } from '../protocol/json-members.ts'
import type { SessionRecord } from '../session/record.ts'

/** The part of a denylist that a pool uses. */
export interface SessionDenylist {
  /** Why the tokens of a session are denied. `undefined` if they are not. `iat` is in epoch seconds. */
  check(session: {
    readonly iss: string
    readonly sub?: string | undefined
    readonly sid?: string | undefined
    readonly client_id: string
    readonly iat: number
  }): string | undefined
  /**
   * Calls the listener when there are new denials. Returns a function that ends this. If this method is absent, denied sessions end at their next
   * use.
   */
  subscribe?(listener: () => void): () => void
  /**
   * The denylist's option `whenStale` while it has not heard from its store for too long, otherwise `undefined`. Until then logouts may be unknown, so
   * sessions cannot be used, and calls reject with `ERR_TEMPORARILY_UNAVAILABLE`, unless it is `'allow'`. A sign-out works all the same. If this
   * member is absent, the denylist counts as up to date.
   */
  readonly stale?: 'deny' | 'introspect' | 'allow' | undefined
}

/**
 * Lets a session be used only if it is known whether it is denied. Call it after `endDenied()`.
 * @throws TokenManagerError `ERR_TEMPORARILY_UNAVAILABLE`
 */
export function checkKnown({ session }: SharedSession, { stale = 'allow' }: SessionDenylist): void {
  const isKnown = stale === 'allow' || !session.live
  if (isKnown) return

  const what =
    'The denylist has not heard from its store for longer than maxStaleness, so nobody knows whether this session has ended'
  throw new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'server_unavailable', what)
}

/** Ends the session if `denylist` denies it. A session that began after the logout is not ended. */
export async function endDenied({ session, signOut }: SharedSession, denylist: SessionDenylist): Promise<void> {
  const { live } = session
  if (!live || !isDenied(live)) return

  const buried = signOut.end('session_ended', undefined, isDenied)
  // The session ends in memory at once, and does not wait for the store.
  session.apply({ type: 'ended', grantId: live.grantId, reason: 'session_ended' })
  await buried

  function isDenied({ issuer, clientId, claims, signedInAt }: SessionRecord): boolean {
    const { sub, sid } = claims ?? {}
    const iat = claims?.iat === undefined ? Infinity : numberOf(claims.iat)
    // The earlier time is that of the sign-in, because a refresh brings an ID token with a later `iat`. In whole seconds, as in tokens.
    const began = Math.floor(Math.min(iat, signedInAt / 1000))
    return denylist.check({ iss: issuer, client_id: clientId, sub, sid, iat: began }) !== undefined
  }
}
