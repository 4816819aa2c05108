import type { UserAgent } from '../../src/ports.ts'

/** A {@link UserAgent} whose person does as told. */
export interface ScriptedUserAgent extends UserAgent {
  /** Where the person comes back to from `url`; may reject. */
  answer: (url: string) => string | Promise<string>
  /** What the address bar shows. */
  landing: string | undefined
  /** Whether the person left the page, and nothing has come back. */
  away: boolean
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
    away: false,
    async authorize(url) {
      visited.push(url)
      const back = await agent.answer(url)
      if (how === 'popup') return back
      agent.landing = back
      agent.away = true
      return new Promise(() => {})
    },
    callbackUrl(redirectUri, statePrefix) {
      const { landing } = agent
      if (!landing?.startsWith(redirectUri)) return undefined
      const params = new URL(landing).searchParams
      const isWithoutState = !params.get('state') && (params.has('error') || params.has('code'))
      const isOurs = isWithoutState ? agent.awaits?.(statePrefix) : params.get('state')?.startsWith(statePrefix)
      if (!isOurs) return undefined
      agent.landing = redirectUri
      agent.away = false
      return landing
    },
    awaits: () => agent.away,
  }
  return agent
}
