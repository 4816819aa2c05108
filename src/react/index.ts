export { RequireSession, type RequireSessionProps } from './require-session.ts'
export { TokenManagerProvider, type TokenManagerProviderProps, useTokenManager } from './token-manager-provider.ts'
export { type AccessTokenState, useAccessToken } from './use-access-token.ts'
export { useSession } from './use-session.ts'
