import type { TokenManagerError } from '../errors.ts'
import type { Clock } from '../ports.ts'
import type { ApiRoute } from './api-route.ts'
import type { BffSettings } from './bff-settings.ts'
import { lastingCall, until } from './lasting-call.ts'
import { answerFields, requestFields } from './proxied-fields.ts'
import { FIELD, Refused } from './refusal.ts'
import { isShort, type SentBody, sentBody, tooLarge } from './sent-body.ts'

/** Content codings that the platform's `fetch` decodes. */
const UNDONE = /^(identity|gzip|x-gzip|deflate|br)$/i

/** With `redirect: 'manual'`, Node's `fetch` would keep a copy of the whole body, to send it again after a redirect. */
const STREAMED = { duplex: 'half', redirect: 'error' } as const

/**
 * Sends a request of the page to its API with the access token of the session called `account`, and gives the page the API's answer. Bodies
 * are streamed in both directions, so that long ones need no more memory than short ones.
 * @throws Refused 400, 413, 502 and 504; TokenManagerError if there is no token
 */
export async function proxied(
  request: Request,
  route: ApiRoute,
  account: string,
  settings: BffSettings,
): Promise<Response> {
  const { sessions, forwarded, clock } = settings
  const { pathname, search } = new URL(request.url)
  const url = route.urlFor(pathname, search)
  const body = await sentBody(request, route.maxBodySize)

  const headers = requestFields(request, route)
  const via = forwarded(request)
  if (via !== undefined) headers.set('forwarded', via)

  const patience = limited(request.signal, route, clock)
  body.onPart(patience.again)
  const over = lastingCall(account, settings, patience.end)

  // Redirects are not followed: one could lead to a place that only this host can reach, inside of its network.
  const init: RequestInit = { method: request.method, headers, redirect: 'manual', signal: patience.signal }
  if (body.content !== null) init.body = body.content
  const sent = body.isStreamed ? { ...init, ...STREAMED } : init

  try {
    const answer = await sessions
      .get(account)
      .fetch(url, sent)
      .catch((error) => {
        throw failureOf(error, body, patience.signal, route)
      })
      .finally(patience.stop)
    return handedOn(answer, url, route, body, over)
  } catch (error) {
    over()
    throw error
  }
}

/**
 * Makes the page's answer from the API's.
 * @param over is called when the answer has ended
 */
function handedOn(
  answer: Response,
  url: string,
  route: ApiRoute,
  { isStreamed }: SentBody,
  over: () => void,
): Response {
  const { status } = answer
  const isStatus = status >= 200 && status <= 599
  if (!isStatus) throw unusable(answer, `with the status ${status}, which HTTP does not know`)

  const coding = answer.headers.get('content-encoding')
  if (coding !== null && !UNDONE.test(coding)) throw unusable(answer, 'with a content coding it was not asked for')

  const headers = answerFields(answer, route, url)
  if (coding !== null) {
    headers.delete('content-encoding')
    headers.delete('content-length')
  }

  const isRedirect = [301, 302, 303, 307, 308].includes(status)
  if (isRedirect && !headers.has('location')) throw unusable(answer, 'with a redirect to a place that is not listed')
  if (status === 401 && isStreamed) headers.set(FIELD, 'not_repeated')

  const isLasting = answer.body !== null && !isShort(answer.headers)
  if (isLasting) return new Response(until(answer.body, over), { status, headers })

  over()
  return new Response(answer.body, { status, headers })
}

function unusable(answer: Response, what: string): Refused {
  answer.body?.cancel().catch(() => {})
  return new Refused(502, 'api_answer_unusable', `The API answered ${what}`)
}

/** The error for a call that got no answer from the API. */
function failureOf(error: unknown, body: SentBody, signal: AbortSignal, { maxBodySize }: ApiRoute): unknown {
  if (body.tooLarge()) return tooLarge(maxBodySize)
  if (signal.aborted) return signal.reason

  if (!(error instanceof TypeError)) return error

  const code = codeOf(error.cause)
  const isLate = /^UND_ERR_\w+_TIMEOUT$/.test(code)
  return isLate
    ? new Refused(504, 'api_timeout', `The API did not answer before fetch gave up (${code})`, {}, error)
    : new Refused(502, 'api_unreachable', 'The API could not be reached', {}, error)
}

/** The code by which Node says why `fetch` failed. Empty if there is none. */
function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? `${cause.code}` : ''
}

/** A signal for the call to the API. It aborts when the page gives up, and when the API does not begin to answer in time. */
function limited(page: AbortSignal, { timeout }: ApiRoute, clock: Clock) {
  const controller = new AbortController()
  const gone = () => controller.abort(new Refused(499, 'api_unreachable', 'The page gave up'))
  if (page.aborted) gone()
  page.addEventListener('abort', gone, { once: true })

  const late = () => controller.abort(new Refused(504, 'api_timeout', `The API did not answer within ${timeout} ms`))
  const wait = () => clock.at(clock.elapsed() + timeout, late)
  let isOver = false
  let cancel = wait()

  return {
    signal: controller.signal,
    /** Ends the call with `error`, at any time. */
    end: (error: TokenManagerError) => controller.abort(error),
    /** Ends the wait, because the API has begun to answer. */
    stop() {
      isOver = true
      cancel()
    },
    /** Begins the wait again, because a part of the body was sent. */
    again() {
      // An API may answer before it has read the whole body.
      if (isOver) return

      cancel()
      cancel = wait()
    },
  }
}
