import { type MaybeRefOrGetter, type ShallowRef, shallowRef, toValue, watch, watchPostEffect } from 'vue'
import { type AccessTokenState, followAccessToken, NO_ACCESS_TOKEN } from '../manager/follow-access-token.ts'
import type { Target } from '../protocol/access-token.ts'
import { useTokenManager } from './token-manager-plugin.ts'

/**
 * The access token, for code that does not use `fetch`, such as a WebSocket, a map widget or a media player. It changes with each new token. For requests
 * use `manager.fetch`, which gets the token when the request is sent.
 * @param target which token, as a value, a ref or a getter. Default: the first entry of `resources`
 * @throws TokenManagerError `ERR_INVALID_OPTION` in an app without {@link tokenManagerPlugin}
 */
export function useAccessToken(target: MaybeRefOrGetter<Target> = {}): Readonly<ShallowRef<AccessTokenState>> {
  const manager = useTokenManager()
  const shown = shallowRef(NO_ACCESS_TOKEN)

  const named = () => {
    const { resource, audience, scope } = toValue(target)
    return [resource, audience, scope].join()
  }
  const clear = () => {
    shown.value = NO_ACCESS_TOKEN
  }
  // At once, because whoever uses the token must not see that of the target before.
  watch(named, clear, { flush: 'sync' })
  watchPostEffect((onCleanup) => {
    const stop = followAccessToken(manager, toValue(target), (next) => {
      shown.value = next
    })
    onCleanup(stop)
  })
  return shown
}
