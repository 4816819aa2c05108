import type { CheckedDialect } from './token-dialect.ts'

/**
 * Gives the claims of a token the names of RFC 9068, whatever its issuer calls them. If the issuer has its own name for a claim, only that name
 * is read: a claim that happens to have the name of RFC 9068 is removed.
 * @returns `found` itself if nothing has to be changed
 */
export function normalizedClaims(
  found: Readonly<Record<string, unknown>>,
  names: CheckedDialect['names'],
): Readonly<Record<string, unknown>> {
  const { client, id, scope, session, audience } = names
  const needsAudience = audience !== undefined && found.aud === undefined
  const isChanged = needsAudience || Array.isArray(found.scope)
  if (hasStandardNames(names) && !isChanged) return found

  const claims: Record<string, unknown> = { ...found }
  take('client_id', client)
  take('jti', id)
  take('sid', session)
  take('scope', scope)
  if (needsAudience) claims.aud = found[audience]
  if (isListOfWords(claims.scope)) claims.scope = claims.scope.join(' ')
  return claims

  function take(name: string, from: string | false): void {
    if (from === name) return
    const value = from === false ? undefined : found[from]
    if (value === undefined) delete claims[name]
    else claims[name] = value
  }
}

/** The same for an introspection answer. It has the names of RFC 7662 §2.2; the issuer's own names are read for members that are missing. */
export function normalizedAnswer(
  found: Readonly<Record<string, unknown>>,
  names: CheckedDialect['names'],
): Readonly<Record<string, unknown>> {
  const has = (name: string) => found[name] !== undefined
  return normalizedClaims(found, {
    ...names,
    client: has('client_id') ? 'client_id' : names.client,
    id: has('jti') ? 'jti' : names.id,
    scope: has('scope') ? 'scope' : names.scope,
    session: has('sid') ? 'sid' : names.session,
  })
}

function hasStandardNames({ client, id, session, scope }: CheckedDialect['names']): boolean {
  const namesWho = client === 'client_id' && session === 'sid'
  const namesWhat = id === 'jti' && scope === 'scope'
  return namesWho && namesWhat
}

function isListOfWords(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && /^\S+$/.test(one))
}
