import { revokeToken } from '../protocol/revocation.ts'
import {
  type PendingRevocation,
  type RevocationOutcome,
  type RevokedGrant,
  type SessionRecord,
  settled,
  withPending,
} from './record.ts'
import { backOff, fraction } from './schedule.ts'
import type { Session } from './session.ts'

/** Whether the tokens of a grant were revoked. `undefined` if it had none, or if that is not known any more. */
export type Revocation = RevocationOutcome | 'uncertain' | 'pending' | undefined

/** Revokes at the server the tokens in the record's outbox, which sign-outs have put there. */
export interface Outbox {
  /** Revokes all tokens in the outbox. Those that fail are tried again later. There is one run at a time. Never rejects. */
  drain(): Promise<void>
  /**
   * Revokes all tokens in the outbox, and says what happened to those of `grantId`. Another context may have revoked them.
   * @throws what the store rejects with
   */
  outcome(grantId: string | undefined): Promise<Revocation>
  /** Begins a run, unless one is running or waits after a failure. */
  nudge(): void
  close(): void
}

/** How long to wait for another context that is revoking, in milliseconds. */
const PATIENCE = 2_000

/** Makes the outbox of `session`. It does nothing before the first call. */
export function outbox(session: Session): Outbox {
  const { clock, crypto, lock } = session.platform
  let running: Promise<void> | undefined
  let cancel: (() => void) | undefined
  let failures = 0

  return {
    drain: begin,
    async outcome(grantId) {
      await begin()
      // If begin() joined a run, that run may have read the outbox before these tokens were in it.
      if ((await read(grantId)) === 'pending' && !cancel) await begin()
      return read(grantId)
    },
    nudge() {
      if (!cancel) void begin()
    },
    close: () => cancel?.(),
  }

  async function read(grantId: string | undefined): Promise<Revocation> {
    const record = await session.read()
    const isPending = record?.outbox.some((entry) => entry.grantId === grantId)
    return isPending ? 'pending' : summary(record?.revoked?.[grantId ?? ''])
  }

  function begin(): Promise<void> {
    running ??= underLock().finally(() => (running = undefined))
    return running
  }

  /** Does the work under a lock. The lock only saves requests: revoking a token twice does no harm (RFC 7009 §2.2). */
  async function underLock() {
    const waiting = new AbortController()
    let isBegun = false
    const work = () => {
      isBegun = true
      return workOff().catch(() => again())
    }

    const stop = clock.at(clock.elapsed() + PATIENCE, () => waiting.abort())
    await lock
      .request(`${session.name}.outbox`, { signal: waiting.signal }, work)
      .catch(() => (isBegun ? undefined : work()))
    stop()
  }

  async function workOff() {
    cancel?.()
    cancel = undefined
    const tried = new Set<string>()

    while (!session.closed) {
      const { outbox = [], revoked } = (await session.read()) ?? {}
      const next = withPending(outbox, [], clock.now()).find(({ token }) => !tried.has(token))
      if (!next) break

      tried.add(next.token)
      const retryAfter = await revoke(next, revoked)
      if (retryAfter !== undefined) return again(retryAfter)
    }

    failures = 0
  }

  /** Revokes one token and removes it from the outbox. If it has to be tried again, it gives how long to wait, in milliseconds. */
  async function revoke(entry: PendingRevocation, known: SessionRecord['revoked']): Promise<number | undefined> {
    const { kind, token } = entry
    const answer = isRefused(entry, known) ? undefined : await revokeToken(session.server, entry, { keepalive: true })

    let outcome: RevocationOutcome | undefined = 'failed'
    if (typeof answer === 'object') {
      const { failed, final, retryAfter = 0 } = answer
      session.emit('revocation_failed', { kind, reason: failed.reason, final })
      if (!final) return retryAfter
    } else outcome = answer
    if (outcome === 'revoked') session.emit('revoked', { kind })

    await session.update((record) => {
      if (!record?.outbox.some((other) => other.token === token)) return undefined
      return { next: settled(record, entry, outcome) }
    })
    return undefined
  }

  function again(retryAfter = 0) {
    if (session.closed) return

    failures++
    const wait = backOff(failures, fraction(crypto), retryAfter)
    cancel?.()
    cancel = clock.at(clock.elapsed() + wait, () => {
      cancel = undefined
      void begin()
    })
  }
}

/**
 * Whether the server has said that it revokes only refresh tokens. Then it is not asked about access tokens, because a browser shows every
 * refusal in its console. It is asked again when the record has forgotten the grant for which it said so.
 */
function isRefused({ kind, grantId }: PendingRevocation, known: SessionRecord['revoked']): boolean {
  // It applies only to the access token of a grant whose refresh token was revoked. Without a refresh token, the server has to be asked.
  const isLeftOver = kind === 'access_token' && known?.[grantId]?.refresh_token === 'revoked'
  return isLeftOver && Object.values(known).some((grant) => grant?.access_token === 'unsupported')
}

/**
 * The outcome of a grant. It is that of the refresh token, if there was one. An access token that the server does not revoke expires by itself, and
 * many servers end it together with the refresh token. Some, such as Better Auth, then refuse to revoke the access token, which they do not know
 * any more. RFC 7009 §2.2 wants a success there.
 */
function summary(grant: RevokedGrant | undefined): Revocation {
  const { refresh_token, access_token, uncertain } = grant ?? {}
  const first = refresh_token ?? access_token
  const isKnown = first === 'failed' || first === 'unsupported'
  return uncertain && !isKnown ? 'uncertain' : first
}
