import { allowInsecureLoopback, createTokenManager, refreshWorker, type TokenManagerError } from 'tokenward/browser'
import type { Answer, PageSettings, Question } from './question.ts'

const { metadata, api }: PageSettings = JSON.parse(document.getElementById('settings')?.textContent ?? '{}')
const query = new URLSearchParams(location.search)
// Only this page's own requests say who sent them: the worker has a `fetch` of its own.
const send = fetch
globalThis.fetch = (input, init) =>
  send(String(input) === metadata.token_endpoint ? `${input}?context=${query.get('tab')}` : input, init)
const manager = createTokenManager({
  issuer: metadata.issuer,
  clientId: 'worker',
  resources: [api],
  metadata,
  [allowInsecureLoopback]: true,
  ...(query.get('worker') && {
    refreshWorker: refreshWorker(() => new SharedWorker('/worker.js', { type: 'module' })),
  }),
})

let ballast: Uint8Array | undefined

async function answer(question: Question): Promise<Answer> {
  if (question.do === 'engine') return { engine: engine() }
  if (question.do === 'ballast') ballast = question.hold ? new Uint8Array(2 ** 26).fill(1) : undefined
  if (question.do === 'leave') location.href = '/elsewhere'
  if (question.do === 'adopt') await manager.adopt(question.tokens)
  if (question.do !== 'refresh') return { held: ballast?.length ?? 0 }
  const from = now()
  const got = await manager.refresh().then(
    () => 'a token',
    ({ reason }: TokenManagerError) => reason,
  )
  const { state } = manager
  return {
    from,
    to: now(),
    got,
    state: state.status === 'signedOut' ? `signedOut ${state.reason}` : state.status,
  }
}

/** An option that is looked at is one the engine knows. */
function engine() {
  const sharedWorker = typeof SharedWorker === 'function'
  const seen = { module: false, extendedLifetime: false }
  const options = {
    get type() {
      seen.module = true
      return 'module' as const
    },
    get extendedLifetime() {
      seen.extendedLifetime = true
      return false
    },
  }
  if (sharedWorker) new SharedWorker('data:text/javascript,', options)
  return { sharedWorker, ...seen }
}

const now = () => performance.timeOrigin + performance.now()

const ask = async (path: string, body = '') => {
  const response = await fetch(`/${path}?tab=${query.get('tab')}`, { method: 'POST', body })
  return response.json()
}

await manager.ready()
for (;;) {
  const questions: readonly [id: number, question: Question][] = await ask('next')
  for (const [id, question] of questions)
    void answer(question).then((said) => ask('said', JSON.stringify([id, said])).catch(() => {}))
}
