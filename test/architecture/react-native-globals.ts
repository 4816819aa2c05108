/**
 * The globals that `tokenward/react-native` reads: React Native has each of them as the standard says, since 0.86 at the latest, and
 * nothing has to be polyfilled. test/platforms/react-native asks Hermes' own compiler whether these are all, and a realm with
 * React Native's own JavaScript whether they are there. Its `URL` and `URLSearchParams` are not the standard's.
 */
export const reactNativeGlobals = {
  AbortController: 'React Native',
  Blob: 'React Native',
  Headers: 'React Native',
  Promise: 'Hermes',
  Request: 'React Native',
  Response: 'React Native',
  TextEncoder: 'Hermes',
  atob: 'Hermes',
  btoa: 'Hermes',
  clearTimeout: 'the native side',
  fetch: 'React Native',
  performance: 'React Native',
  setTimeout: 'the native side',
} as const

/** What other platforms have and React Native has not, in one version or the other. */
export const absentInReactNative: readonly string[] = [
  'BroadcastChannel',
  'CryptoKey',
  'DOMException',
  'ReadableStream',
  'TextDecoder',
  'crypto',
  'document',
  'localStorage',
  'location',
  'structuredClone',
]
