import 'react-native-get-random-values'
import AsyncStorage from '@react-native-async-storage/async-storage'
import { AppState, Linking } from 'react-native'
import { InAppBrowser } from 'react-native-inappbrowser-reborn'
import * as Keychain from 'react-native-keychain'
import { appLifecycle, authSession, createTokenManager, keychainItems, secureStore } from 'tokenward/react-native'

// What react-native-get-random-values installs; React Native's types do not have it.
declare const crypto: { getRandomValues(array: Uint8Array): Uint8Array }

export const API = 'https://api.example.com/'

export const tokens = createTokenManager({
  issuer: 'https://as.example.com',
  clientId: 'notes',
  redirectUri: 'com.example.notes:/callback',
  scope: 'openid offline_access notes',
  resources: [API],
  store: secureStore(keychainItems(Keychain), { marker: AsyncStorage }),
  userAgent: authSession(InAppBrowser, Linking),
  lifecycle: appLifecycle(AppState),
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
})
