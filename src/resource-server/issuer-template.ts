import { invalidOption } from './invalid-option.ts'

/** The identifiers of an issuer with many tenants. */
export interface IssuerTemplate {
  /** The tenant that `iss` names, if it has the template's form and is one of those that count. */
  tenantOf(iss: string): string | undefined
  /** `url` with the tenant in the place of the template's variable. */
  fill(url: string, tenant: string): string
}

const VARIABLE = /\{[A-Za-z]+\}/g
/** One segment of a path that every reader of URLs takes for the same. */
const TENANT = /^[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,127}$/

/**
 * Reads an issuer identifier with one variable, such as `https://login.microsoftonline.com/{tenantid}/v2.0`.
 * @returns `undefined` for an identifier without one
 * @throws TokenManagerError `ERR_INVALID_OPTION`: more than one, in the host, or without `tenants`
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
  const isOneSegment = /^https?:\/\/[^/]+\/(.*\/)?$/.test(before) && (after === '' || after.startsWith('/'))
  if (others.length || !isOneSegment)
    throw invalidOption(`issuer may have one variable, as a whole segment of its path, not ${issuer}`)
  if (typeof tenants !== 'function' && !(Array.isArray(tenants) && tenants.length))
    throw invalidOption('An issuer with a variable needs tenants: a list, or a function that says which count')
  const counts = typeof tenants === 'function' ? tenants : (tenant: string) => tenants.includes(tenant)

  return {
    tenantOf(iss) {
      const fits = iss.startsWith(before) && iss.endsWith(after) && iss.length > before.length + after.length
      const tenant = fits ? iss.slice(before.length, iss.length - after.length) : ''
      return TENANT.test(tenant) && counts(tenant) === true ? tenant : undefined
    },
    fill: (url, tenant) => url.replace(variable, tenant),
  }
}
