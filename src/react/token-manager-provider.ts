import { type Context, createContext, createElement, type ReactElement, type ReactNode, useContext } from 'react'
import { TokenManagerError } from '../errors.ts'
import type { TokenManager } from '../manager/token-manager.ts'

const context: Context<TokenManager | undefined> = createContext<TokenManager | undefined>(undefined)

/** The properties of {@link TokenManagerProvider}. */
export interface TokenManagerProviderProps {
  /** The result of `createTokenManager()`. Create it once for the app, outside of all components. */
  readonly manager: TokenManager
  /** The app. */
  readonly children?: ReactNode
}

/** Gives the components inside it their token manager. It starts nothing; the first `useSession()` does. */
export function TokenManagerProvider({ manager, children }: TokenManagerProviderProps): ReactElement {
  return createElement(context.Provider, { value: manager }, children)
}

/**
 * The token manager of the nearest {@link TokenManagerProvider}: the same object at every render.
 * @throws TokenManagerError `ERR_INVALID_OPTION` outside of a provider
 */
export function useTokenManager(): TokenManager {
  const manager = useContext(context)
  if (manager) return manager

  throw new TokenManagerError(
    'ERR_INVALID_OPTION',
    'invalid_option',
    'There is no <TokenManagerProvider manager={…}> around this component',
  )
}
