import { invalidOption } from '../errors.ts'
import type {
  MetadataOverrides,
  MetadataSource,
  MetadataSourceOptions,
} from '../protocol/authorization-server-metadata.ts'
import { textOf } from '../protocol/json-members.ts'

/** The place for the tenant in an issuer. An ID token names its tenant in `tid`. */
const TENANT = '{tenantid}'
/** An issuer in which the tenant is one whole part of the path. It must not be in the host. */
const TEMPLATE = /^https?:\/\/[^/{]+\/([^{]*\/)?\{tenantid}(\/[^{]*)?$/
const TENANT_ID = /[\da-f-]{36}/i

/**
 * The authorization server's metadata, if it is not at the usual address or has to be corrected: `url` is its address, `metadata` gives it
 * directly, and `overrides` replaces single members. With it the issuer may be a template with `{tenantid}` as one part of its path, for a
 * server with many tenants (Microsoft Entra ID). An ID token then has to name the tenant, a GUID, in `tid`, and the issuer with that tenant in
 * `iss`.
 * @throws nothing; `createTokenManager()` throws `ERR_INVALID_OPTION` for what is wrong in it
 */
export function metadataFrom(options: MetadataSourceOptions): MetadataSource {
  return {
    options,
    start(issuer, checkUrl) {
      const { url, metadata, overrides, ...unknown } = options
      const [unknownName] = Object.keys(unknown)
      if (unknownName !== undefined)
        throw invalidOption(`metadata.${unknownName}`, 'left out: the options are url, metadata, overrides')
      const isTold = url !== undefined || metadata !== undefined
      const isTemplate = issuer.includes('{')
      if (metadata !== undefined && !isObject(metadata)) throw invalidOption('metadata.metadata', 'an object')
      if (overrides !== undefined && !isObject(overrides)) throw invalidOption('metadata.overrides', 'an object')
      if (url !== undefined && metadata !== undefined)
        throw invalidOption('metadata.url', 'left out: metadata is given')
      const isReadable = TEMPLATE.test(issuer) && isTold
      if (isTemplate && !isReadable)
        throw invalidOption('issuer', `an https URL; ${TENANT} may be one part of its path, and needs metadata or url`)

      checkUrl('issuer', issuer.replace(TENANT, ''))
      if (url !== undefined) checkUrl('metadata.url', url)
      checkOverrides(overrides ?? {}, checkUrl)

      return {
        load: async (find) => ({ ...(metadata ?? (await find(url))), ...overrides }),
        isIssuer(iss, claims) {
          if (!isTemplate) return iss === issuer
          const isFilledIn = textOf(iss).replace(TENANT_ID, TENANT) === issuer
          // An authorization response has no claims. The ID token will show which tenant it is.
          if (!claims) return isFilledIn
          return isFilledIn && iss !== issuer && iss === issuer.replace(TENANT, textOf(claims.tid))
        },
      }
    },
  }
}

function checkOverrides(overrides: MetadataOverrides, checkUrl: (option: string, url: unknown) => void): void {
  for (const [name, value] of Object.entries(overrides)) {
    const option = `metadata.overrides.${name}`
    if (name === 'issuer') throw invalidOption(option, 'left out: it is set or checked here')
    if (name.endsWith('_endpoint') && value !== null) checkUrl(option, value)
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
