import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { startLoopbackServer } from '../../examples/demo/loopback-server.ts'
import type { Command, PageSettings, Report } from './page/report.ts'

/** Serves the pages, and is what they talk to about themselves. */
export interface ChaosSite {
  readonly origin: string
  stop(): Promise<void>
}

/** @param hear is told every report once; what it returns is what the page is to do. */
export async function startChaosSite(
  settings: PageSettings,
  hear: (report: Report) => readonly Command[],
): Promise<ChaosSite> {
  const script = await bundle()
  const heard = new Map<string, number>()

  const answer = async (req: IncomingMessage, res: ServerResponse) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://x')
    const send = (type: string, body: string) => res.writeHead(200, { 'content-type': type }).end(body)
    if (pathname === '/report') {
      const report: Report = JSON.parse(await text(req))
      const again = report.serial <= (heard.get(report.context) ?? 0)
      heard.set(report.context, Math.max(report.serial, heard.get(report.context) ?? 0))
      return send('application/json', JSON.stringify(again ? [] : hear(report)))
    }
    if (pathname === '/page.js') return send('text/javascript', script)
    if (pathname === '/elsewhere') return send('text/html', elsewhere(Number(searchParams.get('ms'))))
    return send('text/html', page(settings))
  }
  const server = await startLoopbackServer((req, res) => void answer(req, res).catch(() => res.destroy()))
  return { origin: server.origin, stop: () => server.refuse() }
}

const page = (settings: PageSettings) => `<!doctype html>
<meta charset="utf-8">
<title>chaos</title>
<link rel="icon" href="data:,">
<script type="application/json" id="settings">${JSON.stringify(settings)}</script>
<script src="/page.js"></script>
`

const elsewhere = (ms: number) => `<!doctype html>
<title>elsewhere</title>
<link rel="icon" href="data:,">
<script>setTimeout(() => history.back(), ${ms})</script>
`

/** The page's script with the library from its sources. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./page/main.ts', import.meta.url))],
    tsconfig: fileURLToPath(new URL('../../tsconfig.json', import.meta.url)),
    bundle: true,
    format: 'iife',
    target: 'es2022',
    platform: 'browser',
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}
