import { hear } from './bare-host.ts'
import 'whatwg-fetch'
import { p256 } from '@noble/curves/nist.js'
import { appLifecycle, authSession, type SecureItems, secureStore } from 'tokenward/react-native'
import { androidBrowserSteps } from '../../platforms/react-native/realm/browser-story.ts'
import { openBrowser } from '../../platforms/react-native/realm/phone.ts'
import { realm } from '../../platforms/react-native/realm/realm.ts'
import { sessionSteps } from '../../platforms/react-native/realm/session-story.ts'
import { tellStory } from '../../platforms/react-native/realm/story.ts'

// The app of test/platforms/react-native without React Native around it. What needs React Native's own bodies is told there alone.
const {
  '401, then FormData with a file again': _file,
  '401, then a Blob again': _blob,
  '401, then a Request with a form again': _form,
  ...withoutNativeBodies
} = sessionSteps

const { phone } = realm()

const items: SecureItems = {
  keychain: phone,
  get: async (name) => phone.keychain.get(name) ?? null,
  set: async (name, text) => void phone.keychain.set(name, text),
  delete: async (name) => void phone.keychain.delete(name),
}

const linking = {
  getInitialURL: async () => phone.initialUrl,
  addEventListener(_: 'url', listener: (event: { url: string }) => void) {
    const stop = hear((type, given) => type === 'url' && listener(given as { url: string }))
    return { remove: stop }
  },
}

const appState = {
  currentState: 'active',
  addEventListener(_: 'change', listener: (state: string) => void) {
    const stop = hear((type, given) => {
      if (type !== 'appStateDidChange') return
      appState.currentState = (given as { app_state: string }).app_state
      listener(appState.currentState)
    })
    return { remove: stop }
  },
}

const browser = { openAuth: (url: string, _: string, options?: object) => openBrowser(phone, url, options) }

void tellStory(
  {
    p256,
    fileFetch: (input, init) => fetch(input, init),
    parts: () => ({
      store: secureStore(items),
      userAgent: authSession(browser, linking),
      lifecycle: appLifecycle(appState),
      randomBytes: (length) => Uint8Array.from({ length }, () => Math.floor(Math.random() * 256)),
    }),
  },
  { ...withoutNativeBodies, ...androidBrowserSteps },
)
