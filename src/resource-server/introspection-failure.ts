import { Refusal } from './access-token-error.ts'
import { networkFailure } from './document-failure.ts'
import { UnusableAnswer } from './json-source.ts'

/** Answers by which a server says that it is in trouble, whoever asks and about what. */
const isTrouble = (status: number) => status === 408 || status === 429 || status >= 500

/** Answers by which it says that it does not know this API, or not this place. */
const CONFIGURATION = [401, 403, 404, 405]

/** Whether a request failed for what was asked, and not because the server is in trouble or cannot be reached. */
export function concernsToken(cause: unknown): cause is UnusableAnswer {
  return cause instanceof UnusableAnswer && !isTrouble(cause.status)
}

/**
 * The refusal where the introspection endpoint gave no usable answer. Its detail says what kind of failure it was, and what to look at,
 * for those who run the API. Nothing of the answer's body, of a URL or of a secret is in it.
 */
export function introspectionFailure(cause: unknown, timeout: number): Refusal {
  if (cause instanceof Refusal) return cause
  if (cause instanceof UnusableAnswer) {
    const { status } = cause
    const isRefusal = status >= 400 && !isTrouble(status) && !CONFIGURATION.includes(status)
    return new Refusal(isRefusal ? 'inactive' : 'introspection_unavailable', answerFailure(cause))
  }
  return new Refusal('introspection_unavailable', networkFailure('the introspection endpoint', cause, timeout))
}

function answerFailure({ status, found }: UnusableAnswer): string {
  const answered = `the introspection endpoint answered ${status}`
  if (status === 401 || status === 403)
    return `${answered}: it refuses this API itself; introspection.clientId, introspection.clientSecret and introspection.formEncoded`
  if (status === 404 || status === 405) return `${answered}: it is not there; introspection.endpoint`
  if (status >= 300 && status < 400) return `${answered}: redirects are not followed; introspection.endpoint`
  if (status === 400)
    return `${answered}: it takes no such token or refuses this API; introspection.clientId and introspection.clientSecret`
  return status === 200 ? `${answered} with ${found} in place of a JSON object; introspection.endpoint` : answered
}
