import type { AccessTokenClaims } from './access-token-claims.ts'

/** Whom a token is about: a person, or a client that got it for itself. */
export type SubjectKind = 'user' | 'client'

/**
 * What a token that follows RFC 9068 shows. A `sub` that differs from `client_id` does not prove that there is a person: §2.2 lets a server choose
 * the `sub` of a client, and Keycloak does so for its service accounts. Only a token from a person's sign-in has `auth_time` (§2.2.1).
 */
export function subjectShownByRfc9068(claims: AccessTokenClaims): SubjectKind | undefined {
  if (isClient(claims)) return 'client'
  const canBeCompared = claims.sub !== undefined && claims.client_id !== undefined
  return canBeCompared && claims.auth_time !== undefined ? 'user' : undefined
}

/** What a token shows if its server always gives a client its `client_id` as `sub`. */
export function subjectIsNotTheClient(claims: AccessTokenClaims): SubjectKind | undefined {
  if (isClient(claims)) return 'client'
  return claims.sub !== undefined && claims.client_id !== undefined ? 'user' : undefined
}

/** Whether the token is of a client, by the marks of all known issuers. None of these marks means anything else at another issuer. */
function isClient({ sub, client_id, gty, idtyp, preferred_username: name }: AccessTokenClaims): boolean {
  const isItself = sub !== undefined && sub === client_id
  const isOfAuth0 = gty === 'client-credentials' || sub?.endsWith('@clients') === true
  const isOfKeycloak = typeof name === 'string' && name.startsWith('service-account-')
  return isItself || isOfAuth0 || isOfKeycloak || idtyp === 'app'
}
