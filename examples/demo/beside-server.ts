import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Found, Places, Tried } from './beside/places.ts'
import { bundled } from './bundled.ts'

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Characters of a thief's report that are read at most. */
const LIMIT = 20_000

/** Answers for the page with the two sides, and for the thief's own server. */
export async function createBesidePage(places: Places) {
  const [html, style, own, icon, script] = await Promise.all([
    readFile(file('beside/index.html')),
    readFile(file('page/style.css')),
    readFile(file('beside/beside.css')),
    readFile(file('page/icon.svg')),
    bundled(file('beside/app.ts')),
  ])
  const files: Readonly<Record<string, readonly [string, Uint8Array | string]>> = {
    '/': ['text/html; charset=utf-8', html],
    '/callback': ['text/html; charset=utf-8', html],
    '/app.js': ['text/javascript; charset=utf-8', script],
    '/style.css': ['text/css; charset=utf-8', style],
    '/beside.css': ['text/css; charset=utf-8', own],
    '/icon.svg': ['image/svg+xml', icon],
    '/places': ['application/json', JSON.stringify(places)],
  }
  const { origin } = new URL(places.api)
  const headers = {
    'content-security-policy': `default-src 'self'; connect-src 'self' ${places.issuer} ${origin}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'`,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    if (path === '/thief' && request.method === 'POST') {
      const tried = await useElsewhere(await reportOf(request), places)
      response.writeHead(200, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(tried))
      return
    }
    const found = files[path]
    if (found) response.writeHead(200, { ...headers, 'content-type': found[0] }).end(found[1])
    else response.writeHead(404, headers).end('Not here.')
  }
  return (request: IncomingMessage, response: ServerResponse) =>
    void answer(request, response).catch(() =>
      response.headersSent ? response.destroy() : response.writeHead(500).end(),
    )
}

async function reportOf(request: IncomingMessage): Promise<Found> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > LIMIT) throw new Error('Too long')
  }
  return JSON.parse(text) as Found
}

/** What a program somewhere else gets for what was found in the page. */
async function useElsewhere({ accessToken, refreshToken }: Found, { issuer, clientId, api }: Places): Promise<Tried> {
  const called = accessToken && (await fetch(api, { headers: { authorization: `Bearer ${accessToken}` } }))
  const body = new URLSearchParams({
    client_id: clientId,
    grant_type: 'refresh_token',
    refresh_token: refreshToken ?? '',
  })
  const refreshed = refreshToken && (await fetch(`${issuer}/token`, { method: 'POST', body }))
  return {
    ...(called && { accessToken: called.status }),
    ...(refreshed && { refreshToken: refreshed.status }),
  }
}
