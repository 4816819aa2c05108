/** How tokens of a provider can be told, and the preset of `tokenward/providers` that takes them. */
interface KnownDialect {
  readonly preset: string
  /** Its issuer identifiers, where they tell. */
  readonly issuer?: RegExp
  /** Claims of which only its tokens have all, where they tell. */
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

/** Claims in which issuers say what RFC 9068 says in a claim of its own, and the option that names them. */
const substitutes: Readonly<Record<string, readonly [option: string, claims: readonly string[]]>> = {
  client_id: ['claims.client', ['azp', 'appid', 'cid']],
  jti: ['claims.id', ['uti', 'uid']],
  sid: ['claims.session', ['session_id', 'origin_jti']],
  scope: ['claims.scope', ['scp', 'permissions']],
  aud: ['claims.audience', ['client_id']],
}

/**
 * What would take a token that RFC 9068 does not, for those who run the API.
 * @param issuer the configured one
 * @param option the option of the issuer that is about what was wrong
 */
export function remedy(issuer: string, claims: Readonly<Record<string, unknown>>, option: string): string {
  const isIts = ({ claims: names }: KnownDialect) => names?.every((name) => Object.hasOwn(claims, name)) === true
  const found = known.find((one) => one.issuer?.test(issuer)) ?? known.find(isIts)
  const own = `option ${option} of the issuer`
  return found ? `issuer: ${found.preset}.api(...) of tokenward/providers takes it, or ${own}` : own
}

/** The option that says where else a missing claim is, and the claim that seems to be it. */
export function substituteFor(
  name: string,
  claims: Readonly<Record<string, unknown>>,
): { readonly option: string; readonly found: string | undefined } {
  const [option, candidates] = substitutes[name] ?? ['requiredClaims', []]
  return { option, found: candidates.find((one) => Object.hasOwn(claims, one)) }
}
