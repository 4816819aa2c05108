import AsyncStorage from '@react-native-async-storage/async-storage'
import { getRandomBytes } from 'expo-crypto'
import * as SecureStore from 'expo-secure-store'
import * as WebBrowser from 'expo-web-browser'
import { AppState, Linking } from 'react-native'
import { appLifecycle, authSession, createTokenManager, expoItems, secureStore } from 'tokenward/react-native'

export const tokens = createTokenManager({
  issuer: 'https://as.example.com',
  clientId: 'app',
  redirectUri: 'com.example.app:/callback', // or an https link that the app has claimed
  scope: 'openid offline_access notes',
  resources: ['https://api.example.com/'], // the only places a token is ever sent to
  store: secureStore(expoItems(SecureStore), { marker: AsyncStorage }),
  userAgent: authSession(WebBrowser, Linking),
  lifecycle: appLifecycle(AppState),
  randomBytes: getRandomBytes,
})

/** For a button. It opens the system's browser, and resolves when the person is back. */
export const signIn = () => tokens.signIn()

/** For a screen: the notes of the person. */
export async function notes(): Promise<unknown> {
  const answer = await tokens.fetch('https://api.example.com/notes')
  return answer.json()
}
