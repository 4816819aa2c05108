import type { Target } from '../protocol/access-token.ts'

/** Speak of the person or of the grant, and of no API (OpenID Connect Core §5.4, §11). */
const OF_NO_API = /^(openid|profile|email|address|phone|offline_access)$/

/** Each of a space-separated list of scopes. */
export const scopesOf = (scope = ''): string[] => scope.split(' ').filter(Boolean)

/** Those of the scopes `wanted` that `granted` lacks, both space-separated; `undefined` when it lacks none. */
export function lacking(wanted: string | undefined, granted: string | undefined): string | undefined {
  const has = scopesOf(granted)
  const missing = scopesOf(wanted).filter((one) => !has.includes(one))
  return missing.join(' ') || undefined
}

/** All of `scopes`, each once, in this order. */
export function union(...scopes: readonly (string | undefined)[]): string {
  return [...new Set(scopes.flatMap(scopesOf))].join(' ')
}

function ofApis(scope: string | undefined): string | undefined {
  const apis = scopesOf(scope).filter((one) => !OF_NO_API.test(one))
  return apis.join(' ') || undefined
}

/**
 * What a token lacks of the scope that it was asked for with, by what the server says of it. Scopes that speak of no API make no
 * token narrower.
 * @param given the scope of the token
 * @param asked all that was asked for when signing in
 */
export function unmet(wanted: string | undefined, given: string, asked: string): string | undefined {
  const missing = lacking(ofApis(wanted), given)
  return missing && inOwnWords(wanted, given, asked) ? undefined : missing
}

/**
 * Whether a server names what it gives in words that nobody asked with: some have a scope that stands for several, or put the name of
 * the API before each.
 */
export function inOwnWords(wanted: string | undefined, given: string, asked: string): boolean {
  const needed = ofApis(wanted)
  const isNoneNamed = needed && lacking(needed, given) === needed
  return Boolean(isNoneNamed && lacking(ofApis(given), asked))
}

/**
 * The scope that the token request of a sign-in names, where APIs are told apart by scope and nothing else: that of the first of them,
 * and what speaks of no API. A server that goes by RFC 6749 ignores it (§3.2).
 * @param asked what the authorization request asks for
 */
export function tokenScope({ resource, audience, scope }: Target, asked: string): string | undefined {
  const isToldApart = scope && !resource && !audience
  if (!isToldApart || lacking(scope, asked)) return undefined
  return union(lacking(asked, ofApis(asked)), scope)
}

/**
 * Whether the answer to a sign-in speaks of `target` alone, as where it names a resource, or where its scope holds nothing that only
 * other APIs want.
 */
export function speaksOfOne(target: Target, given: string, asked: string): boolean {
  if (target.resource) return true
  return Boolean(tokenScope(target, asked)) && !goesBeyond(target, given, asked)
}

/**
 * What a sign-in brought: the scope of the grant, as far as the answer tells, and what its access token is for.
 * @param target what was to be the access token's
 * @param given the scope that the answer names, or what stands for it where it names none
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
