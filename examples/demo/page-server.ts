import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { bundled } from './bundled.ts'
import type { Knob, Setting } from './page/world.ts'

/** What the page's server needs to know of the other two. */
export interface PageOptions {
  /** What the page may connect to beside its own origin. */
  readonly connect: readonly string[]
  readonly setting: () => Setting
  readonly turn: (knob: Knob, by: number) => Promise<void>
  /** Takes the authorization server's word that a sign-in is over (back-channel logout). */
  readonly logOut: (request: Request) => Promise<Response>
}

const file = (name: string) => fileURLToPath(new URL(`./page/${name}`, import.meta.url))
const knobs: readonly Knob[] = ['down', 'up', 'offline', 'online', 'deny', 'revoke', 'logout', 'steal', 'expire']

/** Bundles the single-page app from its sources and answers for it. */
export async function createPage({ connect, setting, turn, logOut }: PageOptions) {
  const [html, style, icon, script] = await Promise.all([
    readFile(file('index.html')),
    readFile(file('style.css')),
    readFile(file('icon.svg')),
    bundled(file('app.ts')),
  ])
  const files: Record<string, readonly [string, Uint8Array | string]> = {
    '/': ['text/html; charset=utf-8', html],
    '/callback': ['text/html; charset=utf-8', html],
    '/app.js': ['text/javascript; charset=utf-8', script],
    '/style.css': ['text/css; charset=utf-8', style],
    '/icon.svg': ['image/svg+xml', icon],
  }
  const headers = {
    'content-security-policy': [
      "default-src 'self'",
      `connect-src 'self' ${connect.join(' ')}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "object-src 'none'",
    ].join('; '),
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  }

  const answer = async (req: IncomingMessage, res: ServerResponse) => {
    const path = (req.url ?? '/').split('?')[0] ?? '/'
    if (path === '/control') {
      if (req.method === 'POST') {
        const wanted = await readKnob(req)
        if (!wanted) return void res.writeHead(400, headers).end()
        await turn(wanted.knob, wanted.by)
      }
      return void res.writeHead(200, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(setting()))
    }
    if (path === '/backchannel-logout') {
      const body = Readable.toWeb(req) as ReadableStream<Uint8Array>
      const headers = { 'content-type': req.headers['content-type'] ?? '' }
      const init = { method: req.method, headers, body, duplex: 'half' } as RequestInit
      const { status } = await logOut(new Request(setting().issuer, init))
      return void res.writeHead(status).end()
    }
    const found = files[path]
    if (!found) return void res.writeHead(404, headers).end('Not here.')
    res.writeHead(200, { ...headers, 'content-type': found[0] }).end(found[1])
  }
  return (req: IncomingMessage, res: ServerResponse) =>
    void answer(req, res).catch(() => (res.headersSent ? res.destroy() : res.writeHead(500).end()))
}

/** Another site's page can send a form here, but neither JSON without asking first nor our own origin. */
async function readKnob(req: IncomingMessage): Promise<{ knob: Knob; by: number } | undefined> {
  const { host, origin } = req.headers
  if (req.headers['content-type'] !== 'application/json' || origin !== `http://${host}`) return undefined
  let text = ''
  for await (const chunk of req.setEncoding('utf8')) text += chunk
  if (text.length > 200) return undefined
  const { knob, by } = JSON.parse(text) as { knob: Knob; by: number }
  return knobs.includes(knob) && Number.isFinite(by) ? { knob, by: Math.max(by, 0) } : undefined
}
