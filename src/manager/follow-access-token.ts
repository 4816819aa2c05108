import type { TokenManagerError } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { AccessToken, Target } from '../protocol/access-token.ts'
import type { TokenManager } from './token-manager.ts'

/** The access token, or the reason why there is none. */
export interface AccessTokenState {
  /** The token. Its text is `accessToken.value`. Absent until there is a token, and while nobody is signed in. */
  readonly accessToken?: AccessToken | undefined
  /** Why there is no token. If `isTransient(error)` is true, there may be one later without the person doing anything. */
  readonly error?: TokenManagerError | undefined
}

/** No token and no error. */
export const NO_ACCESS_TOKEN: AccessTokenState = {}

/**
 * Calls `show` with the access token: first with none, then with the session's token, then with each new one. After another person has signed in,
 * `show` never gets a token of the person before. Returns a function that ends this.
 */
export function followAccessToken(
  manager: TokenManager,
  target: Target,
  show: (state: AccessTokenState) => void,
): () => void {
  // `null` at the start: it differs from every state, so that the first state is shown too.
  let signedInAt: EpochMs | undefined | null = null
  let latest = 0

  const look = () => {
    const own = ++latest
    const tell = (state: AccessTokenState) => {
      if (own === latest) show(state)
    }
    if (signedInAt === undefined) return

    manager.getAccessToken(target).then(
      (accessToken) => tell({ accessToken }),
      (error: TokenManagerError) => tell({ error }),
    )
  }

  const undo = [
    manager.subscribe((state) => {
      const next = state.status === 'signedIn' ? state.session.signedInAt : undefined
      if (next === signedInAt) return

      signedInAt = next
      show(NO_ACCESS_TOKEN)
      // This also discards the result of an earlier call, which is for the session before.
      look()
    }),
    // `refreshed`: by this context. `adopted`: by another one.
    manager.on('refreshed', look),
    manager.on('adopted', look),
  ]

  return () => {
    latest++
    for (const stop of undo) stop()
  }
}
