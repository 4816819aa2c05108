/** What the token endpoint would have answered. */
export type TokenBody = Readonly<Record<string, unknown>>

/** A JSON answer. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })
}

const html = (status: number, headers: Record<string, string> = {}) =>
  new Response(`<!doctype html><title>${status}</title><h1>Something went wrong</h1>`, {
    status,
    headers: { 'content-type': 'text/html', ...headers },
  })

/** An answer that asks to wait until a time of the server's clock, and says what that clock shows: both in whole seconds. */
function htmlUntil(status: number, wait: number): Response {
  const now = Math.floor(Date.now() / 1_000) * 1_000
  const text = (time: number) => new Date(time).toUTCString()
  return html(status, { date: text(now), 'retry-after': text(now + wait) })
}

/** How servers in the wild turn a refresh down without ending the grant: status, headers and bodies as they were seen. */
export const wildRefusals = {
  'an empty 400': () => new Response(null, { status: 400 }),
  'a 400 invalid_request': () => json({ error: 'invalid_request' }, 400),
  'a 400 invalid_client': () => json({ error: 'invalid_client' }, 400),
  'a 401 without a body': () => new Response(null, { status: 401, headers: { 'www-authenticate': 'Basic' } }),
  'a 403 page': () => html(403),
  'a 403 JSON without error': () => json({ message: 'Forbidden' }, 403),
  'a 404 page': () => html(404),
  'a 400 page': () => html(400),
  'a 400 that quotes invalid_grant in a page': () =>
    new Response('<p>invalid_grant</p>', { status: 400, headers: { 'content-type': 'text/html' } }),
  'a 500 page': () => html(500),
  'a 502 page': () => html(502),
  'a 500 that says invalid_grant': () => json({ error: 'invalid_grant' }, 500),
  'a 200 page of a captive portal': () => html(200),
  'a 200 of broken JSON': () => new Response('{"access_token":"x', { headers: { 'content-type': 'application/json' } }),
  'a 204': () => new Response(null, { status: 204 }),
  'a 302 to a sign-in page': () => html(302, { location: '/sign-in' }),
  'a 307 to itself': () => html(307, { location: '/token' }),
  'a 408': () => html(408),
  'a 429 without Retry-After': () => json({ error: 'too_many_requests' }, 429),
  'a 429 with Retry-After in seconds': () => json({}, 429, { 'retry-after': '3' }),
  'a 503 with Retry-After as a date': () => htmlUntil(503, 4_000),
  'a 503 with a Retry-After of a year': () => html(503, { 'retry-after': '31536000' }),
  'a 503 with a Retry-After of nonsense': () => html(503, { 'retry-after': 'soon' }),
  'a demand for another DPoP nonce': () => {
    const nonce = Math.random().toString(36).slice(2)
    return json({ error: 'use_dpop_nonce' }, 400, { 'dpop-nonce': nonce })
  },
} satisfies Record<string, () => Response>

/** How servers in the wild say that a grant has ended. */
export const wildEnds = {
  'invalid_grant as it should be': () => json({ error: 'invalid_grant' }, 400),
  'invalid_grant with WWW-Authenticate': () =>
    json({ error: 'invalid_grant' }, 400, { 'www-authenticate': 'Bearer error="invalid_grant"' }),
  'invalid_grant as text/plain': () =>
    new Response('{"error":"invalid_grant"}', { status: 400, headers: { 'content-type': 'text/plain' } }),
  'invalid_grant with 401': () => json({ error: 'invalid_grant', error_description: 'Token is not active' }, 401),
  'invalid_grant with 403': () => json({ error: 'invalid_grant' }, 403),
  'invalid_grant with the suberror bad_token': () => json({ error: 'invalid_grant', suberror: 'bad_token' }, 400),
  'invalid_grant with a suberror that only ends like one of Entra’s': () =>
    json({ error: 'invalid_grant', suberror: 'user_password_expired_action' }, 400),
} satisfies Record<string, () => Response>

/** How servers in the wild answer a refresh that they granted. `usable`: whether the access token can be used. */
export const wildGrants = {
  'lower-case token_type': { usable: true, change: () => ({ token_type: 'bearer' }) },
  'upper-case token_type': { usable: true, change: () => ({ token_type: 'BEARER' }) },
  'expires_in as a string': { usable: true, change: () => ({ expires_in: '300' }) },
  'no expires_in': { usable: true, change: () => ({ expires_in: undefined }) },
  'expires_in null': { usable: true, change: () => ({ expires_in: null }) },
  'expires_in of ten thousand years': { usable: true, change: () => ({ expires_in: 315_576_000_000 }) },
  'expires_in 1e999': { usable: true, change: () => ({ expires_in: Number.MAX_VALUE }) },
  'expires_in 0': { usable: false, change: () => ({ expires_in: 0 }) },
  'expires_in negative': { usable: false, change: () => ({ expires_in: -60 }) },
  'expires_in of no number': { usable: false, change: () => ({ expires_in: 'soon' }) },
  'expires_in an object': { usable: false, change: () => ({ expires_in: {} }) },
  'scope a list': { usable: true, change: () => ({ scope: ['notes'] }) },
  'scope with line breaks': { usable: true, change: () => ({ scope: 'notes\nadmin' }) },
  'scope empty': { usable: true, change: () => ({ scope: '' }) },
  'id_token malformed': { usable: true, change: () => ({ id_token: 'not.a.token' }) },
  'id_token a number': { usable: true, change: () => ({ id_token: 7 }) },
  'token_type missing': { usable: true, change: () => ({ token_type: undefined }) },
  'token_type N_A': { usable: false, change: () => ({ token_type: 'N_A' }) },
  'token_type a number': { usable: false, change: () => ({ token_type: 1 }) },
  'access_token missing': { usable: false, change: () => ({ access_token: undefined }) },
  'access_token with a line break': { usable: false, change: () => ({ access_token: 'a\r\nx-evil: 1' }) },
} satisfies Record<string, { readonly usable: boolean; readonly change: (body: TokenBody) => TokenBody }>
