export * from '../index.ts'
export { createTokenManager, type NodeTokenManager, type NodeTokenManagerOptions } from './create-token-manager.ts'
