import { allowInsecureLoopback, createTokenManager } from 'tokenward/browser'

/** What a page found, for the test. */
export interface Report {
  readonly tab: string
  readonly status: string
  /** Of the API's answers. */
  readonly statuses?: readonly number[]
  readonly error?: string
}

/** Where everything is, and which tab this is, by way of the page's first URL. */
interface Places {
  readonly issuer: string
  readonly clientId: string
  readonly api: string
  readonly tab: string
}

const given = new URLSearchParams(location.search).get('places')
if (given) sessionStorage.setItem('places', given)
const { issuer, clientId, api, tab } = JSON.parse(sessionStorage.getItem('places') ?? '{}') as Places
const tokens = createTokenManager({
  issuer,
  clientId,
  redirectUri: `${location.origin}/callback`,
  scope: 'openid notes',
  resources: [`${api}/`],
  [allowInsecureLoopback]: true,
})

run().catch((error) => report({ error: String(error.stack) }))

async function run() {
  const { status } = await tokens.ready()
  if (status === 'signedOut') {
    await meet('signed-out')
    await tokens.signIn()
    return
  }
  await meet('signed-in')
  const statuses: number[] = []
  for (let round = 0; round < 3; round++) {
    await tokens.refresh()
    statuses.push((await tokens.fetch(`${api}/notes`)).status)
  }
  await meet('refreshed')
  await tokens.refresh()
  await report({ statuses })
}

/** Waits until the other tab is as far. */
async function meet(where: string) {
  await fetch(`/meet/${where}`, { method: 'POST' })
}

async function report(found: Partial<Report>) {
  const body = JSON.stringify({ ...found, tab, status: tokens.state.status })
  await fetch('/report', { method: 'POST', body })
}
