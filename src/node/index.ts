export * from '../index.ts'
export { type ClientSecret, clientSecretBasic, clientSecretPost, mutualTls } from '../protocol/client-authentication.ts'
export { createTokenManager, type NodeTokenManager, type NodeTokenManagerOptions } from './create-token-manager.ts'
export { type PrivateKeyJwtOptions, type PrivateKeySource, privateKeyJwt } from './private-key-jwt.ts'
