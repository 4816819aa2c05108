import 'react-native/Libraries/Core/InitializeCore'
import { p256 } from '@noble/curves/nist.js'
import { AppState, Linking } from 'react-native'
import { InAppBrowser } from 'react-native-inappbrowser-reborn'
import * as Keychain from 'react-native-keychain'
import { appLifecycle, authSession, keychainItems, secureStore } from 'tokenward/react-native'
import { tellStory } from './story.ts'

// React Native without Expo. A phone's randomness comes from a native module; here from the language.
void tellStory({
  p256,
  fileFetch: (input, init) => fetch(input, init),
  parts: () => ({
    store: secureStore(keychainItems(Keychain)),
    userAgent: authSession(InAppBrowser, Linking),
    lifecycle: appLifecycle(AppState),
    randomBytes: (length) => Uint8Array.from({ length }, () => Math.floor(Math.random() * 256)),
  }),
})
