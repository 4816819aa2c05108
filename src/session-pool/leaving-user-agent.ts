import type { UserAgent } from '../ports.ts'

/** `userAgent`, which calls `left` once it has been asked to take the person away. */
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
