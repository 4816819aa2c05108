import { allowInsecureLoopback, createTokenManager, dpop } from 'tokenward/browser'
import { deepText } from './page/storage-dump.ts'

/** What a page found, for the test. */
export interface Report {
  readonly type: string
  readonly statuses: readonly number[]
  readonly status: string
  /** Whatever of the events speaks of trouble. */
  readonly trouble: readonly string[]
  /** Everything that the origin stores, as text. */
  readonly dump: string
  readonly error?: string
}

/** Where everything is, by way of the page's URL. */
interface Places {
  readonly issuer: string
  readonly clientId: string
  readonly api: string
}

const query = new URLSearchParams(location.search)
const given = query.get('places')
if (given) localStorage.setItem('places', given)
const { issuer, clientId, api } = JSON.parse(localStorage.getItem('places') ?? '{}') as Places
const trouble: string[] = []
const tokens = createTokenManager({
  issuer,
  clientId,
  redirectUri: `${location.origin}/callback`,
  scope: 'openid notes',
  resources: [`${api}/`],
  dpop: dpop({ required: true }),
  [allowInsecureLoopback]: true,
})
for (const type of ['degraded', 'dpop_not_bound', 'refresh_failed', 'token_rejected', 'store_failed'] as const)
  tokens.on(type, (event) => trouble.push(JSON.stringify(event)))

run().catch((error) => report({ error: String(error.stack) }))

async function run() {
  const { status } = await tokens.ready()
  if (status === 'signedOut') return void (await tokens.signIn())
  const { type } = await tokens.getAccessToken()
  const call = async () => (await tokens.fetch(`${api}/notes`)).status
  const statuses = [await call(), ...(await Promise.all([call(), call(), call()]))]
  if (query.has('refresh')) {
    await tokens.refresh()
    statuses.push(await call())
  }
  const dump = await deepText()
  if (query.has('sign-out')) await (await tokens.signOut()).revoked
  await report({ type, statuses, dump: query.has('sign-out') ? await deepText() : dump })
}

async function report(found: Partial<Report>) {
  const body = JSON.stringify({ ...found, trouble, status: tokens.state.status })
  await fetch('/report', { method: 'POST', body })
}
