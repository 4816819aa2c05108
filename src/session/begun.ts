import type { EpochMs } from '../ports.ts'
import { revocable, type SessionRecord, tombstone } from './record.ts'
import { outboxBeside } from './replaced.ts'

/** How many of the grants before it a record names. */
const REPLACED_LIMIT = 8

/** What a sign-in came to, and what becomes of the record. */
export interface Begun {
  readonly next: SessionRecord
  /** `user_changed`: another person came back than was signed in, or somebody has signed in meanwhile. */
  readonly outcome: 'signed_in' | 'user_changed'
}

/**
 * What a sign-in makes of the record, as it is when the sign-in is stored. Pure.
 * @param now what is stored
 * @param brought the record of the new session
 * @param onlySubject the person who may come back; absent: anybody may
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

  // Somebody else has signed in meanwhile, on purpose: that session stays.
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

/** The grant of `record` and those before it. */
function grantsUpTo({ grantId, replaced }: SessionRecord): string {
  const before = replaced?.split(' ') ?? []
  return [grantId, ...before].slice(0, REPLACED_LIMIT).join(' ')
}
