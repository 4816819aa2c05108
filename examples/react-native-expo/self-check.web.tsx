import { Text } from 'react-native'

/** A browser has nothing that only a phone can show. */
export function SelfCheck() {
  return <Text>The self-check is for phones.</Text>
}
