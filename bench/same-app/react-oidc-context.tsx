import { WebStorageStateStore } from 'oidc-client-ts'
import { type ReactNode, useEffect } from 'react'
import { AuthProvider, useAuth } from 'react-oidc-context'
import { issuer, Notes, Welcome } from './pages.tsx'

const settings = {
  authority: issuer,
  client_id: 'spa',
  redirect_uri: `${location.origin}/callback`,
  scope: 'openid offline_access notes',
  userStore: new WebStorageStateStore({ store: localStorage }), // the default is one session for each tab
  onSigninCallback: () => history.replaceState({}, '', '/callback'), // takes the code out of the address bar
}

function Guarded(): ReactNode {
  const { user, isLoading, signinRedirect, removeUser, revokeTokens } = useAuth()
  // Signed out in another tab.
  useEffect(() => {
    const hear = ({ key, newValue }: StorageEvent) => {
      if (key?.startsWith('oidc.user:') && newValue === null) void removeUser()
    }
    addEventListener('storage', hear)
    return () => removeEventListener('storage', hear)
  }, [removeUser])
  if (isLoading) return null
  if (!user) return <Welcome onSignIn={() => void signinRedirect()} />
  const load = (url: string) => fetch(url, { headers: { authorization: `Bearer ${user.access_token}` } })
  // It rejects offline, and at a server that answers a revocation with anything but JSON.
  const signOut = () => revokeTokens(['refresh_token']).catch(console.warn).then(removeUser)
  return <Notes person={user.profile.sub} load={load} onSignOut={() => void signOut()} />
}

export const App = (): ReactNode => (
  <AuthProvider {...settings}>
    <Guarded />
  </AuthProvider>
)
