/** The codes of Node's and Bun's `fetch` for a connection that was cut. */
const CUT = /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/

/**
 * Sends a request, and sends it once more if its connection was cut. It is for requests that may arrive twice. Usually the server had closed an idle
 * connection. A process that was frozen meanwhile, like a cloud function between two calls, does not notice that.
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
