import { Refusal } from './access-token-error.ts'
import type { Denylist } from './denylist.ts'
import { invalidOption } from './invalid-option.ts'
import { deniableBy, type Issuer } from './issuer.ts'
import type { Validated } from './validator.ts'

/**
 * Tells the denylist whose tokens it will be asked about.
 * @throws TokenManagerError `ERR_INVALID_OPTION` where it would have servers asked that cannot be
 */
export function describeIssuers(denylist: Denylist, issuers: readonly Issuer[]): void {
  const canAsk = issuers.some(({ introspection }) => introspection)
  if (denylist.whenStale === 'introspect' && !canAsk)
    throw invalidOption("A denylist with whenStale 'introspect' needs an issuer with introspection")
  for (const issuer of issuers) denylist.describeIssuer(deniableBy(issuer))
}

/**
 * @param now epoch milliseconds, the leeway added
 * @throws Refusal where a denial names the token, or might: one that cannot be told from a denied one counts as denied, and so does one
 * that would outlive its denial
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
  // What a client got for itself belongs to no sign-in.
  const isNone = missing === undefined || (missing === 'sid' && subjectKind === 'client')
  if (isNone) return
  const detail = `a denial of its issuer names tokens by ${missing}, and this one has none; option claims of the issuer`
  throw new Refusal(missing === 'sid' || missing === 'sub' ? 'session_ended' : 'revoked', detail)
}
