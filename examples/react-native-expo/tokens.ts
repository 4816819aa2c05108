import AsyncStorage from '@react-native-async-storage/async-storage'
import { getRandomBytes } from 'expo-crypto'
import * as SecureStore from 'expo-secure-store'
import * as WebBrowser from 'expo-web-browser'
import { AppState, Linking } from 'react-native'
import { appLifecycle, authSession, createTokenManager, expoItems, secureStore } from 'tokenward/react-native'

export const ISSUER = process.env.EXPO_PUBLIC_ISSUER ?? 'https://as.example.com'
export const API = process.env.EXPO_PUBLIC_API ?? 'https://api.example.com/'

/** The items of the session and of the self-check. */
export const store = secureStore(expoItems(SecureStore), { marker: AsyncStorage })

export const tokens = createTokenManager({
  issuer: ISSUER,
  clientId: process.env.EXPO_PUBLIC_CLIENT_ID ?? 'notes',
  redirectUri: 'com.example.notes:/callback',
  scope: 'openid offline_access notes',
  resources: [API],
  store,
  userAgent: authSession(WebBrowser, Linking),
  lifecycle: appLifecycle(AppState),
  randomBytes: getRandomBytes,
})
