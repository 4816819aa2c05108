import type { TokenManagerError } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { AccessToken, Target } from '../protocol/access-token.ts'
import type { TokenManager } from './token-manager.ts'

/** The access token as a page shows it, or why there is none. */
export interface AccessTokenState {
  /** The token; its text is `accessToken.value`. Absent until there is one, and when nobody is signed in. */
  readonly accessToken?: AccessToken | undefined
  /** Why there is none. `isTransient(error)`: there may be one later without a person doing anything. */
  readonly error?: TokenManagerError | undefined
}

/** No token, and nothing went wrong. */
export const NO_ACCESS_TOKEN: AccessTokenState = {}

/**
 * Tells `show` which access token there is: none at first, then the session's, and each one that takes its place. Never that of one
 * person after another has signed in. Returns a function that ends this.
 */
export function followAccessToken(
  manager: TokenManager,
  target: Target,
  show: (state: AccessTokenState) => void,
): () => void {
  // `null`: not known yet, so that what is known first is told.
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
      // An answer that is still on its way belongs to the session before.
      look()
    }),
    // Whoever refreshed, this context or another one.
    manager.on('refreshed', look),
    manager.on('adopted', look),
  ]
  return () => {
    latest++
    for (const stop of undo) stop()
  }
}
