import type { UserAgent } from '../../src/ports.ts'

/** A {@link UserAgent} whose person does as told. */
export interface ScriptedUserAgent extends UserAgent {
  /** Where the person comes back to from `url`; may reject. */
  answer: (url: string) => string | Promise<string>
  /** What the address bar shows. */
  landing: string | undefined
  /** Every authorization URL that was opened. */
  readonly visited: readonly string[]
  /** Every address the page was sent to. */
  readonly navigated: readonly string[]
}

/**
 * @param answer where the person comes back to
 * @param how `'popup'` resolves, `'redirect'` leaves the page: what comes back is in the address bar
 */
export function scriptedUserAgent(
  answer: (url: string) => string | Promise<string>,
  how: 'popup' | 'redirect' = 'popup',
): ScriptedUserAgent {
  const visited: string[] = []
  const navigated: string[] = []
  const agent: ScriptedUserAgent = {
    answer,
    visited,
    navigated,
    landing: undefined,
    async authorize(url) {
      visited.push(url)
      const back = await agent.answer(url)
      if (how === 'popup') return back
      agent.landing = back
      return new Promise(() => {})
    },
    callbackUrl(redirectUri, statePrefix) {
      const { landing } = agent
      if (!landing?.startsWith(redirectUri)) return undefined
      if (!new URL(landing).searchParams.get('state')?.startsWith(statePrefix)) return undefined
      agent.landing = redirectUri
      return landing
    },
  }
  return agent
}
