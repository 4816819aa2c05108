import type { AccessTokenClaims } from './access-token-claims.ts'

/** Whom a token is about: a person, or a client that got it for itself. */
export type SubjectKind = 'user' | 'client'

/**
 * What a token of RFC 9068 shows. Its `sub` alone shows no person: §2.2 lets a server give a client a `sub` of another kind than its
 * `client_id`, as Keycloak gives its service accounts. `auth_time` is there only where somebody authenticated (§2.2.1).
 */
export function subjectShownByRfc9068(claims: AccessTokenClaims): SubjectKind | undefined {
  if (isClient(claims)) return 'client'
  const canBeCompared = claims.sub !== undefined && claims.client_id !== undefined
  return canBeCompared && claims.auth_time !== undefined ? 'user' : undefined
}

/** What a token shows whose server gives clients no `sub` but their `client_id`. */
export function subjectIsNotTheClient(claims: AccessTokenClaims): SubjectKind | undefined {
  if (isClient(claims)) return 'client'
  return claims.sub !== undefined && claims.client_id !== undefined ? 'user' : undefined
}

/** What any known issuer says of a client: these words have no other meaning anywhere. */
function isClient({ sub, client_id, gty, idtyp, preferred_username: name }: AccessTokenClaims): boolean {
  const isItself = sub !== undefined && sub === client_id
  const isOfAuth0 = gty === 'client-credentials' || sub?.endsWith('@clients') === true
  const isOfKeycloak = typeof name === 'string' && name.startsWith('service-account-')
  return isItself || isOfAuth0 || isOfKeycloak || idtyp === 'app'
}
