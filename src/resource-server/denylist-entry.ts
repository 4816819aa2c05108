import type { Denial, DenylistEntry } from './denial.ts'
import { isJsonObject, isName } from './json-values.ts'

/** The members of which a denial has exactly one, or `subject` and `clientId` together. */
const NAMES = ['jti', 'sid', 'subject', 'clientId']

/** Whether `value`, which may come from a store, is a denial that can be compared with tokens. */
export function isDenial(value: unknown): value is Denial {
  if (!isJsonObject(value)) return false

  const names = NAMES.filter((name) => name in value)
  const isOneThing = names.length === 1 || names.join() === 'subject,clientId'
  if (!isOneThing || !names.every((name) => isName(value[name]))) return false

  const { issuer, owner } = value
  const hasRightOwner = owner === undefined || ('sid' in value && isName(owner))
  const isInTime = isTime('jti' in value ? value.expiresAt : value.before)
  return isName(issuer) && hasRightOwner && isInTime
}

/** Whether `value` is an entry of a denylist. Anything else is ignored. */
export function isDenylistEntry(value: unknown): value is DenylistEntry {
  return isJsonObject(value) && isTime(value.until) && isDenial(value.denial)
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
