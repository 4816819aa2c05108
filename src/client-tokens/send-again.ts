import type { TokenAnswer } from '../protocol/token-set.ts'

/**
 * Sends a request that does no harm twice, once more if its connection was cut: most often a server had closed one that was kept
 * open and idle.
 */
export async function sendAgainWhenCut(send: () => Promise<TokenAnswer>): Promise<TokenAnswer> {
  const answer = await send()
  const cut = answer.kind === 'transient' && answer.lost && answer.error.reason === 'network_unavailable'
  return cut ? send() : answer
}
