import { type AccessTokenClaims, type ClaimRules, checkClaims } from './access-token-claims.ts'
import { Refusal } from './access-token-error.ts'
import { checkAnswerKind, checkKind } from './access-token-kind.ts'
import { boundedCache } from './bounded-cache.ts'
import { checkToken } from './credentials.ts'
import { deepFreeze } from './deep-freeze.ts'
import { shown } from './found.ts'
import { checkImmediate } from './immediate-key.ts'
import { invalidOption } from './invalid-option.ts'
import type { Issuer } from './issuer.ts'
import { checkAlgorithm, checkSignature, signatureNames } from './issuer-signature.ts'
import { isName } from './json-values.ts'
import { keySource } from './key-options.ts'
import { normalizedAnswer, normalizedClaims } from './normalized-claims.ts'
import { sha256Now } from './sha256.ts'
import type { SignatureMode } from './signature.ts'
import { LONGEST_JWT, looksLikeJwt, readJwt } from './strict-jwt.ts'
import type { SubjectKind } from './subject-kind.ts'
import { trustedIssuers } from './trusted-issuers.ts'
import type { ValidatorOptions } from './validator-options.ts'

/** A token that was checked. Whether it is valid at this moment, and whether its sender may use it, is checked at every request. */
export interface Validated {
  /** The claims with the names of RFC 9068, frozen. */
  readonly claims: AccessTokenClaims
  readonly issuer: Issuer
  /** Whom the token is about. `undefined` if it does not show that. */
  readonly subjectKind: SubjectKind | undefined
  /** Whether the token is a JWT that was verified here. If not, its server was asked. */
  readonly isJwt: boolean
  /** The `token_type` in the introspection answer. */
  readonly tokenType?: string | undefined
}

/** Checks access tokens and reads their claims. */
export interface Validator {
  /** The issuers whose tokens are accepted. */
  readonly issuers: readonly Issuer[]
  /** @throws Refusal */
  validate(token: string): Promise<Validated>
}

/** @throws TokenManagerError `ERR_INVALID_OPTION` naming the option */
export function validator(options: ValidatorOptions, audiences: readonly string[]): Validator {
  const { requiredClaims, leeway = 60_000, now = Date.now, cacheLimit = 10_000, cacheMaxAge = 60_000 } = options
  const areAudiences = audiences.length > 0 && audiences.every(isName)
  if (!areAudiences) throw invalidOption('audience has to name this API: a string or a list of strings')
  if (!(leeway >= 0 && leeway <= 60_000)) throw invalidOption('leeway has to be 0 to 60 000 ms')
  for (const [name, value] of Object.entries({ cacheLimit, cacheMaxAge }))
    if (!(value >= 0)) throw invalidOption(`${name} has to be 0 or more`)

  const signatures = checkedMode(options.signatures)
  const issuers = trustedIssuers(options, { ...keySource(options), signatures })
  const verified = sha256Now && cacheLimit > 0 ? boundedCache<Validated>(cacheLimit, now) : undefined

  return {
    issuers: issuers.all,
    async validate(token) {
      const isTooLong = token.length > LONGEST_JWT
      const mayBeKept = token.startsWith('ey') && !isTooLong
      const key = verified && mayBeKept ? sha256Now?.(token) : undefined
      const known = key === undefined ? undefined : verified?.get(key)
      // Asked again, because the option `tenants` may have stopped accepting the token's tenant.
      if (known?.issuer.hasIssued(known.claims.iss)) return known

      const isJwt = looksLikeJwt(token)
      // For a JWT, looksLikeJwt() has checked the characters already.
      if (!isJwt) checkToken(token)
      if (isTooLong) throw new Refusal('malformed', `it is longer than ${LONGEST_JWT} characters`)
      if (!isJwt) return opaque(token)

      const found = await jwt(token)
      if (key !== undefined) verified?.set(key, found, now() + cacheMaxAge)
      return found
    },
  }

  async function jwt(token: string): Promise<Validated> {
    const read = readJwt(token)
    if (!read) throw new Refusal('malformed', 'it is no JWT that can be read in one way only')

    const { header, claims: found } = read
    const names = signatureNames(header)
    const issuer = issuers.of(found.iss)
    checkAlgorithm(names.alg, issuer)
    checkKind(header.typ, found, issuer)
    await checkSignature(token, names, issuer, found.iss as string)

    const claims = checkClaims(normalizedClaims(found, issuer.dialect.names), rulesOf(issuer), now())
    return { claims: deepFreeze(claims), issuer, subjectKind: kindOf(claims, issuer), isJwt: true }
  }

  async function opaque(token: string): Promise<Validated> {
    const { introspection } = issuers.introspecting ?? {}
    if (!introspection) throw new Refusal('malformed', 'it is no JWT, and no issuer has option introspection')

    const found = await introspection.ask(token)
    const issuer = issuers.of(found.iss)
    // A server can only vouch for its own tokens.
    if (issuer !== issuers.introspecting)
      throw new Refusal('issuer_unknown', `iss is ${shown(found.iss)}, and another server was asked`)

    checkAnswerKind(found)
    // An answer need not name the audience (RFC 7662 §2.2). The server knows which API asked, and says `active` only for tokens it may see.
    const own = found.aud === undefined ? { ...found, aud: audiences[0] } : found
    const answered: ClaimRules = { issuer: issuer.issuer, audiences, required: [], leeway }
    const claims = checkClaims(normalizedAnswer(own, issuer.dialect.names), answered, now())
    const tokenType = typeof found.token_type === 'string' ? found.token_type : undefined
    return { claims: deepFreeze(claims), issuer, subjectKind: kindOf(claims, issuer), isJwt: false, tokenType }
  }

  /** The guard's `requiredClaims` hold for every issuer. The claims that RFC 9068 requires can be replaced by an issuer's `requiredClaims`. */
  function rulesOf({ issuer, dialect }: Issuer): ClaimRules {
    const standard = dialect.names.id === false ? RFC9068.filter((name) => name !== 'jti') : RFC9068
    const own = dialect.requiredClaims ?? (requiredClaims ? [] : standard)
    return { issuer, audiences, leeway, required: ['iss', 'aud', 'exp', ...own, ...(requiredClaims ?? [])] }
  }
}

const RFC9068 = ['sub', 'client_id', 'iat', 'jti']

function checkedMode(mode: SignatureMode = 'pooled'): SignatureMode {
  if (mode !== 'pooled' && mode !== 'immediate')
    throw invalidOption("Option signatures has to be 'pooled' or 'immediate'")
  if (mode === 'immediate') checkImmediate()
  return mode
}

/** @throws Refusal `guard_failed` if the option `subjectKind` throws */
function kindOf(claims: AccessTokenClaims, { dialect }: Issuer): SubjectKind | undefined {
  let kind: unknown
  try {
    kind = dialect.subjectKind(claims)
  } catch {
    throw new Refusal('guard_failed', 'option subjectKind of the issuer threw')
  }
  return kind === 'user' || kind === 'client' ? kind : undefined
}
