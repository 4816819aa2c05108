export { memoryStore } from '../in-process/memory-store.ts'
export { type ManualClock, manualClock } from './manual-clock.ts'
export {
  jsonResponse,
  type ScriptedAnswer,
  type ScriptedAuthorizationServer,
  type SeenTokenRequest,
  scriptedAuthorizationServer,
  unsignedIdToken,
} from './scripted-authorization-server.ts'
export { type StoreContexts, type StoreContractOptions, storeContract } from './store-contract.ts'
export {
  createTestTokenManager,
  type TestCall,
  type TestState,
  type TestTokenManager,
  type TestTokenManagerOptions,
} from './test-token-manager.ts'
