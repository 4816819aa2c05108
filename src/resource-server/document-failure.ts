import { shown } from './found.ts'
import { Unavailable, UnusableAnswer } from './json-source.ts'

/**
 * Why a document of the issuer could not be had, for those who run the API. Nothing of its body or of a URL is in it.
 * @param what the document
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

/** Why a request had no answer at all. */
export function networkFailure(what: string, cause: unknown, timeout: number): string {
  const { name, code, cause: inner } = (cause ?? {}) as { name?: unknown; code?: unknown; cause?: { code?: unknown } }
  if (name === 'TimeoutError') return `${what} did not answer within ${timeout} ms`
  const reason = inner?.code ?? code
  return `${what} could not be reached${typeof reason === 'string' ? ` (${shown(reason)})` : ''}`
}
