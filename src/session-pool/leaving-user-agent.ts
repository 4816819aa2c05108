import type { UserAgent } from '../ports.ts'

/** Makes a user agent that calls `left` when `userAgent` has begun to take the person to the server. */
export function leavingUserAgent(userAgent: UserAgent, left: () => void): UserAgent {
  return {
    stateMarker: userAgent.stateMarker,
    prepare: () => userAgent.prepare?.() ?? (() => {}),
    redirectUri: async (configured) => (await userAgent.redirectUri?.(configured)) ?? configured,
    authorize(...request) {
      const answer = userAgent.authorize(...request)
      left()
      return answer
    },
    callbackUrl: (...request) => userAgent.callbackUrl(...request),
  }
}
