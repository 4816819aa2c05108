export {
  isTransient,
  TokenManagerError,
  type TokenManagerErrorCode,
  type TokenManagerErrorReason,
} from '../../errors.ts'
export type { TokenManager } from '../../manager/token-manager.ts'
export type { SessionState, SessionView } from '../../session/state.ts'
export {
  createTokenManager,
  type PageOptions,
  type PageSignInOptions,
  type PageTokenManager,
} from './create-token-manager.ts'
