import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { startLoopbackServer } from '../../../examples/demo/loopback-server.ts'
import { bundle } from './bundle.ts'
import type { PageOptions } from './page/main.ts'

/** A request as a server saw it. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** The server of the test page. */
export interface Site {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  readonly port: number
  /** What pages are told when they load. */
  defaults: PageOptions
  /** Everything that was asked of it, and of {@link other}. */
  readonly requests: SeenRequest[]
  /** Another origin, with the same answers. */
  readonly other: string
  /** Serves the pages with the script in them and with a policy that sends whole URLs as `Referer`. */
  indiscreet: boolean
  /** Milliseconds before `/slow` answers. */
  latency: number
  stop(): Promise<void>
}

/**
 * Serves the test page, bundled from the sources: `/`, `/callback`, `/csp` (under a strict policy), `/elsewhere`, `/no-workers` (where none
 * may start), `/logged-out`; the worker that refreshes, `/worker.js`;
 * `/hop?to=…`, a page on the way to an authorization server that cuts itself off from the page that opened it, and `/open-hop`, which
 * does not; both post forged answers to whom they can reach;
 * `/around?url=…`, a page with a frame around `url`;
 * and for other things to look at `/echo`, `/slow`, `/redirect?status=…&to=…`.
 */
export async function startSite(): Promise<Site> {
  const [script, worker] = await Promise.all([
    bundle(new URL('./page/main.ts', import.meta.url), 'iife'),
    bundle(new URL('../../../src/browser/worker/index.ts', import.meta.url), 'esm'),
  ])
  const requests: SeenRequest[] = []

  const answer = async (req: IncomingMessage, res: ServerResponse) => {
    const url = new URL(req.url ?? '/', `http://${req.headers.host}`)
    const { method = '', headers } = req
    requests.push({ method, url: url.href, headers, body: await text(req) })
    if (url.pathname === '/page.js') return send(res, 200, script, { 'content-type': 'text/javascript' })
    if (url.pathname === '/worker.js') return send(res, 200, worker, { 'content-type': 'text/javascript' })
    if (['/', '/callback', '/csp', '/elsewhere', '/no-workers', '/logged-out'].includes(url.pathname)) {
      const html = { 'content-type': 'text/html', ...policy(url.pathname, site) }
      return send(res, 200, pageOf(site, script), html)
    }
    if (/^\/(open-)?hop$/.test(url.pathname)) {
      const opener = url.pathname === '/hop' ? 'same-origin' : 'unsafe-none'
      return send(res, 200, hop, { 'content-type': 'text/html', 'cross-origin-opener-policy': opener })
    }
    if (url.pathname === '/around')
      return send(res, 200, around(url.searchParams.get('url') ?? ''), { 'content-type': 'text/html' })
    const cors = {
      'access-control-allow-origin': headers.origin ?? '*',
      'access-control-allow-headers': 'authorization, dpop, x-own, content-type',
      'access-control-allow-methods': 'GET, POST',
    }
    if (url.pathname === '/redirect' && method !== 'OPTIONS') {
      const location = url.searchParams.get('to') ?? '/'
      return send(res, Number(url.searchParams.get('status')), '', { ...cors, location })
    }
    if (url.pathname === '/slow') await sleep(site.latency)
    return send(res, 200, 'here', cors)
  }
  const handle: RequestListener = (req, res) => void answer(req, res).catch(() => res.destroy())
  const [main, other] = await Promise.all([startLoopbackServer(handle), startLoopbackServer(handle)])
  const site: Site = {
    origin: main.origin,
    port: main.port,
    other: other.origin,
    requests,
    latency: 0,
    indiscreet: false,
    defaults: {} as PageOptions,
    stop: async () => void (await Promise.all([main.refuse(), other.refuse()])),
  }
  return site
}

const pageOf = ({ defaults, indiscreet }: Site, script: string) => `<!doctype html>
<meta charset="utf-8">
<title>test page</title>
<link rel="icon" href="data:,">
<script type="application/json" id="defaults">${JSON.stringify(defaults)}</script>
${indiscreet ? `<script>${script.replaceAll('</script', '<\\/script')}</script>` : '<script src="/page.js"></script>'}
`

const around = (url: string) => `<!doctype html>
<meta charset="utf-8">
<title>around</title>
<script>
  window.page = {}
  window.said = new Promise((resolve) => addEventListener('message', ({ data }) => data.outcome && resolve(data.outcome)))
</script>
<iframe src="${url.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"></iframe>
`

const hop = `<!doctype html>
<meta charset="utf-8">
<title>hop</title>
<script>
  const { searchParams } = new URL(location.href)
  window.hop = { opener: String(opener), go() { location.replace(searchParams.get('to') + '?' + location.search.replace(/.*?to=[^&]*&/, '')) } }
  const channel = new BroadcastChannel('tokenward:popup:' + searchParams.get('state'))
  for (const to of [opener, channel])
    to?.postMessage(searchParams.get('redirect_uri') + '?code=junk&state=' + searchParams.get('state'), '*')
</script>
`

function policy(path: string, { defaults, indiscreet }: Site): Record<string, string> {
  if (indiscreet) return { 'referrer-policy': 'unsafe-url' }
  if (path === '/no-workers') return { 'content-security-policy': "worker-src 'none'" }
  if (path !== '/csp' && path !== '/callback') return {}
  const { issuer, metadata, resources = [] } = defaults
  const places = resources.map((one) => (typeof one === 'string' ? one : one.url))
  const tokenEndpoint = metadata && 'issuer' in metadata ? metadata.token_endpoint : undefined
  const sources = [issuer, tokenEndpoint ?? '', ...places].join(' ')
  return {
    'content-security-policy': `default-src 'self'; connect-src 'self' ${sources}; img-src 'self' data:; require-trusted-types-for 'script'`,
    // What loads before the library has taken the code out of the address would tell it to others (RFC 9700 §4.2.4).
    'referrer-policy': 'no-referrer',
  }
}

function send(res: ServerResponse, status: number, body: string, headers: Record<string, string>) {
  res.writeHead(status, headers)
  res.end(body)
}
