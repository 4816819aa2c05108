import type { SignedOutReason, TokenManagerError } from '../errors.ts'
import { type EndSessionRequest, endSessionUrl } from '../protocol/end-session.ts'
import type { Outbox, Revocation } from './outbox.ts'
import { type PendingRevocation, revocable, type SessionRecord, tombstone, withPending, withRevoked } from './record.ts'
import { lacking } from './scope.ts'
import type { Session } from './session.ts'
import { tellOthers } from './sync.ts'

/** How to sign out. */
export interface SignOutOptions {
  /**
   * Also prepares the end of the person's session at the authorization server. The report then has `endSessionUrl`, where the page has to go
   * (OpenID Connect RP-Initiated Logout). It waits for the server's metadata, at most `requestTimeout`. Default false.
   */
  readonly endSession?: boolean
  /**
   * The reason for the state in every tab and process. Default `'signed_out'`. `'session_ended'`: the authorization server ended the person's
   * session.
   */
  readonly reason?: 'signed_out' | 'session_ended'
}

/** What signing out did. Access tokens that APIs check without asking the server may be accepted until they expire. */
export interface SignOutReport {
  /**
   * `removed`: the session is removed from the storage, for every tab and process. `memory_only`: the storage failed; the session has ended
   * here, and removing it is tried again. `superseded`: another sign-in had already replaced this session, and goes on.
   */
  readonly local: 'removed' | 'memory_only' | 'superseded'
  /** The tokens that are being revoked at the server (RFC 7009). */
  readonly tokens: readonly {
    /** Which. */
    readonly kind: 'refresh_token' | 'access_token'
    /** It waits in the outbox. */
    readonly revocation: 'pending'
  }[]
  /**
   * What became of the tokens at the server, whichever tab asked it. It is about the refresh token if there was one, because an access token
   * expires by itself. It never rejects.
   *
   * | result | meaning |
   * | --- | --- |
   * | `revoked` | the server revoked it |
   * | `uncertain` | the answer of a refresh was lost, or another sign-in has replaced the session |
   * | `unsupported` | the server does not revoke tokens |
   * | `failed` | the server refused |
   * | `pending` | the server could not be reached; it is tried again for 30 days |
   */
  readonly revoked: Promise<NonNullable<Revocation>>
  /** Where the page has to go to sign the person out at the server, if `endSession` was set and the server has such an address. */
  readonly endSessionUrl?: string | undefined
}

/** Ends sessions. */
export interface SignOut {
  /** Ends the session because the person or the app signs out. */
  signOut(options?: SignOutOptions & EndSessionRequest): Promise<SignOutReport>
  /**
   * Ends the session for a reason that this client has found, such as a limit. With the reason `session_ended`, a grant with `offline_access` is not
   * revoked (OpenID Connect Back-Channel Logout §2.7).
   * @param still asked again when the record is written. If it gives false, the session does not end
   */
  end(reason: SignedOutReason, error?: TokenManagerError, still?: (record: SessionRecord) => boolean): Promise<void>
}

/** Makes what ends `session`: at once in memory, then in the store, then at the server. */
export function signOut(session: Session, outbox: Outbox): SignOut {
  const { clock } = session.platform

  return {
    async signOut({ endSession, reason = 'signed_out', ...request } = {}) {
      const { idToken } = session.live ?? {}
      const { local, tokens, grantId } = await bury({ reason })
      const revoked = outbox.outcome(grantId).then(
        (outcome) => reported(local, tokens, outcome),
        () => 'pending' as const,
      )
      const url = endSession ? await endSessionUrl(session.server, idToken, request).catch(() => undefined) : undefined
      return {
        local,
        revoked,
        endSessionUrl: url,
        tokens: tokens.map(({ kind }) => ({ kind, revocation: 'pending' as const })),
      }
    },
    async end(reason, error, still) {
      const { live } = session
      // Granted for times when nobody is there (OpenID Connect Core §11).
      await bury({ reason, error, still, kept: reason === 'session_ended' && !lacking('offline_access', live?.scope) })
    },
  }

  async function bury({ reason, error, still, kept }: Ending): Promise<Burial> {
    const { live } = session
    const { unsaved } = session.held
    const at = clock.now()
    const change = (record = live): Burial => {
      if (!record) return { local: 'removed', tokens: [], grantId: undefined }
      // Only the session that was there when the call was made is ended, and no later one.
      const isAnother = live && record.grantId !== live.grantId && !unsaved
      const isOtherwise = still && !still(record)
      if (isAnother || isOtherwise) return { local: 'superseded', tokens: [], grantId: (live ?? record).grantId }

      const { grantId } = record
      const mine = [record, live].flatMap((one) => (one && !kept ? revocable({ ...one, grantId }, at) : []))
      const next = record.signedOut
        ? { ...record, outbox: withPending(record.outbox, mine, at) }
        : tombstoneOf(record, { at, reason, kept }, mine)
      const isChanged = mine.length > 0 || !record.signedOut
      const tokens = next.outbox.filter((entry) => entry.grantId === grantId)
      return { next: isChanged ? next : undefined, local: 'removed', tokens, grantId }
    }
    const ended = () => live && session.apply({ type: 'ended', grantId: live.grantId, reason, error, still })

    // From now on, calls in this context are refused, even if the store is slow or fails.
    if (!still) ended()
    try {
      return await session.update(change)
    } catch {
      ended()
      void session.retry(() => session.update(change).then(() => tellOthers(session)), 'sign_out')
      return { ...change(), local: 'memory_only' }
    } finally {
      tellOthers(session)
    }
  }
}

/** Why and how a session ends. */
interface Ending {
  readonly reason: SignedOutReason
  readonly error?: TokenManagerError | undefined
  readonly still?: ((record: SessionRecord) => boolean) | undefined
  /** Whether the grant stays valid at the server, so that its tokens are not revoked. */
  readonly kept?: boolean
}

/** The result of ending a session. */
interface Burial {
  readonly next?: SessionRecord | undefined
  readonly local: SignOutReport['local']
  readonly tokens: readonly PendingRevocation[]
  readonly grantId: string | undefined
}

/** The tombstone of `record`. It notes if a refresh was running or lost, because the server may then have issued a token that nobody has. */
function tombstoneOf(
  record: SessionRecord,
  signedOut: NonNullable<SessionRecord['signedOut']>,
  tokens: readonly PendingRevocation[],
): SessionRecord {
  const { grantId, lease, doubt } = record
  const uncertain = Boolean(lease || doubt)
  return {
    ...tombstone(record, signedOut, tokens),
    revoked: uncertain ? withRevoked(record, grantId, { uncertain }) : record.revoked,
  }
}

function reported(
  local: SignOutReport['local'],
  tokens: readonly PendingRevocation[],
  outcome: Revocation,
): NonNullable<Revocation> {
  if (local === 'memory_only') return 'pending'
  if (outcome) return outcome

  // If there was no token, there was nothing to revoke. If there was one, its outcome should be known, but is not.
  return local === 'removed' && tokens.length === 0 ? 'revoked' : 'uncertain'
}
