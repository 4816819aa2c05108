import { randomBytes } from 'node:crypto'
import type { Context, Grant, InteractionPolicy } from 'oidc-provider'
import { accounts, messagePage, pageHeaders } from './sign-in-page.ts'

/**
 * Whether tokens are bound to a key (RFC 9449): not at all, where the client proves one, or always; with `nonces`, proofs have to hold
 * one of the server's.
 */
export type Dpop = 'off' | 'offered' | 'required' | 'required with nonces'

/** A website with a backend: a client with a secret. */
export interface WebsiteClient {
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
  readonly postLogoutRedirectUri?: string
  /** Where logouts are told (OpenID Connect Back-Channel Logout 1.0). */
  readonly backchannelLogoutUri: string
}

/** What differs from one authorization server to the next. */
export interface ProviderSettings {
  readonly clientId: string
  /** A second client. */
  readonly website: WebsiteClient | undefined
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  /** Origins whose scripts may call it. */
  readonly origins: readonly string[]
  readonly audiences: readonly string[]
  readonly adapter: (model: string) => object
  readonly signingKey: object
  readonly cookieKey: string
  /** Cookies are shared by all ports of a host: this keeps two servers' apart. */
  readonly cookieSuffix: number
  readonly refreshTokens: boolean
  /** Seconds. */
  readonly accessTokenTtl: () => number
  readonly dpop: Dpop
  /** Whether authorization requests have to be pushed first (RFC 9126). */
  readonly pushed: boolean
  /** Where logouts are told (OpenID Connect Back-Channel Logout 1.0); tokens then name their sign-in, as `sid`. */
  readonly backchannelLogoutUri: string | undefined
  /** Whether signing out at the server ends the grants of that sign-in. */
  readonly endsWithSession: boolean
  /** Whether all sign-ins of a person share one grant: revoking one refresh token then ends all of them. */
  readonly sharesGrants: boolean
  readonly interactionPolicy: InteractionPolicy
}

const day = 86_400
const apiScope = 'notes'

/** How people can prove who they are (OpenID Connect Core §2, `acr`), the everyday way first. */
export const acrValues = ['urn:example:password', 'urn:example:passkey']

/** oidc-provider's configuration: everything it would warn about is said explicitly. */
export function providerConfiguration(settings: ProviderSettings): object {
  const { audiences, origins, cookieSuffix, dpop, pushed, endsWithSession } = settings
  return {
    adapter: settings.adapter,
    acrValues,
    clients: clientsOf(settings),
    clientBasedCORS: (_ctx: Context, origin: string) => origins.includes(origin),
    claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
    conformIdTokenClaims: false,
    cookies: {
      keys: [settings.cookieKey],
      names: {
        session: `session_${cookieSuffix}`,
        interaction: `interaction_${cookieSuffix}`,
        resume: `resume_${cookieSuffix}`,
      },
    },
    // The provider's own guard against forged requests refuses loopback addresses, and its limit of 2.5 s is too short on a busy machine.
    fetch: (url: string, { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown }) =>
      fetch(url, { ...options, signal: AbortSignal.timeout(30_000) }),
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: {
        enabled: dpop !== 'off',
        nonceSecret: randomBytes(32),
        requireNonce: () => dpop === 'required with nonces',
      },
      introspection: { enabled: false },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: pushed },
      resourceIndicators: {
        enabled: true,
        defaultResource: async (_ctx: Context, _client: object, oneOf?: readonly string[]) => (oneOf ?? audiences)[0],
        useGrantedResource: async () => true,
        getResourceServerInfo: async (_ctx: Context, audience: string) => {
          if (!audiences.includes(audience)) throw Object.assign(new Error('invalid_target'), { ...invalidTarget })
          return { audience, scope: apiScope, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }
        },
      },
      revocation: {
        enabled: true,
        allowedPolicy: async (_ctx: Context, client: { clientId: string }, token: { clientId: string }) =>
          client.clientId === token.clientId,
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async (ctx: Context, form: string) => {
          ctx.set('content-security-policy', pageHeaders['content-security-policy'])
          ctx.body = messagePage('Sign out?', '').replace(
            '</main>',
            `${form}<button form="op.logoutForm" name="logout" value="yes">Sign out here too</button></main>`,
          )
        },
        postLogoutSuccessSource: async (ctx: Context) => {
          ctx.body = messagePage('Signed out', 'All done.')
        },
      },
    },
    findAccount: async (_ctx: Context, accountId: string) => {
      const { name = accountId, email = `${accountId}@example.com` } = accounts.find(({ id }) => id === accountId) ?? {}
      return { accountId, claims: async () => ({ sub: accountId, name, email }) }
    },
    interactions: {
      url: async (_ctx: Context, { uid }: { uid: string }) => `/interaction/${uid}`,
      policy: steppingUp(settings.interactionPolicy),
    },
    // Without `prompt=consent` oidc-provider drops offline_access (OpenID Connect Core §11): it is not asked for here.
    issueRefreshToken: async () => settings.refreshTokens,
    expiresWithSession: async () => endsWithSession,
    extraTokenClaims: async ({ oidc }: Context, { sid }: { sid?: string }) => {
      const { acr, authTime } = oidc.entities.AuthorizationCode ?? oidc.entities.RefreshToken ?? {}
      return { sid, acr, auth_time: authTime }
    },
    jwks: { keys: [settings.signingKey] },
    loadExistingGrant: settings.sharesGrants ? sharingGrants() : grantEverything,
    pkce: { required: () => true },
    renderError: async (ctx: Context, { error, error_description }: Record<string, string | undefined>) => {
      ctx.type = 'html'
      ctx.body = messagePage('That did not work', `${error ?? 'error'}: ${error_description ?? 'no details'}`)
    },
    responseTypes: ['code'],
    rotateRefreshToken: true,
    scopes: ['openid', 'offline_access', 'profile', 'email', apiScope],
    ttl: {
      AccessToken: settings.accessTokenTtl,
      AuthorizationCode: 60,
      Grant: 14 * day,
      IdToken: day,
      Interaction: 3600,
      RefreshToken: 14 * day,
      Session: 14 * day,
    },
  }
}

function clientsOf({ clientId, redirectUris, dpop, website, ...settings }: ProviderSettings): readonly object[] {
  const everybody = {
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    id_token_signed_response_alg: 'ES256',
  }
  const toldAt = (uri: string) => ({ backchannel_logout_uri: uri, backchannel_logout_session_required: true })
  const page = {
    ...everybody,
    client_id: clientId,
    token_endpoint_auth_method: 'none',
    redirect_uris: redirectUris,
    post_logout_redirect_uris: settings.postLogoutRedirectUris,
    ...(dpop.startsWith('required') && { dpop_bound_access_tokens: true }),
    ...(settings.backchannelLogoutUri && toldAt(settings.backchannelLogoutUri)),
  }
  const backend = website && {
    ...everybody,
    client_id: website.clientId,
    client_secret: website.clientSecret,
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [website.redirectUri],
    post_logout_redirect_uris: website.postLogoutRedirectUri ? [website.postLogoutRedirectUri] : [],
    ...toldAt(website.backchannelLogoutUri),
  }
  return [...(redirectUris.length > 0 ? [page] : []), ...(backend ? [backend] : [])]
}

/** Who proved who they are in another way than is asked for does it once more (RFC 9470). */
function steppingUp({ base, Check }: InteractionPolicy): object {
  const policy = base()
  const isAnother = ({ oidc }: Context) => {
    const wanted = oidc.params?.acr_values?.split(' ')
    return wanted !== undefined && !wanted.includes(oidc.acr ?? '')
  }
  policy.get('login').checks.push(new Check('acr_values', 'Another authentication is required', isAnother))
  return policy
}

const invalidTarget = {
  error: 'invalid_target',
  error_description: 'resource indicator is missing, or unknown',
  status: 400,
  statusCode: 400,
  expose: true,
  allow_redirect: true,
}

/** Every sign-in gets a grant of its own with all it asks for, so that ending one never ends another. */
async function grantEverything({ oidc }: Context) {
  const { account, client, provider, requestParamScopes, resourceServers } = oidc
  if (!account || !client) return undefined
  const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId })
  grant.addOIDCScope([...requestParamScopes].join(' '))
  for (const resource of Object.keys(resourceServers)) grant.addResourceScope(resource, apiScope)
  await grant.save()
  return grant
}

/** All sign-ins of a person get the same grant while it lives, as with oidc-provider's own default and many other servers. */
function sharingGrants(): (context: Context) => Promise<Grant | undefined> {
  const latest = new Map<string, Promise<Grant | undefined>>()
  return (context) => {
    const { account, provider } = context.oidc
    const person = account?.accountId ?? ''
    const before = latest.get(person)
    const grant = (async () => {
      const known = await before
      const living = known && (await provider.Grant.find(known.jti))
      return living ?? grantEverything(context)
    })()
    latest.set(person, grant)
    return grant
  }
}
