import type { EpochMs } from '../ports.ts'
import type { IdTokenClaims } from '../protocol/token-set.ts'
import { type PendingRevocation, type SessionRecord, tokensOf, withPending } from './record.ts'

/**
 * The outbox of `record` when tokens of an earlier grant are left over: of the grant that it replaced, or of a refresh of that grant that ended too
 * late.
 *
 * If they belong to another person, they are revoked. If they belong to the same person, they are only dropped, unless `revokeReplaced` is set: at
 * many servers, revoking one token ends everything that the person has granted this client (RFC 7009 §2.1), and so the present session. A token
 * that `record` itself has is never revoked.
 * @param person the claims of the person whose tokens they are
 */
export function outboxBeside(
  record: SessionRecord,
  person: IdTokenClaims | undefined,
  tokens: readonly PendingRevocation[],
  at: EpochMs,
  revokeReplaced: boolean,
): readonly PendingRevocation[] {
  const isSamePerson = person?.sub === record.claims?.sub
  const own = tokensOf(record)
  const outbox = withPending(record.outbox, isSamePerson && !revokeReplaced ? [] : tokens, at)
  return outbox.filter(({ token }) => !own.has(token))
}
