import { type EnvironmentProviders, InjectionToken, inject, makeEnvironmentProviders } from '@angular/core'
import type { TokenManager } from '../manager/token-manager.ts'

// Angular shows this text in its error if the application has no provider.
const TOKEN_MANAGER = new InjectionToken<TokenManager>('provideTokenManager(tokens)')

/**
 * Gives an application its token manager, among the `providers` of `bootstrapApplication()`. It starts nothing itself: the first
 * `injectSession()`, guard or request does.
 * @param manager the result of `createTokenManager()`, created once for the application
 */
export function provideTokenManager(manager: TokenManager): EnvironmentProviders {
  return makeEnvironmentProviders([{ provide: TOKEN_MANAGER, useValue: manager }])
}

/** The application's token manager, wherever `inject()` may be called. */
export function injectTokenManager(): TokenManager {
  return inject(TOKEN_MANAGER)
}
