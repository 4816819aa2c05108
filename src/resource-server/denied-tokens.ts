import { Refusal } from './access-token-error.ts'
import type { Denylist } from './denylist.ts'
import { invalidOption } from './invalid-option.ts'
import { deniableBy, type Issuer } from './issuer.ts'
import type { Validated } from './validator.ts'

/**
 * Tells the denylist about the issuers whose tokens it will be asked about.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if the denylist wants tokens to be introspected and no issuer has introspection
 */
export function describeIssuers(denylist: Denylist, issuers: readonly Issuer[]): void {
  const canAsk = issuers.some(({ introspection }) => introspection)
  if (denylist.whenStale === 'introspect' && !canAsk)
    throw invalidOption("A denylist with whenStale 'introspect' needs an issuer with introspection")
  for (const issuer of issuers) denylist.describeIssuer(deniableBy(issuer))
}

/**
 * Refuses a token that is denied. It also refuses a token that may be denied: one that lacks the claim which a denial names, and one that
 * lives longer than denials are kept.
 * @param now epoch milliseconds, with the leeway added
 * @throws Refusal
 */
export function checkDenials(denylist: Denylist, { claims, subjectKind }: Validated, now: number): void {
  const denied = denylist.check(claims)
  if (denied) throw new Refusal(denied, 'a denial of its issuer hits it')

  const { exp = 0 } = claims
  if (exp * 1_000 > now + denylist.maxTokenLifetime)
    throw new Refusal('claim_invalid', 'it lives longer than a denial is kept; option maxTokenLifetime of the denylist')

  const { jti, sid, sub, client_id } = claims
  const namesItself = jti !== undefined && sid !== undefined
  const namesOwners = sub !== undefined && client_id !== undefined
  if (namesItself && namesOwners) return

  const missing = denylist.cannotTell(claims)
  // A token that a client got for itself belongs to no sign-in, so it need not name one.
  const isNone = missing === undefined || (missing === 'sid' && subjectKind === 'client')
  if (isNone) return

  const detail = `a denial of its issuer names tokens by ${missing}, and this one has none; option claims of the issuer`
  throw new Refusal(missing === 'sid' || missing === 'sub' ? 'session_ended' : 'revoked', detail)
}
