import type { TokenAnswer } from '../protocol/token-set.ts'
import type { Unproven } from './token-cache.ts'

/**
 * Sends a request, and sends it once more if its connection was cut. It is for requests that may arrive twice. Usually the server had closed an
 * idle connection.
 */
export async function sendAgainWhenCut<Answer extends TokenAnswer | Unproven>(
  send: () => Promise<Answer>,
): Promise<Answer> {
  const answer = await send()
  const cut = answer.kind === 'transient' && answer.lost && answer.error.reason === 'network_unavailable'
  return cut ? send() : answer
}
