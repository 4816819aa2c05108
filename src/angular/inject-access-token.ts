import type { Signal } from '@angular/core'
import { type AccessTokenState, followAccessToken, NO_ACCESS_TOKEN } from '../manager/follow-access-token.ts'
import type { Target } from '../protocol/access-token.ts'
import { followed } from './followed.ts'
import { injectTokenManager } from './provide-token-manager.ts'

/**
 * The access token, for code that does not use `HttpClient`, such as a WebSocket, a map widget or a media player. It changes with each new token.
 * Works wherever `inject()` may be called.
 * @param target which token. Default: the first entry of `resources`
 */
export function injectAccessToken(target: Target = {}): Signal<AccessTokenState> {
  const manager = injectTokenManager()
  return followed(NO_ACCESS_TOKEN, (tell) => followAccessToken(manager, target, tell))
}
