import { useState } from 'react'
import { Button, Text, View } from 'react-native'
import { RequireSession, TokenManagerProvider } from 'tokenward/react'
import { Notes } from './notes'
import { SelfCheck } from './self-check'
import { SignIn } from './sign-in'
import { tokens } from './tokens'

export function App() {
  const [isChecking, setChecking] = useState(false)
  return (
    <TokenManagerProvider manager={tokens}>
      <View style={{ flex: 1, paddingTop: 64, paddingHorizontal: 24 }}>
        <Button title={isChecking ? 'Notes' : 'Self-check'} onPress={() => setChecking(!isChecking)} />
        {isChecking ? (
          <SelfCheck />
        ) : (
          <RequireSession loading={<Text>One moment …</Text>} signedOut={({ reason }) => <SignIn reason={reason} />}>
            <Notes />
          </RequireSession>
        )}
      </View>
    </TokenManagerProvider>
  )
}
