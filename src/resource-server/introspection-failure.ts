import { shown } from './found.ts'
import { UnusableAnswer } from './json-source.ts'

/**
 * What kind of failure it was when the introspection endpoint gave no usable answer, and what to look at; for those who run the API. Nothing
 * of the answer's body, of a URL or of a secret is in it.
 */
export function introspectionFailure(cause: unknown, timeout: number): string {
  if (cause instanceof UnusableAnswer) return answerFailure(cause)
  const { name, code, cause: inner } = (cause ?? {}) as { name?: unknown; code?: unknown; cause?: { code?: unknown } }
  if (name === 'TimeoutError') return `the introspection endpoint did not answer within ${timeout} ms`
  const reason = inner?.code ?? code
  return `the introspection endpoint could not be reached${typeof reason === 'string' ? ` (${shown(reason)})` : ''}`
}

function answerFailure({ status, type }: UnusableAnswer): string {
  const answered = `the introspection endpoint answered ${status}`
  if (status === 401 || status === 403)
    return `${answered}: it refuses this API itself; introspection.clientId and introspection.clientSecret`
  if (status === 404 || status === 405) return `${answered}: it is not there; introspection.endpoint`
  if (status >= 300 && status < 400) return `${answered}: redirects are not followed; introspection.endpoint`
  if (status === 400)
    return `${answered}: it takes no such token or refuses this API; introspection.clientId and introspection.clientSecret`
  return status === 200 ? `${answered} with ${shown(type)} in place of a JSON object; introspection.endpoint` : answered
}
