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

/** What became of the tokens of a grant; `undefined`: it had none, or nobody knows any more. */
export type Revocation = RevocationOutcome | 'uncertain' | 'pending' | undefined

/** Revokes at the server what sign-outs left in the record. */
export interface Outbox {
  /** Works the outbox off, as far as the server answers; what fails waits for the next try. One run at a time. Never rejects. */
  drain(): Promise<void>
  /**
   * Works it off, and says what became of the tokens of `grantId`, whichever context has asked the server.
   * @throws what the store rejects with
   */
  outcome(grantId: string | undefined): Promise<Revocation>
  /** Begins a run, unless one is under way or waits its turn after a failure. */
  nudge(): void
  close(): void
}

/** How long to wait for another context that is working it off. */
const PATIENCE = 2_000

/** The outbox of `session`. Nothing happens before `drain`. */
export function outbox(session: Session): Outbox {
  const { clock, crypto, lock } = session.platform
  let running: Promise<void> | undefined
  let cancel: (() => void) | undefined
  let failures = 0

  return {
    drain: begin,
    async outcome(grantId) {
      await begin()
      // A run that was under way may have read the outbox before.
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

  /** Only to save requests: a token that is revoked twice is no harm (RFC 7009 §2.2). */
  async function underLock() {
    const waiting = new AbortController()
    let started = false
    const start = async () => {
      if (started) return
      started = true
      await work().catch(() => again())
    }
    const stop = clock.at(clock.elapsed() + PATIENCE, () => waiting.abort())
    await lock.request(`${session.name}.outbox`, { signal: waiting.signal }, start).catch(() => {})
    stop()
    await start()
  }

  async function work() {
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

  /** Revokes and removes one; how long to wait when it has to be tried again. */
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
 * Whether the server said lately that it revokes refresh tokens alone: a browser shows every refusal in its console. It is asked again
 * once the grant of which it said so is forgotten.
 */
function isRefused({ kind, grantId }: PendingRevocation, known: SessionRecord['revoked']): boolean {
  // Where there is no refresh token, the access token is all there is to ask about; and a late refresh token has to be revoked too.
  const isLeftOver = kind === 'access_token' && known?.[grantId]?.refresh_token === 'revoked'
  return isLeftOver && Object.values(known).some((grant) => grant?.access_token === 'unsupported')
}

/**
 * Once the refresh token is revoked, an access token that the server does not revoke expires by itself. Many servers end it along with the
 * refresh token, and some then refuse to revoke what they do not know any more, where RFC 7009 §2.2 wants a success: Better Auth.
 */
function summary(grant: RevokedGrant | undefined): Revocation {
  const { refresh_token, access_token, uncertain } = grant ?? {}
  const first = refresh_token ?? access_token
  const isKnown = first === 'failed' || first === 'unsupported'
  return uncertain && !isKnown ? 'uncertain' : first
}
