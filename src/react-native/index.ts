export * from '../index.ts'
export {
  type AppStateLike,
  appLifecycle,
  type NetworkLike,
  type NetworkStateLike,
  type Subscription,
} from './app-lifecycle.ts'
export {
  type AuthSessionOptions,
  authSession,
  type BrowserResult,
  type ExpoWebBrowser,
  type InAppBrowser,
  type LinkingLike,
} from './auth-session.ts'
export { createTokenManager, type ReactNativeTokenManagerOptions } from './create-token-manager.ts'
export { type ExpoItemOptions, type ExpoSecureStore, expoItems } from './expo-items.ts'
export { type GatedTokenManager, type GateOptions, gated } from './gated.ts'
export { type Keychain, type KeychainItemsOptions, type KeychainPassword, keychainItems } from './keychain-items.ts'
export { type P256, p256Signing } from './p256-signing.ts'
export { allowAnyScheme } from './redirect-uri.ts'
export type { SecureItems } from './secure-items.ts'
export { type InstallMarker, type SecureStoreOptions, secureStore } from './secure-store.ts'
