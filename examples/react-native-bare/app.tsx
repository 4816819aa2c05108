import { Button, Image, Text, View } from 'react-native'
import { RequireSession, TokenManagerProvider, useAccessToken, useTokenManager } from 'tokenward/react'
import { API, tokens } from './tokens'

export function App() {
  return (
    <TokenManagerProvider manager={tokens}>
      <View style={{ flex: 1, paddingTop: 64, paddingHorizontal: 24 }}>
        <RequireSession
          loading={<Text>One moment …</Text>}
          signedOut={<Button title="Sign in" onPress={() => void tokens.signIn().catch(() => {})} />}
        >
          <Portrait />
        </RequireSession>
      </View>
    </TokenManagerProvider>
  )
}

/** A picture that only its owner may see: `Image` sends requests of its own, so it needs the token itself. */
function Portrait() {
  const manager = useTokenManager()
  const { accessToken, error } = useAccessToken()
  if (!accessToken) return <Text>{error?.message ?? '…'}</Text>

  const headers = { Authorization: `Bearer ${accessToken.value}` }
  return (
    <>
      <Image source={{ uri: `${API}me/portrait`, headers }} />
      <Button title="Sign out" onPress={() => void manager.signOut()} />
    </>
  )
}
