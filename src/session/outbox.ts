import { revokeToken } from '../protocol/revocation.ts'
import { type PendingRevocation, withPending } from './record.ts'
import { backOff, fraction } from './schedule.ts'
import type { Session } from './session.ts'

/** What became of one token in the outbox. */
export type Revocation = 'revoked' | 'unsupported' | 'failed' | 'pending'

/** Revokes at the server what sign-outs left in the record. */
export interface Outbox {
  /**
   * Works the outbox off, as far as the server answers; what fails waits for the next try. One run at a time.
   * @returns what became of `tokens`, which have to be in the stored outbox
   */
  drain(tokens?: readonly PendingRevocation[]): Promise<Revocation[]>
  /** Begins a run, unless one is under way or waits its turn after a failure. */
  nudge(): void
  close(): void
}

/** How long to wait for another context that is working it off. */
const PATIENCE = 2_000

/** The outbox of `session`. Nothing happens before `drain`. */
export function outbox(session: Session): Outbox {
  const { clock, crypto, lock } = session.platform
  const done = new Map<string, Revocation>()
  let running: Promise<void> | undefined
  let cancel: (() => void) | undefined
  let failures = 0

  return {
    async drain(tokens = []) {
      for (const { token } of tokens) done.set(token, 'pending')
      // A run that is under way may have read the outbox before `tokens` came in.
      for (let runs = 0; runs < 2; runs++) {
        await begin()
        if (cancel || tokens.every(({ token }) => done.get(token) !== 'pending')) break
      }
      const outcomes = tokens.map(({ token }) => done.get(token) ?? 'pending')
      for (const { token } of tokens) done.delete(token)
      return outcomes
    },
    nudge() {
      if (!cancel) void begin()
    },
    close: () => cancel?.(),
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
      const { record } = await session.update(() => undefined)
      const pending = withPending(record?.outbox ?? [], [], clock.now())
      // Entries leave the outbox with an answer only: what is gone got it in another context.
      for (const [token, outcome] of done)
        if (outcome === 'pending' && !pending.some((entry) => entry.token === token)) done.set(token, 'revoked')
      const next = pending.find(({ token }) => !tried.has(token))
      if (!next) break
      tried.add(next.token)
      const retryAfter = await revoke(next)
      if (retryAfter !== undefined) return again(retryAfter)
    }
    failures = 0
  }

  /** Revokes and removes one; how long to wait when it has to be tried again. */
  async function revoke(entry: PendingRevocation): Promise<number | undefined> {
    const { kind, token } = entry
    const answer = await revokeToken(session.server, entry, { keepalive: true })
    const failed = typeof answer === 'object' ? answer : undefined
    if (failed) session.emit('revocation_failed', { kind, reason: failed.failed.reason, final: failed.final })
    else session.emit('revoked', { kind, supported: answer === 'revoked' })
    if (failed && !failed.final) return failed.retryAfter ?? 0
    if (done.has(token)) done.set(token, typeof answer === 'object' ? 'failed' : answer)
    await session.update((record) => {
      if (!record?.outbox.some((other) => other.token === token)) return undefined
      return { ...record, outbox: record.outbox.filter((other) => other.token !== token) }
    })
    return undefined
  }

  function again(retryAfter = 0) {
    if (session.closed) return
    cancel?.()
    failures++
    const wait = backOff(failures, fraction(crypto), retryAfter)
    cancel = clock.at(clock.elapsed() + wait, () => {
      cancel = undefined
      void begin()
    })
  }
}
