/** How the tokens of a provider are recognised, and the preset of `tokenward/providers` for them. */
interface KnownDialect {
  readonly preset: string
  /** The form of its issuer identifiers. Absent if they have no special form. */
  readonly issuer?: RegExp
  /** Claims that only the tokens of this provider have all together. */
  readonly claims?: readonly string[]
}

const known: readonly KnownDialect[] = [
  { preset: 'cognito', issuer: /^https:\/\/cognito-idp\./, claims: ['token_use'] },
  { preset: 'entra', issuer: /^https:\/\/(login\.microsoftonline\.com|sts\.windows\.net)\//, claims: ['tid', 'uti'] },
  { preset: 'auth0', issuer: /\.auth0\.com\/$/, claims: ['gty'] },
  { preset: 'auth0', claims: ['azp', 'permissions'] },
  { preset: 'okta', issuer: /\.okta(preview|-emea)?\.com\//, claims: ['cid'] },
  { preset: 'keycloak', issuer: /\/realms\/[^/]+$/, claims: ['azp', 'typ'] },
  { preset: 'hydra', claims: ['ext', 'scp'] },
  { preset: 'entraB2c', issuer: /\.b2clogin\.com\//, claims: ['tfp', 'azp'] },
  { preset: 'authentik', issuer: /\/application\/o\/[^/]+\/$/, claims: ['azp', 'uid'] },
  { preset: 'supabase', issuer: /\.supabase\.co\/auth\/v1$/, claims: ['aal', 'session_id'] },
  { preset: 'zitadel', issuer: /\.zitadel\.cloud$/, claims: ['urn:zitadel:iam:org:project:roles'] },
]

/** For each claim of RFC 9068: other claims that issuers use instead, and the option to name such a claim. */
const substitutes: Readonly<Record<string, readonly [option: string, claims: readonly string[]]>> = {
  client_id: ['claims.client', ['azp', 'appid', 'cid']],
  jti: ['claims.id', ['uti', 'uid']],
  sid: ['claims.session', ['session_id', 'origin_jti']],
  scope: ['claims.scope', ['scp', 'permissions']],
  aud: ['claims.audience', ['client_id']],
}

/**
 * The advice for the people who run the API: which preset or option would make the guard accept a token that is not as RFC 9068 says.
 * @param issuer the issuer, as it is configured
 * @param option the option of the issuer that concerns what was wrong
 */
export function remedy(issuer: string, claims: Readonly<Record<string, unknown>>, option: string): string {
  const isIts = ({ claims: names }: KnownDialect) => names?.every((name) => Object.hasOwn(claims, name)) === true
  const found = known.find((one) => one.issuer?.test(issuer)) ?? known.find(isIts)
  const own = `option ${option} of the issuer`
  return found ? `issuer: ${found.preset}.api(...) of tokenward/providers takes it, or ${own}` : own
}

/** The option that can name another claim for a missing one, and the claim of the token that seems to be meant. */
export function substituteFor(
  name: string,
  claims: Readonly<Record<string, unknown>>,
): { readonly option: string; readonly found: string | undefined } {
  const [option, candidates] = substitutes[name] ?? ['requiredClaims', []]
  return { option, found: candidates.find((one) => Object.hasOwn(claims, one)) }
}
