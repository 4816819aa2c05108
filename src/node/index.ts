export type { ClientTokenOptions } from '../client-tokens/context.ts'
export type { ClientCredentials, ClientCredentialsOptions } from '../client-tokens/create-client-credentials.ts'
export type { JwtBearer, JwtBearerOptions } from '../client-tokens/create-jwt-bearer.ts'
export type { ExchangeSubject, TokenExchange, TokenExchangeOptions } from '../client-tokens/create-token-exchange.ts'
export type {
  ClientTokenEvent,
  ClientTokenEventBase,
  ClientTokenEvents,
  ClientTokenEventType,
} from '../client-tokens/events.ts'
export type { ResourceClient } from '../client-tokens/resource-client.ts'
export * from '../index.ts'
export type { SessionCheck } from '../session-pool/check-session.ts'
export type { SessionDenylist } from '../session-pool/end-denied.ts'
export type { PoolEvent, SessionPool, SessionPoolOptions } from '../session-pool/session-pool.ts'
export {
  type ClientSecret,
  type ClientSecretBasicOptions,
  clientSecretBasic,
  clientSecretPost,
  mutualTls,
} from './client-authentication.ts'
export { createClientCredentials, createJwtBearer, createTokenExchange } from './client-tokens.ts'
export { createSessionPool, type NodeSessionPoolOptions } from './create-session-pool.ts'
export { createTokenManager, type NodeTokenManager, type NodeTokenManagerOptions } from './create-token-manager.ts'
export type { DevicePrompt, DeviceSignInOptions } from './device-sign-in.ts'
export { environmentKey } from './environment-key.ts'
export { type FileStoreKey, type FileStoreOptions, fileStore, type KeyFolder } from './file-store.ts'
export { type KeychainKeyOptions, type Keyring, keychainKey } from './keychain-key.ts'
export type { LandingOutcome } from './landing-page.ts'
export { type LoopbackOptions, loopback } from './loopback.ts'
export { type PrivateKeyJwtOptions, type PrivateKeySource, privateKeyJwt } from './private-key-jwt.ts'
export { type SettleOptions, settle } from './settle.ts'
