import { Refusal } from './access-token-error.ts'
import { networkFailure } from './document-failure.ts'
import { UnusableAnswer } from './json-source.ts'

/** Whether a status means that the server itself has a problem, which would affect any request. */
const isTrouble = (status: number) => status === 408 || status === 429 || status >= 500

/** The statuses that mean that the API is not configured as the server expects. */
const CONFIGURATION = [401, 403, 404, 405]

/** Whether a request failed because of the token in it. If not, the server has a problem or cannot be reached. */
export function concernsToken(cause: unknown): cause is UnusableAnswer {
  return cause instanceof UnusableAnswer && !isTrouble(cause.status)
}

/**
 * The refusal if the introspection endpoint gave no usable answer. Its `detail` says what failed and which options to check, for the people
 * who run the API. It contains nothing of the answer's body, no URL and no secret.
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
