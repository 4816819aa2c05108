import { TokenManagerError } from '../errors.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { BffSettings } from './bff-settings.ts'
import type { SessionAnswer } from './page-answers.ts'
import { NOBODY, sessionAnswer } from './session-answer.ts'
import { accountOf } from './session-cookie.ts'

/** The person for whom a server renders a page. There is no token in it. */
export interface BffVisitor {
  /**
   * Who is signed in, as the page is told. Asking keeps no session alive.
   * @throws TokenManagerError `ERR_STORE_FAILED` if the store says nothing
   */
  readonly session: () => Promise<SessionAnswer>
  /**
   * `fetch` with the person's access token: for the APIs' own URLs that option `resources` lists, by default those of option `api`. It counts as a
   * use of the session.
   * @throws TokenManagerError `ERR_SIGNED_OUT` if nobody is signed in, `ERR_TARGET_NOT_ALLOWED`, `ERR_STEP_UP_REQUIRED` … and what `fetch` throws
   */
  readonly fetch: TokenManager['fetch']
}

/** @param name the session's, as the cookie has it; `undefined` where there is none */
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
