import type { Target } from '../protocol/access-token.ts'

/** Scopes that concern the person or the grant, and no API (OpenID Connect Core §5.4, §11). */
const OF_NO_API = /^(openid|profile|email|address|phone|offline_access)$/

/** The names in a scope. */
export const scopesOf = (scope = ''): string[] => scope.split(' ').filter(Boolean)

/** The names of `wanted` that are not in `granted`, with spaces between them. `undefined` if none is missing. */
export function lacking(wanted: string | undefined, granted: string | undefined): string | undefined {
  const has = scopesOf(granted)
  const missing = scopesOf(wanted).filter((one) => !has.includes(one))
  return missing.join(' ') || undefined
}

/** All names of `scopes`, each once, in this order. */
export function union(...scopes: readonly (string | undefined)[]): string {
  return [...new Set(scopes.flatMap(scopesOf))].join(' ')
}

function ofApis(scope: string | undefined): string | undefined {
  const apis = scopesOf(scope).filter((one) => !OF_NO_API.test(one))
  return apis.join(' ') || undefined
}

/**
 * The names of `wanted` that a token lacks. Scopes that concern no API do not count.
 * @param given the scope of the token, as the server says
 * @param asked the scope that the sign-in asked for
 */
export function unmet(wanted: string | undefined, given: string, asked: string): string | undefined {
  const missing = lacking(ofApis(wanted), given)
  return missing && inOwnWords(wanted, given, asked) ? undefined : missing
}

/**
 * Whether the server uses other names for scopes than the request. Some servers have one name that stands for several scopes, or put the name of the
 * API before each scope.
 */
export function inOwnWords(wanted: string | undefined, given: string, asked: string): boolean {
  const needed = ofApis(wanted)
  const isNoneNamed = needed && lacking(needed, given) === needed
  return Boolean(isNoneNamed && lacking(ofApis(given), asked))
}

/**
 * The scope in the token request of a sign-in, for servers that tell APIs apart only by scope: the scope of the first API, and the scopes that
 * concern no API. Other servers ignore it (RFC 6749 §3.2).
 * @param asked the scope in the authorization request
 */
export function tokenScope({ resource, audience, scope }: Target, asked: string): string | undefined {
  const isToldApart = scope && !resource && !audience
  if (!isToldApart || lacking(scope, asked)) return undefined
  return union(lacking(asked, ofApis(asked)), scope)
}

/**
 * Whether the scope in the answer to a sign-in is only that of `target`. It is so if `target` names a resource, or if the scope has nothing that only
 * other APIs need.
 */
export function speaksOfOne(target: Target, given: string, asked: string): boolean {
  if (target.resource) return true
  return Boolean(tokenScope(target, asked)) && !goesBeyond(target, given, asked)
}

/**
 * The scope of the grant after a sign-in, as far as the answer shows it, and which API its access token is for.
 * @param target the API that the access token was requested for
 * @param given the scope in the answer, or the requested one if the answer has none
 */
export function broughtBy(
  target: Target,
  given: string,
  asked: string,
): { readonly scope: string; readonly target: Target } {
  const { scope: _, ...whole } = target
  const scope = inOwnWords(target.scope, given, asked) ? tokenScope(target, asked) : given
  return {
    scope: (!target.resource && scope) || asked,
    target: goesBeyond(target, given, asked) ? whole : target,
  }
}

function goesBeyond({ scope }: Target, given: string, asked: string): boolean {
  const others = scope && lacking(ofApis(asked), scope)
  return Boolean(others) && lacking(others, given) !== others
}
