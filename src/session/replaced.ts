import type { EpochMs } from '../ports.ts'
import type { IdTokenClaims } from '../protocol/token-set.ts'
import { type PendingRevocation, revocable, type SessionRecord, withPending } from './record.ts'

/**
 * The outbox of a living `record` beside which tokens of `person` are left over: of a grant whose place it took, or of a refresh that came
 * too late for that.
 *
 * Another person's are revoked. The same person's are dropped unless `revokeReplaced`: at many servers revoking one token ends
 * whatever else the person gave this client (RFC 7009 §2.1), and so this very session. A token that the record has itself is never revoked.
 */
export function outboxBeside(
  record: SessionRecord,
  person: IdTokenClaims | undefined,
  tokens: readonly PendingRevocation[],
  at: EpochMs,
  revokeReplaced: boolean,
): readonly PendingRevocation[] {
  const isSamePerson = person?.sub === record.claims?.sub
  const own = new Set(revocable(record, -Infinity).map(({ token }) => token))
  const outbox = withPending(record.outbox, isSamePerson && !revokeReplaced ? [] : tokens, at)
  return outbox.filter(({ token }) => !own.has(token))
}
