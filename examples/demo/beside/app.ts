import { createTokenManager as createPageManager } from 'tokenward/bff/page'
import { allowInsecureLoopback, createTokenManager } from 'tokenward/browser'
import type { Places } from './places.ts'
import { openSide } from './side.ts'

const places: Places = await (await fetch('/places')).json()

const inThePage = createTokenManager({
  issuer: places.issuer,
  clientId: places.clientId,
  redirectUri: `${location.origin}/callback`,
  scope: 'openid offline_access profile notes',
  resources: [places.api],
  [allowInsecureLoopback]: true,
})
const inTheBackend = createPageManager()

const element = (id: string) => document.getElementById(id) as HTMLElement
const sides = [
  openSide(element('in-the-page'), inThePage, places.api),
  openSide(element('in-the-backend'), inTheBackend, '/api/notes'),
]
element('thief').onclick = async () => {
  for (const side of sides) await side.rob()
}

await Promise.all([inThePage.ready(), inTheBackend.ready()])
if (location.pathname !== '/') history.replaceState(null, '', '/')
document.body.dataset.ready = 'true'
