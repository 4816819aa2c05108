import { useEffect, useState } from 'react'
import { Button, Text, View } from 'react-native'
import { useSession, useTokenManager } from 'tokenward/react'
import { isTransient } from 'tokenward/react-native'
import { API } from './tokens'

/** The answer of the API for the person who is signed in. */
export function Notes() {
  const tokens = useTokenManager()
  const state = useSession()
  const [shown, setShown] = useState('…')

  useEffect(() => {
    const controller = new AbortController()
    tokens
      .fetch(`${API}notes`, { signal: controller.signal, credentials: 'omit' })
      .then((response) => response.text())
      .then(setShown, (error: unknown) => setShown(isTransient(error) ? 'No connection for now' : String(error)))
    return () => controller.abort()
  }, [tokens])

  const subject = state.status === 'signedIn' ? state.session.subject : undefined
  return (
    <View>
      <Text>Signed in: {subject ?? 'somebody'}</Text>
      <Text>{shown}</Text>
      <Button title="Sign out" onPress={() => void tokens.signOut()} />
    </View>
  )
}
