import { TokenManagerError } from '../errors.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { BffSettings } from './bff-settings.ts'
import type { SessionAnswer } from './page-answers.ts'
import { NOBODY, sessionAnswer } from './session-answer.ts'
import { accountOf } from './session-cookie.ts'

/** The person for whom a server renders a page. It shows no token. */
export interface BffVisitor {
  /**
   * Gives what the page would get to know of the session. It does not count as a use of the session.
   * @throws TokenManagerError `ERR_STORE_FAILED` if the store could not be read; `ERR_TEMPORARILY_UNAVAILABLE` while the denylist is out of date
   */
  readonly session: () => Promise<SessionAnswer>
  /**
   * `fetch` with the person's access token. It is for URLs of APIs, not for paths of this site: those in the option `resources`, which are by
   * default those of the option `api`. It counts as a use of the session.
   * @throws TokenManagerError `ERR_SIGNED_OUT` if nobody is signed in, `ERR_TARGET_NOT_ALLOWED`, `ERR_STEP_UP_REQUIRED` and others; and what
   *   `fetch` throws
   */
  readonly fetch: TokenManager['fetch']
}

/** @param name the value of the session's cookie. `undefined` if there is none */
export function visitorOf(name: string | undefined, settings: BffSettings): BffVisitor {
  const { sessions } = settings
  const account = name === undefined ? undefined : accountOf(name)

  return {
    async session() {
      return account === undefined ? NOBODY : sessionAnswer(await sessions.check(account), settings)
    },
    async fetch(input, init) {
      if (account !== undefined) return sessions.get(account).fetch(input, init)
      throw new TokenManagerError('ERR_SIGNED_OUT', 'none', 'Nobody is signed in')
    },
  }
}
