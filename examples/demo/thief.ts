import { createHash, randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { Attempt } from './page/world.ts'
import type { IssuedTokens } from './token-endpoint.ts'

/** Where a thief tries what was stolen. */
export interface Places {
  readonly issuer: string
  readonly clientId: string
  /** The API's URL. */
  readonly api: string
}

/**
 * Does with tokens that were copied, out of a proxy's log for example, what a program elsewhere can do: everything but sign with the
 * key they are bound to, which never left the browser.
 */
export async function steal({ accessToken, refreshToken }: IssuedTokens, places: Places): Promise<readonly Attempt[]> {
  const { issuer, clientId, api } = places
  const prove = await ownKey()
  const call = async (what: string, headers: Record<string, string>): Promise<Attempt> => {
    const { status, headers: answered } = await fetch(api, { headers })
    const [, error] = / error="(\w+)"/.exec(answered.get('www-authenticate') ?? '') ?? []
    return { what, status, reason: error ?? 'none' }
  }
  const refresh = async (nonce?: string): Promise<Attempt> => {
    const response = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { dpop: await prove('POST', `${issuer}/token`, { nonce }) },
      body: new URLSearchParams({ client_id: clientId, grant_type: 'refresh_token', refresh_token: refreshToken }),
    })
    const { error = 'none' } = (await response.json()) as { error?: string }
    const next = response.headers.get('dpop-nonce') ?? undefined
    if (error === 'use_dpop_nonce' && nonce === undefined) return refresh(next)
    return { what: 'the refresh token', status: response.status, reason: error }
  }
  const ath = createHash('sha256').update(accessToken).digest('base64url')
  return [
    await call('the access token', { authorization: `Bearer ${accessToken}` }),
    await call("the access token with a thief's key", {
      authorization: `DPoP ${accessToken}`,
      dpop: await prove('GET', api, { ath }),
    }),
    await refresh(),
  ]
}

/** Proofs of a key of its own. */
async function ownKey() {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  return (htm: string, htu: string, claims: { ath?: string; nonce?: string | undefined }) =>
    new SignJWT({ htm, htu, jti: randomUUID(), ...claims })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
      .setIssuedAt()
      .sign(privateKey)
}
