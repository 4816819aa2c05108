// The native modules of phone-basic.ts, because they are not installed here. An app has them and their types.

declare module '@react-native-async-storage/async-storage' {
  const storage: import('tokenward/react-native').InstallMarker
  export default storage
}

declare module 'expo-crypto' {
  export function getRandomBytes(length: number): Uint8Array
}

declare module 'expo-secure-store' {
  const secureStore: import('tokenward/react-native').ExpoSecureStore
  export = secureStore
}

declare module 'expo-web-browser' {
  const browser: import('tokenward/react-native').ExpoWebBrowser
  export = browser
}

declare module 'react-native' {
  export const AppState: import('tokenward/react-native').AppStateLike
  export const Linking: import('tokenward/react-native').LinkingLike
}
