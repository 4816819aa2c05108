import { type ReactNode, useSyncExternalStore } from 'react'
import { allowInsecureLoopback, createTokenManager } from 'tokenward/browser'
import { api, issuer, Notes, Welcome } from './pages.tsx'

const tokens = createTokenManager({
  issuer,
  clientId: 'spa',
  redirectUri: '/callback',
  scope: 'openid offline_access notes',
  resources: [`${api}/`],
  [allowInsecureLoopback]: true, // for servers on this machine
})

export function App(): ReactNode {
  const state = useSyncExternalStore(tokens.subscribe, () => tokens.state)
  if (state.status === 'loading') return null
  if (state.status === 'signedOut') return <Welcome onSignIn={() => void tokens.signIn()} />
  return <Notes person={state.session.subject} load={tokens.fetch} onSignOut={() => void tokens.signOut()} />
}
