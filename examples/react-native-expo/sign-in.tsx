import { useState } from 'react'
import { Button, Text, View } from 'react-native'
import { useTokenManager } from 'tokenward/react'
import { TokenManagerError } from 'tokenward/react-native'

/** Why nobody is signed in, and a button. */
export function SignIn({ reason }: { readonly reason: string }) {
  const tokens = useTokenManager()
  const [failure, setFailure] = useState('')

  const signIn = () => {
    setFailure('')
    tokens.signIn().catch((error: unknown) => {
      const isCancelled = error instanceof TokenManagerError && error.code === 'ERR_AUTHORIZATION_CANCELLED'
      if (!isCancelled) setFailure(String(error))
    })
  }

  return (
    <View>
      <Text>Nobody is signed in: {reason}</Text>
      <Button title="Sign in" onPress={signIn} />
      <Text>{failure}</Text>
    </View>
  )
}
