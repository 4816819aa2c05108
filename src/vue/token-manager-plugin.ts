import { hasInjectionContext, type InjectionKey, inject, type Plugin } from 'vue'
import { TokenManagerError } from '../errors.ts'
import type { TokenManager } from '../manager/token-manager.ts'

const key: InjectionKey<TokenManager> = Symbol('tokenward')

/**
 * Gives an app its token manager: `app.use(tokenManagerPlugin(tokens))`. It starts nothing; the first `useSession()` does.
 * @param manager the result of `createTokenManager()`, created once for the app
 */
export function tokenManagerPlugin(manager: TokenManager): Plugin {
  return (app) => {
    app.provide(key, manager)
  }
}

/**
 * The app's token manager, in `setup()` and wherever `inject()` works.
 * @throws TokenManagerError `ERR_INVALID_OPTION` in an app without {@link tokenManagerPlugin}, and where `inject()` does not work
 */
export function useTokenManager(): TokenManager {
  const manager = hasInjectionContext() ? inject(key, undefined) : undefined
  if (manager) return manager

  throw new TokenManagerError(
    'ERR_INVALID_OPTION',
    'invalid_option',
    'No token manager here: call app.use(tokenManagerPlugin(tokens)) first, and this in setup()',
  )
}
