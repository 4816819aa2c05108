import type { HandedRequest, NativeAnswer } from './phone.ts'

// An authorization server that rotates refresh tokens, and an API, as a phone meets them. Neither needs more than the language has:
// a realm has no URL, no crypto.

export const ISSUER = 'https://as.example.com'
export const NOTES = 'https://api.example.com/'
export const FILES = 'https://files.example.com/'

export interface Servers {
  answer(request: HandedRequest): NativeAnswer
  /** What the person's browser is sent back to, when they say yes at `url`. */
  authorize(url: string): string
  /** Answers the next requests to an API, in this order; after that it looks at the token. */
  readonly apiAnswers: NativeAnswer[]
  /** How often a refresh token came that was used before. */
  readonly reuse: number
}

export const metadata = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  revocation_endpoint: `${ISSUER}/revoke`,
  pushed_authorization_request_endpoint: `${ISSUER}/par`,
  dpop_signing_alg_values_supported: ['ES256'],
  authorization_response_iss_parameter_supported: true,
}

export function servers(): Servers {
  let serial = 0
  let reuse = 0
  let nonce = ''
  let pushed: Readonly<Record<string, string>> = {}
  const used = new Set<string>()
  const apiAnswers: NativeAnswer[] = []

  function tokens(form: Readonly<Record<string, string>>, isProven: boolean): NativeAnswer {
    if (form.grant_type !== 'authorization_code' && form.grant_type !== 'refresh_token')
      return json(400, { error: 'unsupported_grant_type' })
    const presented = form.refresh_token ?? form.code ?? ''
    if (used.has(presented)) reuse++
    if (used.has(presented) || presented === '') return json(400, { error: 'invalid_grant' })

    used.add(presented)
    serial++
    const isOpenid = form.grant_type === 'authorization_code' && nonce !== ''
    return json(200, {
      access_token: `at-${serial}`,
      refresh_token: `rt-${serial}`,
      token_type: isProven ? 'DPoP' : 'Bearer',
      expires_in: 300,
      ...(isOpenid && { id_token: idToken(nonce) }),
    })
  }

  return {
    apiAnswers,
    get reuse() {
      return reuse
    },
    answer(request) {
      const { url, headers, body } = request
      const path = url.slice(ISSUER.length).replace(/\?.*/, '')
      if (!url.startsWith(ISSUER))
        return (
          apiAnswers.shift() ?? json(headers.authorization ? 200 : 401, { saw: headers.authorization ?? 'nothing' })
        )
      if (path === '/.well-known/openid-configuration') return json(200, metadata)
      if (path === '/token') return tokens(parametersOf(body), headers.dpop !== undefined)
      if (path === '/revoke') return json(200, {})
      if (path !== '/par') return json(404, {})
      pushed = parametersOf(body)
      return json(201, { request_uri: 'urn:example:1', expires_in: 60 })
    },
    authorize(url) {
      const asked = parametersOf(url.replace(/^[^?]*\?/, ''))
      const request = asked.request_uri === undefined ? asked : pushed
      nonce = request.nonce ?? ''
      const state = encodeURIComponent(request.state ?? '')
      // An unescaped "=" in the code and a lonely "%": both are seen at real servers.
      return `${request.redirect_uri}?code=c-${serial}=&state=${state}&iss=${encodeURIComponent(ISSUER)}&hint=50%`
    },
  }
}

function json(status: number, value: unknown): NativeAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

function parametersOf(text: string): Record<string, string> {
  const pairs = text.split('&').map((pair) => {
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/.exec(pair) ?? []
    return [name, decodeURIComponent(value.replace(/\+/g, ' '))]
  })
  return Object.fromEntries(pairs)
}

/** One that came straight from the token endpoint: its signature is not looked at. */
function idToken(nonce: string): string {
  const now = Math.floor(Date.now() / 1_000)
  const claims = { iss: ISSUER, aud: 'app', sub: 'zoe', name: 'Zoë 東京 🙂', nonce, iat: now, exp: now + 300 }
  return [{ alg: 'RS256' }, claims]
    .map((part) => base64url(JSON.stringify(part)))
    .concat('AA')
    .join('.')
}

function base64url(text: string): string {
  const base64 = btoa(unescape(encodeURIComponent(text)))
  return base64.replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')
}
