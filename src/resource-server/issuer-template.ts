import { invalidOption } from './invalid-option.ts'

/** The identifiers of an issuer with many tenants. */
export interface IssuerTemplate {
  /** The tenant in `iss`. `undefined` if `iss` has not the template's form, or if the tenant is not accepted. */
  tenantOf(iss: string): string | undefined
  /** `url` with the tenant instead of the template's variable. */
  fill(url: string, tenant: string): string
}

const VARIABLE = /\{[A-Za-z]+\}/g
/** A segment of a path that every reader of URLs understands in the same way. */
const TENANT = /^[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,127}$/

/**
 * Reads an issuer identifier with one variable, such as `https://login.microsoftonline.com/{tenantid}/v2.0`.
 * @returns `undefined` for an identifier without a variable
 * @throws TokenManagerError `ERR_INVALID_OPTION` if there are several variables, if one is in the host, or if `tenants` is missing
 */
export function issuerTemplate(
  issuer: string,
  tenants: readonly string[] | ((tenant: string) => boolean) | undefined,
): IssuerTemplate | undefined {
  const [variable, ...others] = issuer.match(VARIABLE) ?? []
  if (variable === undefined) {
    if (tenants !== undefined) throw invalidOption('tenants needs an issuer with a variable such as {tenantid}')
    return undefined
  }

  const [before = '', after = ''] = issuer.split(variable)
  const beginsSegment = /^https?:\/\/[^/]+\/(.*\/)?$/.test(before)
  const endsSegment = after === '' || after.startsWith('/')
  const isOneSegment = beginsSegment && endsSegment
  if (others.length > 0 || !isOneSegment)
    throw invalidOption(`issuer may have one variable, as a whole segment of its path, not ${issuer}`)

  const areListed = Array.isArray(tenants) && tenants.length > 0
  if (typeof tenants !== 'function' && !areListed)
    throw invalidOption('An issuer with a variable needs tenants: a list, or a function that says which count')
  const counts = typeof tenants === 'function' ? tenants : (tenant: string) => tenants?.includes(tenant)

  return {
    tenantOf(iss) {
      const tenant = between(before, after, iss)
      const isOne = tenant !== undefined && TENANT.test(tenant)
      return isOne && counts(tenant) === true ? tenant : undefined
    },
    fill: (url, tenant) => url.replace(variable, tenant),
  }
}

/**
 * Whether a key may sign for `iss`. Keys of Entra have a member `issuer`: many tenants share one key set, and the key of one tenant must not sign
 * for another. A key without this member may sign for every issuer whose key set it is in.
 * @param owner the member `issuer` of the key
 */
export function mayOwnKey(owner: unknown, iss: string): boolean {
  if (owner === undefined || owner === iss) return true
  if (typeof owner !== 'string') return false

  const [variable, ...others] = owner.match(VARIABLE) ?? []
  if (variable === undefined || others.length > 0) return false

  const [before = '', after = ''] = owner.split(variable)
  const tenant = between(before, after, iss)
  return tenant !== undefined && TENANT.test(tenant)
}

/** The part of `text` between `before` and `after`. `undefined` if there is none. */
function between(before: string, after: string, text: string): string | undefined {
  const isAround = text.startsWith(before) && text.endsWith(after)
  const hasMore = text.length > before.length + after.length
  return isAround && hasMore ? text.slice(before.length, text.length - after.length) : undefined
}
