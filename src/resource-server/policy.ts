import type { AccessTokenClaims } from './access-token-claims.ts'
import { Refusal } from './access-token-error.ts'
import { remedy, substituteFor } from './foreign-dialect.ts'
import { shown } from './found.ts'
import { invalidOption } from './invalid-option.ts'
import { checkOptionNames, type OptionNames } from './known-options.ts'
import type { Validated } from './validator.ts'

/** What a route requires besides a valid token. */
export interface AccessPolicy {
  /** The token has to have all these scope values, space-separated or a list (RFC 6749 §3.3). Default none. */
  readonly scope?: string | readonly string[]
  /** The token's `acr` has to be one of these (RFC 9470). Default: any. */
  readonly acrValues?: readonly string[]
  /** How long ago the person may have authenticated, ms (RFC 9470). Default: any time. */
  readonly maxAge?: number
  /**
   * `'user'`: the token has to be about a person, by the `subjectKind` of its issuer. A token that a client got for itself is refused
   * (RFC 9068 §5), and so is one that does not say. Default: all are accepted.
   */
  readonly subject?: 'user'
  /** The name of the route in decisions and metrics. Default none. */
  readonly route?: string
}

/** A policy that was checked. */
export interface CheckedPolicy extends AccessPolicy {
  readonly scopes: readonly string[]
}

const NAMES: OptionNames<AccessPolicy> = { scope: true, acrValues: true, maxAge: true, subject: true, route: true }
const NOT_A_USER = {
  client: 'a client got the token for itself',
  undefined:
    'the token does not show whether it is about a person: option subjectKind of the issuer, or a preset of tokenward/providers',
} as const
const SCOPE = /^[!#-[\]-~]+$/
const checked = new WeakMap<AccessPolicy, CheckedPolicy>()

/**
 * Checks a policy. Each object is checked only once.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, also for values that no challenge could contain
 */
export function checkPolicy(policy: AccessPolicy): CheckedPolicy {
  const known = checked.get(policy)
  if (known) return known

  checkOptionNames(policy, NAMES)
  const { scope = [], acrValues, maxAge, subject } = policy
  const scopes = typeof scope === 'string' ? scope.split(' ').filter(Boolean) : scope
  if (!Array.isArray(scopes) || !scopes.every((one) => SCOPE.test(one)))
    throw invalidOption('scope has to be scope values (RFC 6749 §3.3), separated by spaces or in a list')
  if (acrValues && !acrValues.every((one) => SCOPE.test(one)))
    throw invalidOption('acrValues has to be a list of acr values without spaces and quotes')
  const isAge = maxAge === undefined || (maxAge >= 0 && maxAge < Number.POSITIVE_INFINITY)
  if (!isAge) throw invalidOption('maxAge has to be milliseconds, 0 or more')
  if (subject !== undefined && subject !== 'user') throw invalidOption("subject has to be 'user'")

  const result = { ...policy, scopes }
  checked.set(policy, result)
  return result
}

/**
 * Checks that the token may do what the route does.
 * @throws Refusal `scope_missing`, `subject_not_a_user`, `step_up_required`
 */
export function enforce(
  { scopes, acrValues, maxAge, subject }: CheckedPolicy,
  { claims, subjectKind, issuer }: Validated,
  leeway: number,
  now: number,
): void {
  const granted = claims.scope?.split(' ') ?? []
  if (scopes.some((one) => !granted.includes(one)))
    throw new Refusal('scope_missing', detailOfScope(scopes, claims, issuer.issuer), {
      params: { scope: scopes.join(' ') },
    })

  if (subject === 'user' && subjectKind !== 'user')
    throw new Refusal('subject_not_a_user', NOT_A_USER[`${subjectKind}`])

  const { acr, auth_time } = claims
  const isStrong = acrValues === undefined || (acr !== undefined && acrValues.includes(acr))
  const isFresh = maxAge === undefined || isAuthenticatedSince(auth_time, now - maxAge - leeway)
  if (!isStrong || !isFresh) throw stepUp(acrValues, maxAge)
}

/** @param since epoch milliseconds */
function isAuthenticatedSince(auth_time: number | undefined, since: number): boolean {
  return auth_time !== undefined && auth_time * 1_000 >= since
}

function stepUp(acrValues: readonly string[] | undefined, maxAge: number | undefined): Refusal {
  const params: Record<string, string> = {}
  if (acrValues) params.acr_values = acrValues.join(' ')
  if (maxAge !== undefined) params.max_age = `${Math.floor(maxAge / 1_000)}`
  return new Refusal('step_up_required', 'acr or auth_time is not what the policy asks for', { params })
}

function detailOfScope(scopes: readonly string[], claims: AccessTokenClaims, issuer: string): string {
  const found = `scope is ${shown(claims.scope)}, wanted ${shown(scopes)}`
  const other = claims.scope === undefined ? substituteFor('scope', claims) : undefined
  return other?.found === undefined
    ? found
    : `${found}, the token has ${other.found}; ${remedy(issuer, claims, other.option)}`
}
