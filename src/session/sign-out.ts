import type { SignedOutReason, TokenManagerError } from '../errors.ts'
import { type EndSessionRequest, endSessionUrl } from '../protocol/end-session.ts'
import type { Outbox, Revocation } from './outbox.ts'
import { revocable, type SessionRecord, tombstone, withPending } from './record.ts'
import type { Change, Session } from './session.ts'
import { tellOthers } from './sync.ts'

/** How to sign out. */
export interface SignOutOptions {
  /**
   * Also prepare the end of the person's session at the authorization server: `endSessionUrl` in the report, for a top-level
   * navigation (OpenID Connect RP-Initiated Logout). Waits for the server's metadata, at most `requestTimeout`. Default false.
   */
  readonly endSession?: boolean
  /**
   * Why, for the state in every context. Default `'signed_out'`. `'session_ended'`: the authorization server says that the person's session
   * there is over.
   */
  readonly reason?: 'signed_out' | 'session_ended'
}

/** What signing out did. Access tokens that APIs check without asking the server may be accepted until they expire. */
export interface SignOutReport {
  /**
   * `removed`: gone from the storage, for every context. `memory_only`: the storage refused; gone from this context, which goes
   * on trying. `superseded`: another sign-in had taken the place of this session, and was left alone.
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
   * What became of them. `revoked`; `uncertain`: revoked, but a refresh was under way whose answer nobody saw; `unsupported`: the
   * server revokes nothing; `failed`: it refused; `pending`: it could not be reached, and they are tried again for 30 days.
   * Never rejects.
   */
  readonly revoked: Promise<'revoked' | 'uncertain' | Revocation>
  /** Where to send the person, if that was asked for and the server has such a place. */
  readonly endSessionUrl?: string | undefined
}

/** Ends sessions. */
export interface SignOut {
  /** Because the person wants to. */
  signOut(options?: SignOutOptions & EndSessionRequest): Promise<SignOutReport>
  /** Because of a local limit, or because nothing is left that could bring a token; then only while the record is `still` so. */
  end(reason: SignedOutReason, error?: TokenManagerError, still?: (record: SessionRecord) => boolean): Promise<void>
}

/** Ends `session`: at once in memory, then in the store, then at the server. */
export function signOut(session: Session, outbox: Outbox): SignOut {
  const { clock } = session.platform

  return {
    async signOut({ endSession, reason = 'signed_out', ...request } = {}) {
      const { idToken } = session.live ?? {}
      const { local, tokens, uncertain } = await bury(reason)
      const revoked = outbox.drain(tokens).then(
        (all) => (local === 'memory_only' ? 'pending' : summary(all, uncertain)),
        () => 'pending' as const,
      )
      const url = endSession ? await endSessionUrl(session.server, idToken, request).catch(() => undefined) : undefined
      return {
        ...{ local, revoked, endSessionUrl: url },
        tokens: tokens.map(({ kind }) => ({ kind, revocation: 'pending' as const })),
      }
    },
    async end(reason, error, still) {
      await bury(reason, error, still)
    },
  }

  async function bury(reason: SignedOutReason, error?: TokenManagerError, still?: (record: SessionRecord) => boolean) {
    const { live } = session
    const { unsaved } = session.held
    const at = clock.now()
    let tokens = live ? revocable(live, at) : []
    let uncertain = false
    let local: SignOutReport['local'] = 'removed'
    const change: Change = (record = live) => {
      local = 'removed'
      if (!record) return undefined
      // It ends the grant it saw first, and no other.
      if (live && record.grantId !== live.grantId && !unsaved) local = 'superseded'
      if (still && !still(record)) local = 'superseded'
      if (local === 'superseded') return undefined
      tokens = [...revocable(record, at), ...(live ? revocable(live, at) : [])]
      tokens = tokens.filter(({ token }, index) => tokens.findIndex((other) => other.token === token) === index)
      uncertain = record.lease !== undefined || record.doubt !== undefined
      if (!record.signedOut) return tombstone(record, { at, reason }, tokens)
      return tokens.length ? { ...record, outbox: withPending(record.outbox, tokens, at) } : undefined
    }
    const ended = () => live && session.apply({ type: 'ended', grantId: live.grantId, reason, error })
    // Refused from this turn on, whatever the store says and however long it takes.
    if (!still) ended()
    try {
      await session.update(change)
    } catch {
      local = 'memory_only'
      ended()
      void session.retry(
        () =>
          session.update(change).then(() => {
            tellOthers(session)
            outbox.nudge()
          }),
        'sign_out',
      )
    }
    tellOthers(session)
    return { local, tokens: (local as string) === 'superseded' ? [] : tokens, uncertain }
  }
}

function summary(all: readonly Revocation[], uncertain: boolean): Awaited<SignOutReport['revoked']> {
  const [first] = all
  if (first === undefined) return uncertain ? 'uncertain' : 'revoked'
  const worst = (['pending', 'failed'] as const).find((one) => all.includes(one))
  if (worst) return worst
  // The refresh token comes first: once it is revoked, what the server does not revoke expires by itself.
  return first === 'revoked' && uncertain ? 'uncertain' : first
}
