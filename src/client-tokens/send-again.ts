import type { TokenAnswer } from '../protocol/token-set.ts'
import type { Unproven } from './token-cache.ts'

/**
 * Sends a request that does no harm twice, once more if its connection was cut: most often a server had closed one that was kept
 * open and idle.
 */
export async function sendAgainWhenCut<Answer extends TokenAnswer | Unproven>(
  send: () => Promise<Answer>,
): Promise<Answer> {
  const answer = await send()
  const cut = answer.kind === 'transient' && answer.lost && answer.error.reason === 'network_unavailable'
  return cut ? send() : answer
}
