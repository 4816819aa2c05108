import { fromStore, type Readable, readable } from 'svelte/store'
import { type AccessTokenState, followAccessToken, NO_ACCESS_TOKEN } from '../manager/follow-access-token.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { Target } from '../protocol/access-token.ts'
import type { Current } from './session.ts'

/**
 * The access token, for code that does not use `fetch`, such as a WebSocket, a map widget or a media player. It changes with each new token. A store
 * (`$token`), and for runes `token.current`. For requests use `tokens.fetch`, which gets the token when the request is sent.
 * @param target which token. Default: the first entry of `resources`
 */
export function accessToken(
  manager: TokenManager,
  target: Target = {},
): Readable<AccessTokenState> & Current<AccessTokenState> {
  const { subscribe } = readable(NO_ACCESS_TOKEN, (set) => followAccessToken(manager, target, set))
  const box = fromStore({ subscribe })
  return {
    subscribe,
    get current() {
      return box.current
    },
  }
}
