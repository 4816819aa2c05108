import type { EpochMs } from '../ports.ts'
import { revocable, type SessionRecord, tombstone } from './record.ts'
import { outboxBeside } from './replaced.ts'

/** How many earlier grants a record names at most. */
const REPLACED_LIMIT = 8

/** The outcome of a sign-in, and the record after it. */
export interface Begun {
  readonly next: SessionRecord
  /** `user_changed`: another person came back than the one who was signed in, or another person has signed in in the meantime. */
  readonly outcome: 'signed_in' | 'user_changed'
}

/**
 * Decides what a sign-in changes in the record. A pure function.
 * @param now the record that is stored at that moment
 * @param brought the record of the new session
 * @param onlySubject the only person who may come back. `undefined`: anybody may
 */
export function begun(
  now: SessionRecord | undefined,
  brought: SessionRecord,
  onlySubject: string | undefined,
  at: EpochMs,
  revokeReplaced: boolean,
): Begun {
  const isOther = ({ claims }: SessionRecord) => onlySubject !== undefined && claims?.sub !== onlySubject
  const mine = revocable(brought, at)
  const replaced = now ? revocable(now, at) : []

  // Another person has signed in in the meantime. That session stays, and the new tokens are revoked.
  if (now?.claims && isOther(now)) {
    const outbox = outboxBeside(now, brought.claims, mine, at, revokeReplaced)
    return { next: { ...now, outbox }, outcome: 'user_changed' }
  }
  if (isOther(brought)) {
    const next = tombstone(now ?? brought, { at, reason: 'user_changed' }, [...mine, ...replaced])
    return { next, outcome: 'user_changed' }
  }
  if (!now) return { next: brought, outcome: 'signed_in' }

  const { outbox, revoked, claims, grantId } = now
  const isSamePerson = claims && claims.sub === brought.claims?.sub
  const follows = isSamePerson ? grantId : undefined
  const next = { ...brought, outbox, revoked, follows, replaced: grantsUpTo(now) }
  return { next: { ...next, outbox: outboxBeside(next, claims, replaced, at, revokeReplaced) }, outcome: 'signed_in' }
}

/** The grant of `record` and the grants before it, the latest first. */
function grantsUpTo({ grantId, replaced }: SessionRecord): string {
  const before = replaced?.split(' ') ?? []
  return [grantId, ...before].slice(0, REPLACED_LIMIT).join(' ')
}
