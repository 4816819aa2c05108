import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { startLoopbackServer } from '../../../examples/demo/loopback-server.ts'
import { bundle } from '../../support/browser/bundle.ts'
import type { Answer, PageSettings, Question } from './page/question.ts'

/** Serves the pages and their worker, and talks to the pages: a driver whose session is gone does not. */
export interface WorkerSite {
  readonly origin: string
  /** Asks the page in `tab` as soon as it listens; never resolves if it goes away before it has answered. */
  ask(tab: string, question: Question): Promise<Answer>
  stop(): Promise<void>
}

/** Starts it. */
export async function startWorkerSite(settings: PageSettings): Promise<WorkerSite> {
  const [script, worker] = await Promise.all([
    bundle(new URL('./page/main.ts', import.meta.url), 'esm'),
    bundle(new URL('../../../src/browser/worker/index.ts', import.meta.url), 'esm'),
  ])
  /** Pages that listen, by tab. */
  const listening = new Map<string, ServerResponse>()
  const unasked = new Map<string, [number, Question][]>()
  const open = new Map<number, (answer: Answer) => void>()
  let serial = 0

  const hand = (tab: string) => {
    const page = listening.get(tab)
    const questions = unasked.get(tab) ?? []
    if (!page || questions.length === 0) return
    listening.delete(tab)
    unasked.delete(tab)
    page.end(JSON.stringify(questions))
  }
  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://x')
    const tab = searchParams.get('tab') ?? ''
    const send = (type: string, body: string) => res.writeHead(200, { 'content-type': type }).end(body)
    if (pathname === '/page.js') return send('text/javascript', script)
    if (pathname === '/worker.js') return send('text/javascript', worker)
    if (pathname === '/elsewhere') return send('text/html', '<!doctype html><title>elsewhere</title>')
    if (pathname === '/said') {
      const [id, answer]: [number, Answer] = JSON.parse(await text(req))
      open.get(id)?.(answer)
      open.delete(id)
      return send('application/json', '[]')
    }
    if (pathname !== '/next') return send('text/html', page(settings))
    res.once('close', () => void (listening.get(tab) === res && listening.delete(tab)))
    listening.set(tab, res)
    hand(tab)
  }
  const server = await startLoopbackServer((req, res) => void handle(req, res).catch(() => res.destroy()))
  return {
    origin: server.origin,
    ask: (tab, question) =>
      new Promise((resolve) => {
        open.set(++serial, resolve)
        unasked.set(tab, [...(unasked.get(tab) ?? []), [serial, question]])
        hand(tab)
      }),
    stop: () => server.refuse(),
  }
}

const page = (settings: PageSettings) => `<!doctype html>
<meta charset="utf-8">
<title>worker</title>
<link rel="icon" href="data:,">
<script type="application/json" id="settings">${JSON.stringify(settings)}</script>
<script type="module" src="/page.js"></script>
`
