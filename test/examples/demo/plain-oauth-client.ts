import { createHash, randomBytes } from 'node:crypto'
import type { AuthorizationServer } from '../../../examples/demo/authorization-server.ts'

/** A token answer as it comes over the wire. */
export interface TokenAnswer {
  readonly access_token: string
  readonly refresh_token?: string
  readonly id_token?: string
  readonly expires_in: number
  readonly scope: string
}

/** A public client made of plain requests, without the library, to test the servers by. */
export function plainOAuthClient(server: AuthorizationServer, redirectUri: string) {
  const cookies = new Map<string, string>()

  /** Follows redirects with cookies, as a browser does, up to the redirect URI. */
  const browse = async (url: string): Promise<string> => {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (!location) return url
    const next = new URL(location, url).href
    return next.startsWith(redirectUri) ? next : browse(next)
  }

  const post = (path: string, parameters: Record<string, string>) =>
    fetch(server.issuer + path, {
      method: 'POST',
      headers: { origin: new URL(redirectUri).origin },
      body: new URLSearchParams({ client_id: server.clientId, ...parameters }),
    })

  return {
    browse,
    /** The callback URL of an authorization request. */
    authorize: (extra: Record<string, string> = {}, challenge = randomBytes(32).toString('base64url')) =>
      browse(
        `${server.issuer}/auth?${new URLSearchParams({
          client_id: server.clientId,
          redirect_uri: redirectUri,
          response_type: 'code',
          scope: 'openid offline_access notes',
          state: 'state',
          code_challenge: challenge,
          code_challenge_method: 'S256',
          ...extra,
        })}`,
      ),
    async signIn(): Promise<TokenAnswer> {
      const verifier = randomBytes(32).toString('base64url')
      const challenge = createHash('sha256').update(verifier).digest('base64url')
      const code = new URL(await this.authorize({}, challenge)).searchParams.get('code') ?? ''
      const response = await post('/token', {
        grant_type: 'authorization_code',
        redirect_uri: redirectUri,
        code,
        code_verifier: verifier,
      })
      if (!response.ok) throw new Error(`code exchange: ${response.status} ${await response.text()}`)
      return response.json()
    },
    refresh: (refreshToken: string) => post('/token', { grant_type: 'refresh_token', refresh_token: refreshToken }),
    revoke: (token: string) => post('/token/revocation', { token, token_type_hint: 'refresh_token' }),
  }
}
