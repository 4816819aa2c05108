// What the realm takes of packages that `npm run test:platforms` installs beside it.

declare module 'react-native/Libraries/Core/InitializeCore' {}
declare module 'react-native/Libraries/Network/fetch' {
  export const fetch: import('tokenward/react-native').Fetch
}
declare module 'expo/src/winter' {}

declare module 'react-native' {
  export const AppState: import('tokenward/react-native').AppStateLike
  export const Linking: import('tokenward/react-native').LinkingLike
}

declare module 'react-native-keychain' {
  const keychain: import('tokenward/react-native').Keychain
  export = keychain
}

declare module 'react-native-inappbrowser-reborn' {
  export const InAppBrowser: import('tokenward/react-native').InAppBrowser
}

declare module 'expo-secure-store' {
  const secureStore: import('tokenward/react-native').ExpoSecureStore
  export = secureStore
}

declare module 'expo-web-browser' {
  const webBrowser: import('tokenward/react-native').ExpoWebBrowser
  export = webBrowser
}

declare module 'expo-crypto' {
  export function getRandomBytes(length: number): Uint8Array
}
