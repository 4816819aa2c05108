import 'expo/src/winter'
import { p256 } from '@noble/curves/nist.js'
import { getRandomBytes } from 'expo-crypto'
import * as SecureStore from 'expo-secure-store'
import * as WebBrowser from 'expo-web-browser'
import { AppState, Linking } from 'react-native'
import { fetch as reactNativeFetch } from 'react-native/Libraries/Network/fetch'
import { appLifecycle, authSession, expoItems, secureStore } from 'tokenward/react-native'
import { tellStory } from './story.ts'

void tellStory({
  p256,
  // expo/fetch refuses them.
  fileFetch: reactNativeFetch,
  parts: () => ({
    store: secureStore(expoItems(SecureStore)),
    userAgent: authSession(WebBrowser, Linking),
    lifecycle: appLifecycle(AppState),
    randomBytes: getRandomBytes,
  }),
})
