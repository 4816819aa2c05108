import { createTokenManager, indexedDbStore } from 'tokenward/browser'
import { devtools, devtoolsPorts } from 'tokenward/devtools'
import { explainSignOut, journal } from 'tokenward/telemetry'

// For development: the panel can move this manager's clock forward, and cut its network.
const ports = devtoolsPorts()

const tokens = createTokenManager({
  issuer: 'https://as.example.com',
  clientId: 'spa',
  redirectUri: 'https://app.example.com/callback',
  scope: 'openid offline_access notes',
  resources: ['https://api.example.com/'],
  clock: ports.clock,
  fetch: ports.fetch,
})

// Also for production: the last 200 events of all tabs, kept over reloads.
const decisions = journal(tokens, { store: indexedDbStore(), clock: ports.clock })
document.body.append(devtools(tokens, { journal: decisions, ports }))

document.getElementById('sign-in')?.addEventListener('click', () => tokens.signIn())

const state = await tokens.ready()
if (state.status === 'signedOut') console.log(explainSignOut(await decisions.entries())?.summary ?? 'new here')
