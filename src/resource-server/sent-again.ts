/** What a connection that was cut is called by Node's `fetch`, and by Bun's. */
const CUT = /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/

/**
 * Sends a request that does no harm twice, once more if its connection was cut: most often a server had closed one that was kept open and idle,
 * and a process that was frozen meanwhile, as functions in a cloud are between two calls, did not notice.
 */
export async function sentAgainWhenCut(send: () => Promise<Response>): Promise<Response> {
  try {
    return await send()
  } catch (error) {
    if (wasCut(error)) return send()
    throw error
  }
}

function wasCut(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } }
  return CUT.test(`${cause?.code ?? code}`)
}
