import { shown } from './found.ts'
import { Unavailable, UnusableAnswer } from './json-source.ts'

/**
 * Why a document of the issuer could not be loaded, for the people who run the API. It contains nothing of the document and no URL.
 * @param what the name of the document
 */
export function documentFailure(what: string, cause: unknown, timeout: number): string {
  if (cause instanceof Unavailable) return cause.message
  if (!(cause instanceof UnusableAnswer)) return networkFailure(what, cause, timeout)

  const { status, found } = cause
  const answered = `${what} answered ${status}`
  if (status >= 300 && status < 400) return `${answered}: redirects are not followed`
  if (status === 404) return `${answered}: it is not there`
  return status === 200 ? `${answered} with ${found} in place of a JSON object` : answered
}

/** Why a request got no answer. */
export function networkFailure(what: string, cause: unknown, timeout: number): string {
  const { name, code, cause: inner } = (cause ?? {}) as { name?: unknown; code?: unknown; cause?: { code?: unknown } }
  if (name === 'TimeoutError') return `${what} did not answer within ${timeout} ms`
  const reason = inner?.code ?? code
  return `${what} could not be reached${typeof reason === 'string' ? ` (${shown(reason)})` : ''}`
}
